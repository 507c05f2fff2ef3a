"""The kiosk's side of an update: tells the updater how the kiosk is, and answers what it asks.

What it asks is whether an event still gets from here into the journal and to the hub's word: the
kiosk writes one that counts nothing, and waits for its acknowledgement. See
`provisioning.updates`, and `kiosk.update_facts` for the files.
"""

import logging
import sys
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Final

from contract.events import Noticed
from drivers.ports import DeviceState
from kiosk.clock import LearntClock
from kiosk.journal import Journal
from kiosk.state import Draft, EventRef, LaneState, Phase
from kiosk.update_facts import read_ask, read_told, write_facts
from kiosk.update_hour import is_open
from kiosk.update_words import NOTICED, KioskFacts, Told

log = logging.getLogger(__name__)

LOOK_MS: Final = 1_000
"""How often it is looked whether the updater asks something."""
TELL_MS: Final = 20_000
"""How often the facts are written when nothing changed but the time."""


def running_release(prefix: Path) -> str:
    """The release whose environment is at ``prefix``; empty outside of a release."""
    folder = prefix.resolve().parent
    if folder.parent.name != "releases" or not (folder / "manifest.json").is_file():
        return ""
    return folder.name


class UpdateDesk:
    """Called by the loop's thread only. ``own`` is the kiosk's folder below ``/run``, None where
    no service manager made one: then there is no updater either, and nothing is done."""

    def __init__(
        self,
        journal: Journal,
        clock: LearntClock,
        kiosk: str,
        *,
        own: Path | None,
        hour: int,
        zone: tzinfo,
        prefix: Path = Path(sys.prefix),
    ) -> None:
        self._journal: Final = journal
        self._clock: Final = clock
        self._kiosk: Final = kiosk
        self._own: Final = own
        self._hour: Final = hour
        self._zone: Final = zone
        self.release: Final = running_release(prefix)
        """What runs here; empty: put there by hand."""
        self.told = Told()
        """How far the updater is, for the health report."""
        self._look_at = clock.mono()
        self._asked = ""
        self._event: EventRef | None = None
        self._lanes: tuple[LaneState, ...] = ()
        self._rest_since = clock.mono()
        self._written: KioskFacts | None = None
        self._written_at = 0

    def tick(
        self, devices: Iterable[DeviceState], lanes: Mapping[str, LaneState], refusing: str
    ) -> None:
        """Looks and tells, once a second. Raises `JournalError`: the journal takes no event, and
        the updater will see no answer."""
        now = self._clock.mono()
        if self._own is None or now < self._look_at:
            return
        self._look_at = now + LOOK_MS
        self._notice_rest(now, tuple(lanes.values()))
        updater = self._own.parent / "yicang-update"
        self.told = read_told(updater / "told.json")
        nonce = read_ask(updater / "ask.json")
        if nonce and nonce != self._asked:
            self._journal.append([Draft(Noticed(kind=NOTICED))])
            stream = self._journal.streams.current
            self._asked, self._event = nonce, EventRef(stream.epoch, stream.head)
        self._tell(now, self._facts(now, devices, refusing))

    def words(self) -> tuple[str, str, str, str]:
        """For `contract.messages.Health`: release, update, the release of that, its reason."""
        return self.release, self.told.update, self.told.release, self.told.reason

    def _notice_rest(self, now: int, lanes: tuple[LaneState, ...]) -> None:
        if lanes != self._lanes or any(lane.phase is not Phase.REST for lane in lanes):
            self._lanes, self._rest_since = lanes, now

    def _facts(self, now: int, devices: Iterable[DeviceState], refusing: str) -> KioskFacts:
        working: dict[str, int] = {}
        for device in devices:
            if device.ok:
                working[device.kind] = working.get(device.kind, 0) + 1
        wall = self._clock.trusted_wall()
        return KioskFacts(
            release=self.release,
            wall=wall,
            backlog=self._journal.streams.backlog(),
            resting_s=(now - self._rest_since) // 1000,
            refusing=refusing,
            devices=working,
            open_now=is_open(wall, self._zone, self._hour, self._kiosk),
            asked=self._asked,
            acked=self._acknowledged(),
        )

    def _acknowledged(self) -> bool:
        if self._event is None:
            return False
        stream = self._journal.streams.by_epoch.get(self._event.epoch)
        return stream is not None and not stream.disputed and stream.acked >= self._event.seq

    def _tell(self, now: int, facts: KioskFacts) -> None:
        assert self._own is not None
        before = self._written
        if before is not None and now < self._written_at + TELL_MS and facts.same_as(before):
            return
        try:
            write_facts(self._own, facts)
        except OSError as error:
            # Memory that is full: the updater hears nothing, and waits or goes back.
            log.warning("the updater cannot be told: %s", error)
            return
        self._written, self._written_at = facts, now
