"""What the updater and the kiosk tell each other, in two small files in memory (``/run``).

The updater writes ``ask.json`` (a nonce) and ``told.json`` (how far it is, for the kiosk's own
health report). The kiosk writes ``facts.json``. To a new nonce it writes an event into its journal,
of a kind that counts nothing, and ``acked`` says whether the hub has acknowledged it: the way of
every scan, from the disk to the hub and back, was gone once.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from kiosk.durable import write_durably
from kiosk.update_words import KioskFacts, Told

_MAX_BYTES: Final = 65_536


def write_facts(folder: Path, facts: KioskFacts) -> None:
    """Replaces ``facts.json``. Raises OSError."""
    write_durably(folder / "facts.json", facts.to_json(), mode=0o644)


def read_facts(path: Path) -> KioskFacts | None:
    """What the kiosk last told; None when it does not run, or tells nothing of sense."""
    found = _object(path)
    if not found:
        return None
    try:
        wall = found.get("wall")
        return KioskFacts(
            release=str(found.get("release", "")),
            wall=None if wall is None else int(wall),
            backlog=int(found.get("backlog", 0)),
            resting_s=int(found.get("resting_s", 0)),
            refusing=str(found.get("refusing", "")),
            devices={str(kind): int(n) for kind, n in dict(found.get("devices", {})).items()},
            open_now=found.get("open_now") is True,
            asked=str(found.get("asked", "")),
            acked=found.get("acked") is True,
        )
    except (ValueError, TypeError, OverflowError):
        return None


def read_told(path: Path) -> Told:
    """What the updater last told; empty when it told nothing."""
    found = _object(path)
    return Told(
        str(found.get("update", "")), str(found.get("release", "")), str(found.get("reason", ""))
    )


def read_ask(path: Path) -> str:
    """The nonce that the updater wants answered; empty when it asks nothing."""
    return str(_object(path).get("nonce", ""))[:64]


def _object(path: Path) -> Mapping[str, Any]:
    """The JSON object in a file of the other side. Whoever owns the folder may have put anything
    there: no link is followed, and nothing that never ends is waited for."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            found = json.loads(file.read(_MAX_BYTES) or b"")
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def write_told(folder: Path, told: Told) -> None:
    """Replaces ``told.json``. Raises OSError."""
    write_durably(folder / "told.json", json.dumps(asdict(told)).encode() + b"\n", mode=0o644)


def write_ask(folder: Path, nonce: str) -> None:
    """Replaces ``ask.json``; an empty ``nonce`` asks nothing. Raises OSError."""
    write_durably(folder / "ask.json", json.dumps({"nonce": nonce}).encode() + b"\n", mode=0o644)
