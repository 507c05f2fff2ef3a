"""Settings files from values: TOML that says who wrote it, and replaces the old file as a whole."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from kiosk.durable import write_durably

Value: TypeAlias = str | int | bool | Sequence[str]


class RenderError(ValueError):
    """Settings that are there and cannot be kept; the text is for people, zh / en."""


_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def toml(values: Mapping[str, Value], comment: str) -> str:
    """A flat TOML document; ``comment`` (one or more lines) stands on top."""
    lines = [f"# {line}" for line in comment.splitlines()]
    lines += [f"{key} = {_literal(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def merge(
    path: Path,
    values: Mapping[str, Value],
    comment: str,
    *,
    keeps: Callable[[str, Value], bool] = lambda _key, _there: False,
) -> None:
    """Writes ``values`` to ``path``, readable by its owner only; other keys that somebody has
    put there keep their values, and so do those for whose present value ``keeps`` says so.

    Raises:
        OSError: it cannot be read or written.
        RenderError: what is there is not TOML, or holds more than flat keys; it stays as it is.
    """
    kept: dict[str, Value] = {}
    if path.exists():
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
            kept = msgspec.convert(document, dict[str, str | int | bool | list[str]])
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
            raise RenderError(
                f"{path}: 设置文件无法读取 / these settings cannot be read: {error}"
            ) from None
    theirs = {key: value for key, value in kept.items() if key in values and keeps(key, value)}
    content = toml({**kept, **values, **theirs}, comment).encode()
    if not path.exists() or path.read_bytes() != content:
        write_durably(path, content, mode=0o600)


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
    # TOML basic strings: control characters and DEL are a backslash, u and four hex digits.
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    return f"\\u{ord(char):04X}" if ord(char) < 0x20 or ord(char) == 0x7F else char
