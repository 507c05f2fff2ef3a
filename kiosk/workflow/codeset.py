"""Sets of labels that stay small in a lane's state, which is written with every scan.

A packed set maps the letter and prefix that labels share to their serials, one after the other:
500 labels of one journal are 2.5 kB, where a list of them would be 7 and of events 40. The check
character follows from the rest.
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

from contract.codes import with_check

Codes: TypeAlias = dict[str, str]
_KEY: Final = 5
"""Letter and prefix."""
_SERIAL: Final = 5


def packed(codes: Iterable[str]) -> Codes:
    """These labels of items and boxes as a set."""
    serials: dict[str, list[str]] = {}
    for code in codes:
        serials.setdefault(code[:_KEY], []).append(code[_KEY : _KEY + _SERIAL])
    return {key: "".join(dict.fromkeys(some)) for key, some in serials.items()}


def unpacked(codes: Codes) -> tuple[str, ...]:
    """The labels of a set, in order."""
    return tuple(
        sorted(with_check(key + serial) for key, some in codes.items() for serial in _split(some))
    )


def holds(codes: Codes, code: str) -> bool:
    """Whether this label is in the set."""
    return code[_KEY : _KEY + _SERIAL] in _split(codes.get(code[:_KEY], ""))


def size(codes: Codes) -> int:
    """How many labels are in the set."""
    return sum(len(some) for some in codes.values()) // _SERIAL


def with_code(codes: Codes, code: str) -> Codes:
    """The set and this label."""
    if holds(codes, code):
        return codes
    key = code[:_KEY]
    return {**codes, key: codes.get(key, "") + code[_KEY : _KEY + _SERIAL]}


def without(codes: Codes, code: str) -> Codes:
    """The set less this label."""
    key, serial = code[:_KEY], code[_KEY : _KEY + _SERIAL]
    rest = "".join(some for some in _split(codes.get(key, "")) if some != serial)
    others = {name: some for name, some in codes.items() if name != key}
    return {**others, key: rest} if rest else others


def _split(serials: str) -> list[str]:
    return [serials[at : at + _SERIAL] for at in range(0, len(serials), _SERIAL)]
