"""Settings files from values: TOML that says who wrote it, and replaces the old file as a whole."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from kiosk.durable import write_durably

Value: TypeAlias = str | int | bool | Sequence[str]

_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def toml(values: Mapping[str, Value], comment: str) -> str:
    """A flat TOML document; ``comment`` (one or more lines) stands on top."""
    lines = [f"# {line}" for line in comment.splitlines()]
    lines += [f"{key} = {_literal(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def write(path: Path, values: Mapping[str, Value], comment: str) -> None:
    """Writes `toml` to ``path``, readable by its owner only. Raises OSError."""
    write_durably(path, toml(values, comment).encode(), mode=0o600)


def _literal(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return _quoted(value)
        case _:
            return "[" + ", ".join(_quoted(part) for part in value) + "]"


def _quoted(text: str) -> str:
    # TOML basic strings: control characters must be written as \\uXXXX, DEL included.
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    return f"\\u{ord(char):04X}" if ord(char) < 0x20 or ord(char) == 0x7F else char
