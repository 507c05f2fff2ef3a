"""Settings that are refused as a whole: every fault at once, each with its key and the nearest
valid name. Pure: a parsed TOML document in, a struct out.

Both sides read their settings this way (the habit is Mopidy's ``config/schemas.py``); values of
secret keys are never part of a message.
"""

import difflib
import tomllib
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, Struct

S = TypeVar("S", bound=Struct)


class SettingsError(ValueError):
    """Settings that cannot be used; ``problems`` has one line for each fault, zh / en."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def parse_toml(read: Callable[[], bytes], name: str) -> dict[str, Any]:
    """The TOML document that ``read`` gives; ``name`` is what messages call it.

    Raises:
        SettingsError: ``read`` raised OSError, or it is not TOML.
    """
    try:
        return tomllib.loads(read().decode())
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise SettingsError((f"{name}: 读不了 / cannot be read: {reason}",)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError((f"{name}: 不是有效的 TOML / not valid TOML: {error}",)) from None


def convert_settings(
    document: Mapping[str, Any], kind: type[S], *, secret: Collection[str] = ()
) -> S:
    """The settings of type ``kind`` that a TOML document holds. A field may be a table: a struct,
    or structs by name (``dict[str, Struct]``); its keys are then told as ``table.key``.

    Raises:
        SettingsError: with every unknown, missing and bad key.
    """
    problems: list[str] = []
    found = _table(document, kind, "", secret, problems)
    if problems or found is None:
        raise SettingsError(tuple(problems))
    return found


def _table(
    document: Mapping[str, Any],
    kind: type[S],
    path: str,
    secret: Collection[str],
    problems: list[str],
) -> S | None:
    """One table; None when one of ``problems`` is new."""
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    hints = get_type_hints(kind, include_extras=True)
    before = len(problems)
    values: dict[str, Any] = {}
    for key, value in document.items():
        if key in fields:
            values[key] = _value(value, hints[key], path + key, secret, problems)
        else:
            problems.append(unknown_key(path + key, key, fields))
    for name, field in fields.items():
        required = field.default is NODEFAULT and field.default_factory is NODEFAULT
        if required and name not in document:
            problems.append(f"{path}{name}: 缺少 / missing")
    return kind(**values) if len(problems) == before else None


def _value(value: Any, hint: Any, path: str, secret: Collection[str], problems: list[str]) -> Any:
    if isinstance(value, dict):
        if (kind := _struct_in(hint)) is not None:
            return _table(value, kind, f"{path}.", secret, problems)
        arguments = get_args(hint)
        if get_origin(hint) is dict and (kind := _struct_in(arguments[1])) is not None:
            tables = {name: part for name, part in value.items() if isinstance(part, dict)}
            if len(tables) == len(value):
                return {
                    name: _table(part, kind, f"{path}.{name}.", secret, problems)
                    for name, part in tables.items()
                }
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        shown = "" if path in secret else f" ({value!r})"
        problems.append(f"{path}: 值不对 / bad value{shown}: {error}")
        return None


def _struct_in(hint: Any) -> type[Struct] | None:
    """The struct that a hint names, ``| None`` or not."""
    for part in (hint, *get_args(hint)) if get_origin(hint) is not dict else ():
        if isinstance(part, type) and issubclass(part, Struct):
            return part
    return None


def unknown_key(path: str, key: str, names: Collection[str]) -> str:
    """The line for a key that is none of ``names``, with the nearest of them."""
    near = difflib.get_close_matches(key, list(names), n=1)
    hint = f"；是不是 {near[0]}? / did you mean {near[0]}?" if near else ""
    return f"{path}: 没有这个设置 / unknown key{hint}"
