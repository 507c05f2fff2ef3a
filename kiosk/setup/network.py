"""The machine's way to the network, at the edge: is there one, and join this Wi-Fi.

`NmcliNetwork` asks NetworkManager by its own command, as Raspberry Pi OS and Debian have it, and
polkit lets the kiosk's account do just that (``systemd/polkit``). Rules:

* A password goes to ``nmcli`` on its standard input, never on a command line, which every process
  of the machine could read. NetworkManager keeps it in its own file, this project nowhere.
* What ``nmcli`` says is never logged, since it repeats names; only which of the outcomes it was.
* A network that could not be joined is not kept: NetworkManager would go on trying a wrong
  password for ever.
"""

from __future__ import annotations

import enum
import logging
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from kiosk.setup.wifi import Wifi

log = logging.getLogger(__name__)

CONNECTION: Final = "yicang-wifi"
"""The one connection that is ours; a further code replaces it."""
SCAN_S: Final = 15
JOIN_S: Final = 60
EXTRA_S: Final = 10
"""How much longer than it was told a call may take until it is ended."""

_NO_MANAGER: Final = 8
_NOT_THERE: Final = 10
"""Exit statuses of nmcli(1): NetworkManager is not running; connection, device or access point
does not exist."""
_WRONG: Final = ("Secrets were required", "secrets", "802.1X supplicant", "supplicant")
_NO_RADIO: Final = ("No Wi-Fi device found", "Wi-Fi is disabled", "not available")
_FORBIDDEN: Final = ("not authorized", "Insufficient privileges", "Not authorized")


class Joined(enum.StrEnum):
    """How an attempt to join a network ended."""

    JOINED = "joined"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - an outcome
    NOT_FOUND = "not-found"
    """No network of this name is in reach."""
    NO_RADIO = "no-radio"
    """The machine has no Wi-Fi, or it is switched off: no country is set."""
    FORBIDDEN = "forbidden"
    """NetworkManager does not let this account: the polkit rule is missing."""
    FAILED = "failed"


class Network(Protocol):
    """What setting up asks of the machine. Calls block."""

    def online(self) -> bool:
        """Whether there is a way out, by cable or by radio."""

    def join(self, wifi: Wifi) -> Joined:
        """Joins this network instead of the one that was joined before."""


class FakeNetwork:
    """A network in a test's hand: ``there`` holds name and password of what is in reach."""

    def __init__(self, there: dict[str, str] | None = None, *, cable: bool = False) -> None:
        self.there: Final = there if there is not None else {}
        self.cable = cable
        self.radio = True
        self.joined: Wifi | None = None

    def online(self) -> bool:
        return self.cable or self.joined is not None

    def join(self, wifi: Wifi) -> Joined:
        self.joined = None
        if not self.radio:
            return Joined.NO_RADIO
        if wifi.ssid not in self.there:
            return Joined.NOT_FOUND
        if self.there[wifi.ssid] != wifi.password:
            return Joined.WRONG_PASSWORD
        self.joined = wifi
        return Joined.JOINED


class NmcliNetwork:
    """NetworkManager by ``nmcli``; ``command`` is what is called, ``routes`` is the kernel's
    ``/proc/net``."""

    def __init__(
        self, command: Sequence[str] = ("nmcli",), routes: Path = Path("/proc/net")
    ) -> None:
        self._command: Final = tuple(command)
        self._routes: Final = routes

    def online(self) -> bool:
        """Whether the kernel has a default route: true of any cable that works, whoever set it
        up."""
        return self._default_ipv4() or self._default_ipv6()

    def join(self, wifi: Wifi) -> Joined:
        self._call("radio", "wifi", "on")
        self._forget()
        self._call("--wait", str(SCAN_S), "device", "wifi", "list", "--rescan", "yes")
        words = ["device", "wifi", "connect", wifi.ssid, "name", CONNECTION]
        if wifi.hidden:
            words += ["hidden", "yes"]
        ask = ["--ask"] if wifi.password else []
        done = self._call(*ask, "--wait", str(JOIN_S), *words, say=wifi.password)
        outcome = _outcome(done)
        if outcome is not Joined.JOINED:
            self._forget()
        log.info("Wi-Fi: %s", outcome.value)
        return outcome

    def _forget(self) -> None:
        """Of a failed one NetworkManager may have kept a profile under our name."""
        self._call("connection", "delete", "id", CONNECTION)

    def _call(self, *words: str, say: str = "") -> subprocess.CompletedProcess[str] | None:
        """Calls it; None when there is no such command, or it does not end."""
        limit = JOIN_S + EXTRA_S
        try:
            return subprocess.run(
                [*self._command, *words],
                input=f"{say}\n" if say else "",
                capture_output=True,
                text=True,
                errors="replace",
                timeout=limit,
                check=False,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )
        except (OSError, subprocess.TimeoutExpired):
            return None

    def _default_ipv4(self) -> bool:
        """``/proc/net/route``: destination and mask zero, and up (RTF_UP is 1)."""
        rows = _rows(self._routes / "route")[1:]
        return any(
            row[1] == row[7] == "00000000" and int(row[3], 16) & 1 for row in rows if len(row) > 7
        )

    def _default_ipv6(self) -> bool:
        """``/proc/net/ipv6_route``: a prefix of length 0 by a device that is no loop, and up; a
        rejecting one (RTF_REJECT is 0x200) is none."""
        return any(
            row[0] == "0" * 32
            and row[1] == "00"
            and row[9] != "lo"
            and int(row[8], 16) & 0x201 == 1
            for row in _rows(self._routes / "ipv6_route")
            if len(row) > 9
        )


def _rows(path: Path) -> list[list[str]]:
    try:
        return [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    except OSError:
        return []


def _outcome(done: subprocess.CompletedProcess[str] | None) -> Joined:
    """Which outcome nmcli told. It has one exit status for every failed activation, so that a
    wrong password is known by its words, in English since the call asks for that."""
    if done is None or done.returncode == _NO_MANAGER:
        return Joined.NO_RADIO
    if done.returncode == 0:
        return Joined.JOINED
    said = done.stderr + done.stdout
    if any(words in said for words in _FORBIDDEN):
        return Joined.FORBIDDEN
    if any(words in said for words in _NO_RADIO):
        return Joined.NO_RADIO
    if done.returncode == _NOT_THERE:
        return Joined.NOT_FOUND
    if any(words in said for words in _WRONG):
        return Joined.WRONG_PASSWORD
    return Joined.FAILED
