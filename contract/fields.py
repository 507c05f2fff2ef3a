"""The kinds of value that events and messages are made of, each with its limits."""

from typing import Annotated, Final, TypeAlias

from msgspec import Meta

MAX_SEQ: Final = 2**53 - 1

NO_LINE_BREAK_AFTER: Final = r"(?!\n)"


def whole(pattern: str) -> Meta:
    """A constraint that all of a text matches ``pattern``.

    A bare ``$`` also matches before a final line break, which would end a line in a log.
    """
    return Meta(pattern=f"^(?:{pattern})${NO_LINE_BREAK_AFTER}")


KioskId: TypeAlias = Annotated[str, whole(r"[a-z0-9][a-z0-9-]{2,31}")]
"""Also the MQTT user name and client id; given at enrolment, never taken from a scan."""
EpochId: TypeAlias = Annotated[str, whole(r"[0-9a-f]{16}")]
Hash: TypeAlias = Annotated[str, whole(r"[0-9a-f]{64}")]
BootId: TypeAlias = Annotated[str, whole(r"[0-9a-f]{32}")]
"""The kernel's boot id without hyphens: monotonic times compare only within one boot."""
SessionId: TypeAlias = Annotated[str, whole(r"[0-9a-f]{16}")]
EventId: TypeAlias = Annotated[
    str, whole(r"[a-z0-9][a-z0-9-]{2,31}\.[0-9a-f]{16}\.[0-9]{1,16}\.[0-9a-f]{16}")
]
Seq: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_SEQ)]
Milliseconds: TypeAlias = Annotated[int, Meta(ge=0, le=2**53 - 1)]
SignedMilliseconds: TypeAlias = Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]
Lane: TypeAlias = Annotated[str, whole(r"[a-z0-9-]{1,32}")]
Word: TypeAlias = Annotated[str, whole(r"[A-Za-z0-9_.+ -]{0,64}")]
"""A short machine word: never what a person typed or what a scan held."""

CODE_CHARACTER: Final = "[0-9A-HJKMNP-TV-Z]"
_CODE = CODE_CHARACTER
ItemCode: TypeAlias = Annotated[str, whole(rf"G{_CODE}{{10}}")]
BoxCode: TypeAlias = Annotated[str, whole(rf"B{_CODE}{{10}}")]
HeldCode: TypeAlias = Annotated[str, whole(rf"[GB]{_CODE}{{10}}")]
"""An item, or a box with what is in it."""
PlanCode: TypeAlias = Annotated[str, whole(rf"D{_CODE}{{10}}")]
PlaceCode: TypeAlias = Annotated[str, whole(rf"W{_CODE}{{7}}")]
CategoryKey: TypeAlias = Annotated[str, whole(rf"{_CODE}{{2}}")]
Prefix: TypeAlias = Annotated[str, whole(rf"{_CODE}{{4}}")]
HeldCodes: TypeAlias = Annotated[tuple[HeldCode, ...], Meta(max_length=120)]
"""At most 120 codes (1.7 kB) in one event; a longer handover is written as several events."""

MAX_CODES_PER_EVENT: Final = 120
MAX_IDS_PER_VOID: Final = 24
"""Event ids in one `Voided`: at most 24 x 85 bytes. A quantity's group is never larger."""

Quantity: TypeAlias = Annotated[int, Meta(ge=1, le=100_000)]
Jiao: TypeAlias = Annotated[int, Meta(ge=0, le=10_000_000)]
"""Money in tenths of a yuan: what a price label can say."""
SignedJiao: TypeAlias = Annotated[int, Meta(ge=-10_000_000, le=10_000_000)]
Minutes: TypeAlias = Annotated[int, Meta(ge=0, le=100_000)]
StopId: TypeAlias = Annotated[str, whole(r"[a-z0-9][a-z0-9-]{0,31}")]
AccountId: TypeAlias = Annotated[str, whole(r"[0-9a-f]{16}")]
"""Drawn at random for an account of the hub: its name stands in a table that can be erased."""
RequestId: TypeAlias = Annotated[
    str, whole(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
]
"""A UUID that a browser or phone drew: the same request counts once, however often it comes."""
Month: TypeAlias = Annotated[str, whole(r"[0-9]{4}-(?:0[1-9]|1[0-2])")]

__all__ = [
    "CODE_CHARACTER",
    "MAX_CODES_PER_EVENT",
    "MAX_IDS_PER_VOID",
    "MAX_SEQ",
    "NO_LINE_BREAK_AFTER",
    "AccountId",
    "BootId",
    "BoxCode",
    "CategoryKey",
    "EpochId",
    "EventId",
    "Hash",
    "HeldCode",
    "HeldCodes",
    "ItemCode",
    "Jiao",
    "KioskId",
    "Lane",
    "Milliseconds",
    "Minutes",
    "Month",
    "PlaceCode",
    "PlanCode",
    "Prefix",
    "Quantity",
    "RequestId",
    "Seq",
    "SessionId",
    "SignedJiao",
    "SignedMilliseconds",
    "StopId",
    "Word",
    "whole",
]
