"""Settings that are refused as a whole: every fault at once, each with its key and the nearest
valid name. Pure: a parsed TOML document in, a struct out.

Both sides read their settings this way (the habit is Mopidy's ``config/schemas.py``); values of
secret keys are never part of a message.
"""

import difflib
import tomllib
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar, get_type_hints

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
    """The settings of type ``kind`` (flat keys) that a TOML document holds.

    Raises:
        SettingsError: with every unknown, missing and bad key.
    """
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    hints = get_type_hints(kind, include_extras=True)
    problems: list[str] = []
    values: dict[str, Any] = {}
    for key, value in document.items():
        if key not in fields:
            problems.append(_unknown(key, list(fields)))
            continue
        try:
            values[key] = msgspec.convert(value, hints[key])
        except msgspec.ValidationError as error:
            shown = "" if key in secret else f" ({value!r})"
            problems.append(f"{key}: 值不对 / bad value{shown}: {error}")
    for name, field in fields.items():
        required = field.default is NODEFAULT and field.default_factory is NODEFAULT
        if required and name not in document:
            problems.append(f"{name}: 缺少 / missing")
    if problems:
        raise SettingsError(tuple(problems))
    return kind(**values)


def _unknown(key: str, names: list[str]) -> str:
    near = difflib.get_close_matches(key, names, n=1)
    hint = f"；是不是 {near[0]}? / did you mean {near[0]}?" if near else ""
    return f"{key}: 没有这个设置 / unknown key{hint}"
