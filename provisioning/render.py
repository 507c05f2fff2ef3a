"""Settings files from values: TOML that says who wrote it, and replaces the old file as a whole."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from kiosk.durable import write_durably

Value: TypeAlias = "str | int | bool | Sequence[str | int] | Mapping[str, Value]"


class RenderError(ValueError):
    """Settings that are there and cannot be kept; the text is for people, zh / en."""


_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def toml(values: Mapping[str, Value], comment: str) -> str:
    """A TOML document; ``comment`` (one or more lines) stands on top, tables at the end."""
    lines = [f"# {line}" for line in comment.splitlines()]
    return "\n".join([*lines, *_table(values, ())]) + "\n"


def _table(values: Mapping[str, Value], path: tuple[str, ...]) -> Iterator[str]:
    """The lines of one table, then those of the tables in it."""
    tables = {key: value for key, value in values.items() if isinstance(value, Mapping)}
    for key, value in values.items():
        if key not in tables:
            yield f"{_key(key)} = {_literal(value)}"
    for key, table in tables.items():
        yield ""
        yield f"[{'.'.join(map(_key, (*path, key)))}]"
        yield from _table(table, (*path, key))


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
        RenderError: what is there is not TOML, or holds what no setting of ours does (a date, a
            fraction, a list of tables); it stays as it is.
    """
    kept: dict[str, Value] = {}
    if path.exists():
        try:
            kept = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise _unreadable(path, str(error)) from None
        for key, value in kept.items():
            if not is_kept(value):
                raise _unreadable(path, key)
    theirs = {key: value for key, value in kept.items() if key in values and keeps(key, value)}
    content = toml({**kept, **values, **theirs}, comment).encode()
    if not path.exists() or path.read_bytes() != content:
        write_durably(path, content, mode=0o600)


def _unreadable(path: Path, reason: str) -> RenderError:
    return RenderError(f"{path}: 设置文件无法读取 / these settings cannot be read: {reason}")


def is_kept(value: object) -> bool:
    """Whether `toml` can write this back as it was."""
    match value:
        case dict():
            return all(map(is_kept, value.values()))
        case list():
            return all(isinstance(part, str | int) for part in value)
        case _:
            return isinstance(value, str | int)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _quoted(key)


def _literal(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return _quoted(value)
        case _:
            return "[" + ", ".join(_literal(part) for part in value) + "]"


def _quoted(text: str) -> str:
    # TOML basic strings: control characters and DEL are a backslash, u and four hex digits.
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    return f"\\u{ord(char):04X}" if ord(char) < 0x20 or ord(char) == 0x7F else char
