"""What Prometheus reads of a kiosk, as a text file for node_exporter's textfile collector.

A file and no listener: one more open port is one more thing to guard, and a library for it would
cost memory that a kiosk does not have. It lies in the unit's own directory under /run, in memory,
so that it wears no card and is gone when the program is; whoever reads it finds all of one moment,
since it is renamed into place.

The format is Prometheus' text format 0.0.4. Names end in base units; what is unknown is left out.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from contract.messages import DeviceHealth, Health

FILE: Final = "yicang.prom"
EVERY_MS: Final = 15_000
MB: Final = 2**20
REASONS: Final = ("under-voltage", "frequency-capped", "throttled", "hot")


def exposition(kiosk: str, health: Health, *, connected: bool) -> str:
    """The whole file."""
    return "".join(
        (
            _family(
                "info", "This kiosk.", [((("kiosk", kiosk), ("version", _version(health))), 1)]
            ),
            _single("connected", "Whether the hub's broker is connected.", int(connected)),
            _single("backlog_events", "Events without an acknowledgement.", health.backlog),
            _single("oldest_unsent_seconds", "Age of the oldest of them.", health.oldest_unsent_s),
            _single("journal_events", "Events in the journal.", health.events),
            _single("clock_trusted", "Whether the time is known.", int(health.clock)),
            _single("refusing", "Whether every scan is refused.", int(bool(health.refusing))),
            _single("uptime_seconds", "How long the program has run.", health.uptime_s),
            _single("disk_free_bytes", "Room for the journal.", health.disk_free_mb * MB or None),
            _single("temperature_celsius", "Temperature of the processor.", health.temperature_c),
            _single("prefixes_spare", "Spare code prefixes.", health.prefixes_left),
            _single("papers_waiting", "Papers that wait to be printed.", health.paper_jobs),
            _family(
                "throttled", "What the board holds against power and heat.", _throttled(health)
            ),
            _family("device_up", "Whether a peripheral works.", _up(health.devices)),
            _family("paper_left_meters", "Paper on a roll.", _paper(health.devices)),
        )
    )


_Values = Sequence[tuple[tuple[tuple[str, str], ...], float]]


def _version(health: Health) -> str:
    return health.release or health.software


def _throttled(health: Health) -> _Values:
    told = health.throttling
    if told is None:
        return ()
    return [((("reason", reason),), int(reason in told)) for reason in REASONS]


def _up(devices: Iterable[DeviceHealth]) -> _Values:
    return [((("kind", one.kind), ("device", one.name)), int(one.ok)) for one in devices]


def _paper(devices: Iterable[DeviceHealth]) -> _Values:
    return [
        ((("device", one.name),), one.paper_mm / 1000)
        for one in devices
        if one.paper_mm is not None
    ]


def _single(name: str, text: str, value: float | None) -> str:
    return "" if value is None else _family(name, text, [((), value)])


def _family(name: str, text: str, values: _Values) -> str:
    if not values:
        return ""
    full = f"yicang_kiosk_{name}"
    lines = [f"# HELP {full} {text}\n# TYPE {full} gauge\n"]
    for labels, value in dict(values).items():
        told = ",".join(f'{key}="{_escaped(word)}"' for key, word in labels)
        name_and_labels = f"{full}{{{told}}}" if told else full
        lines.append(f"{name_and_labels} {_number(value)}\n")
    return "".join(lines)


def _number(value: float) -> str:
    return repr(float(value)) if isinstance(value, float) else str(value)


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


class MetricsFile:
    """Keeps the file in ``directory`` up to date. What cannot be written is tried again: figures
    are never a reason to stop recording."""

    def __init__(
        self,
        directory: Path | None,
        kiosk: str,
        mono: Callable[[], int],
        measured: Callable[[], Health],
        connected: Callable[[], bool],
    ) -> None:
        """``directory`` is None where there is none in memory: then nothing is written. ``mono``
        gives monotonic milliseconds; ``measured`` may raise what the journal raises."""
        self._path: Final = None if directory is None else directory / FILE
        self._kiosk: Final = kiosk
        self._mono: Final = mono
        self._measured: Final = measured
        self._connected: Final = connected
        self._due = 0

    def tick(self) -> None:
        """Writes it anew when it is old."""
        now = self._mono()
        if self._path is None or now < self._due:
            return
        self._due = now + EVERY_MS
        text = exposition(self._kiosk, self._measured(), connected=self._connected())
        fresh = self._path.with_name(f".{FILE}.new")
        try:
            fresh.write_text(text, encoding="utf-8")
            fresh.chmod(0o644)  # node_exporter is another user; there is nothing secret in it
            fresh.replace(self._path)
        except OSError:
            return
