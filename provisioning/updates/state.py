"""How far an update is: the one file that outlives the process, the power and the release."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from kiosk.durable import write_durably
from provisioning.updates.progress import Phase, Result, State

FORMAT: Final = 1


class StateError(Exception):
    """The state file is there and cannot be read; the text says so in both languages."""


def load(path: Path) -> State:
    """The state in the file; a fresh one without a file.

    Raises:
        StateError: it is damaged, or of a later release.
        OSError: it cannot be read.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return State()
    try:
        found = json.loads(raw)
        if found.pop("format") != FORMAT:
            raise ValueError("format")
        known = {name: found[name] for name in State.__dataclass_fields__ if name in found}
        known["phase"] = Phase(known.get("phase", "idle"))
        known["result"] = Result(known.get("result", ""))
        known["refused"] = tuple(str(one) for one in known.get("refused", ()))
        known["baseline"] = {str(k): int(v) for k, v in known.get("baseline", {}).items()}
        return State(**known)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(f"{path}: 升级状态读不懂 / cannot be understood: {error}") from None


def save(path: Path, state: State) -> None:
    """On disk when this returns; anybody may read it. Raises OSError."""
    document = {"format": FORMAT, **asdict(state)}
    write_durably(path, json.dumps(document, sort_keys=True, indent=1).encode() + b"\n", mode=0o644)
