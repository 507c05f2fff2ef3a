"""The machine around a hub: systemd, the hub's page for whoever watches it, and the releases' own
commands (`provisioning.hub_copies`), each under the account that it is for."""

import http.client
import json
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from provisioning.updates.bundle import BundleError
from provisioning.updates.fitting import Step
from provisioning.updates.links import HUB_UNIT, KIOSK_UNIT
from provisioning.updates.names import CONFIRMED

ACCOUNT: Final = "yicang-hub"
DATA: Final = "/var/lib/yicang"
SOCKET_UNIT: Final = "yicang-hub.socket"
BACKUP_UNITS: Final = ("yicang-hub-backup.timer", "yicang-hub-backup.service")
PORT: Final = 443
_MAX_ANSWER: Final = 65_536
_LOOK_S: Final = 10
_COMMAND_S: Final = 2 * 3600
"""A large database takes its time."""


class SystemdHub:
    """See `provisioning.updates.hub.HubMachine`."""

    def __init__(self, port: int = PORT) -> None:
        self._port: Final = port

    def ailments(self) -> frozenset[str] | None:
        # On this machine, and nothing is told to it: which certificate it has is no matter.
        context = ssl._create_unverified_context()  # noqa: S323
        line = http.client.HTTPSConnection(
            "127.0.0.1", self._port, timeout=_LOOK_S, context=context
        )
        try:
            line.request("GET", "/healthz")
            answer = line.getresponse()
            raw = answer.read(_MAX_ANSWER)
            if answer.status == 200:
                return frozenset()
            return frozenset(str(word) for word in json.loads(raw)["reasons"])
        except (OSError, http.client.HTTPException):
            return None
        except (ValueError, KeyError, TypeError):
            return frozenset({"http"})
        finally:
            line.close()

    def is_starting(self) -> bool:
        return _show("ActiveState") == "activating"

    def failures(self) -> int:
        said = _show("NRestarts")
        return int(said) if said.isdecimal() else 0

    def stop(self) -> None:
        # The socket first: whoever waits at it would have systemd start the hub again.
        _run("systemctl", "stop", SOCKET_UNIT, *BACKUP_UNITS, HUB_UNIT)

    def start(self) -> None:
        _run("systemctl", "reset-failed", HUB_UNIT, check=False)
        _run("systemctl", "start", "--no-block", SOCKET_UNIT, HUB_UNIT, BACKUP_UNITS[0])
        _run("systemctl", "try-restart", "--no-block", KIOSK_UNIT, check=False)

    def rehearse(self, base: Path, old: Path, release: str) -> None:
        try:
            self._copies(old, "drop", f"before-{release}")  # of an earlier attempt
            self._copies(old, "drop", "rehearsal")
            self._copies(old, "keep", "rehearsal")
            self._copies(base, "rehearse", "rehearsal")
        except OSError as error:
            raise BundleError("rehearsal", str(error)) from error

    def keep(self, base: Path, release: str) -> None:
        self._copies(base, "keep", f"before-{release}")

    def put_back(self, base: Path, release: str) -> None:
        self._copies(base, "back", f"before-{release}", "--aside", f"tried-{release}")

    def forget(self, base: Path, release: str) -> None:
        self._copies(base, "forget", f"before-{release}")

    def provision(self, base: Path) -> None:
        _once((), str(base / ".venv/bin/yicang"), "provision", "hub", "--held")

    def fit(self, step: Step) -> None:
        words = ("update", "apply", "--step", step.before, step.after, step.follows)
        _once((), f"/opt/yicang/{CONFIRMED}/.venv/bin/yicang", *words)

    def _copies(self, base: Path, verb: str, name: str, *more: str) -> None:
        program = (str(base / ".venv/bin/yicang"), "provision", "hub-copy", verb, name, *more)
        own = (f"--uid={ACCOUNT}", f"--gid={ACCOUNT}", "--property=UMask=0077")
        _once(own, *program, "--data", DATA)


def _once(properties: Sequence[str], *words: str) -> None:
    """Has systemd run a command, in no session and with no right of ours, and waits for it."""
    _run("systemd-run", "--quiet", "--collect", "--wait", "--pipe", *properties, "--", *words)


def _show(name: str) -> str:
    return _run("systemctl", "show", f"--property={name}", "--value", HUB_UNIT)


def _run(*words: str, check: bool = True) -> str:
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_COMMAND_S,
        )
    except subprocess.SubprocessError as error:
        raise OSError(f"{' '.join(words)}: {error}") from error
    if check and done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise OSError(f"{' '.join(words)}: {said or done.returncode}")
    return done.stdout.strip()
