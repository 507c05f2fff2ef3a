"""The journal itself: starts, clocks, what is taken back, what could not be read."""

from typing import Annotated

from msgspec import Meta

from contract.bodies.base import Happened
from contract.fields import (
    MAX_IDS_PER_VOID,
    MAX_SEQ,
    EpochId,
    EventId,
    HeldCodes,
    Prefix,
    SessionId,
    SignedMilliseconds,
    Word,
)


class EpochOpened(Happened, frozen=True, tag="epoch.opened"):
    """A process started (or had to leave a disputed epoch) with this journal and prefix."""

    journal: SessionId
    prefix: Prefix | None = None
    prev_epoch: EpochId | None = None
    software: Word = ""
    why: Word = "start"


class ClockLearned(Happened, frozen=True, tag="clock.learned"):
    """Wall time became known: ``offset`` = wall milliseconds at this boot's monotonic zero."""

    offset: SignedMilliseconds
    source: Word


class Voided(Happened, frozen=True, tag="voided"):
    """These events did not happen. ``items`` names what they touched; the fold needs both."""

    events: Annotated[tuple[EventId, ...], Meta(min_length=1, max_length=MAX_IDS_PER_VOID)]
    items: HeldCodes = ()
    why: Word = "undo"


class Unrecognised(Happened, frozen=True, tag="unrecognised"):
    """A scan that is neither ours nor valid GS1: its form only, never its content."""

    length: Annotated[int, Meta(ge=0, le=100_000)]
    problem: Word
    symbology: Word = ""


class Refused(Happened, frozen=True, tag="refused"):
    """A valid scan that has no meaning in this state, by the kind of input only."""

    input: Word
    state: Word


class HelpWanted(Happened, frozen=True, tag="help.wanted"):
    """Somebody pressed or scanned help."""


class DeviceChanged(Happened, frozen=True, tag="device.changed"):
    """A scanner, printer or panel came or went."""

    device: Word
    kind: Word
    ok: bool
    detail: Word = ""


class RollChanged(Happened, frozen=True, tag="roll.changed"):
    """Somebody put a fresh roll into the printer with this role: label or receipt."""

    role: Word


class Noticed(Happened, frozen=True, tag="noticed"):
    """The kiosk saw something that somebody must see: a refused hash, no prefix left, …"""

    kind: Word
    epoch: EpochId | None = None
    seq: Annotated[int, Meta(ge=0, le=MAX_SEQ)] = 0
