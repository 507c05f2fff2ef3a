"""The hardware edge as the rest of the kiosk sees it: values and Protocols, no I/O.

The rules of this edge:

* **Drivers only post.** A scanner runs a thread of its own and hands what it saw to the
  callback it was given; it decides nothing. The callback must be thread-safe and quick
  (``queue.Queue.put`` is what it is meant for).
* **A fault is a value.** An unplugged scanner is a `DeviceState`, a printer out of paper is a
  `PrintResult`. Recording goes on in both cases; nothing here raises into the kiosk's loop.
* **A document is content, not bytes.** `Document` says what stands on the paper;
  `drivers.raster` turns it into dots, once, for every printer, so that the picture on the
  kiosk's page is exactly what a thermal head would burn.
* **Tokens stay out of logs.** What was scanned and what will be printed may be a bearer token
  (a card, a claim), so the ``repr`` of `ScanRead`, `Code128`, `Qr` and `Document` shows lengths,
  never content.

Lengths are millimetres on paper unless the name says dots.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final, Literal, Protocol, TypeAlias, runtime_checkable

import msgspec

from drivers.profiles import PROFILES as PROFILES
from drivers.profiles import PrinterProfile as PrinterProfile

# --------------------------------------------------------------------------------------
# Words for people


class Words(msgspec.Struct, frozen=True):
    """One message in both languages."""

    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"


class DeviceError(Exception):
    """Something about a device that a person must hear of; carries both languages."""

    def __init__(self, words: Words) -> None:
        super().__init__(str(words))
        self.words: Final = words

    @property
    def zh(self) -> str:
        return self.words.zh

    @property
    def en(self) -> str:
        return self.words.en


class LayoutError(DeviceError):
    """A block cannot be put on this paper so that it reads (a bar code too wide, say)."""


class DeviceUrlError(DeviceError):
    """One or more faults in device URLs, all of them at once.

    `faults` has a `Words` per fault; each names the URL, the offending part and what
    would be right.
    """

    def __init__(self, faults: tuple[Words, ...]) -> None:
        super().__init__(
            Words(zh="；".join(f.zh for f in faults), en="; ".join(f.en for f in faults))
        )
        self.faults: Final = faults


# --------------------------------------------------------------------------------------
# What drivers post

DeviceKind: TypeAlias = Literal["scanner", "printer", "panel", "speaker"]


EndedBy: TypeAlias = Literal["cr", "lf", "tab", "silence"]
"""How a scanner told that a scan is over; ``silence``: it did not."""


class ScanRead(msgspec.Struct, frozen=True, tag="scan"):
    """One finished scan. `text` is as the scanner sent it, terminator removed, GS (0x1D) kept."""

    lane: str
    text: str
    symbology: str | None = None
    """What the device says it read (an AIM identifier such as ``]C1``), where it says so."""
    pressed: bool = False
    """A button stands for this card. Each press is meant, also the second of two equal ones,
    where a scanner that reads the same code again may only have it lying in its beam."""
    ended_by: EndedBy | None = None
    """None where it is not known: the kiosk's page."""
    by_numbers: bool = False
    """A keyboard typed characters as Alt and their numbers: read all the same, but set wrongly."""

    def __repr__(self) -> str:
        return f"ScanRead(lane={self.lane!r}, length={len(self.text)})"


class ScanUnreadable(msgspec.Struct, frozen=True, tag="unreadable"):
    """`length` characters were dropped: they came without an end (noise, a wrong baud rate), or
    some before or after them were lost (a plug pulled in mid-code, a queue that ran over).
    """

    lane: str
    length: int


class DeviceState(msgspec.Struct, frozen=True, tag="device"):
    """A device became usable (`ok`) or stopped being so. Posted on change only."""

    device: str
    """Its URL without the query: what the operator typed, what a sticker can say."""
    kind: DeviceKind
    ok: bool
    detail: Words
    lane: str | None = None


DeviceInput: TypeAlias = ScanRead | ScanUnreadable | DeviceState
Post: TypeAlias = Callable[[DeviceInput], None]


# --------------------------------------------------------------------------------------
# What is printed

Size: TypeAlias = Literal["small", "normal", "large", "huge"]
Align: TypeAlias = Literal["left", "centre", "right"]


class _Block(msgspec.Struct, frozen=True, tag_field="block"):
    pass


class Text(_Block, frozen=True, tag="text"):
    """A paragraph; wraps to the paper's width, between any two Chinese characters."""

    text: str
    size: Size = "normal"
    align: Align = "left"
    bold: bool = False


class Row(_Block, frozen=True, tag="row"):
    """`left` against the left edge, `right` against the right; `left` wraps beside `right`."""

    left: str
    right: str
    size: Size = "normal"
    bold: bool = False


class Code128(_Block, frozen=True, tag="code128"):
    """A bar code of printable ASCII, no text beneath it (add a `Text`).

    `along` turns it by 90 degrees, to run along the paper: the way out for codes
    too long for its width.
    """

    value: str
    height_mm: float = 10.0
    along: bool = False

    def __repr__(self) -> str:
        return f"Code128(length={len(self.value)}, along={self.along})"


class Qr(_Block, frozen=True, tag="qr"):
    """A QR code with its quiet zone of 4 modules, error correction M.

    `module_mm` is what is wanted; it becomes whole dots, fewer where the paper is narrow.
    """

    value: str
    module_mm: float = 0.5
    align: Align = "centre"

    def __repr__(self) -> str:
        return f"Qr(length={len(self.value)})"


class Rule(_Block, frozen=True, tag="rule"):
    """A thin line from edge to edge."""


class Feed(_Block, frozen=True, tag="feed"):
    """Blank paper."""

    mm: float = 2.0


class Cut(_Block, frozen=True, tag="cut"):
    """Cuts where the profile has a cutter, else feeds to the tear bar."""


class Picture(_Block, frozen=True, tag="picture"):
    """A PNG, black where it is darker than half, such as a stop's logo. Drawn dot for dot;
    smaller where it is higher than `max_height_mm` or wider than the paper, never larger. One that
    cannot be read (`drivers.pictures`) is left out: a label is worth more than its logo.
    """

    png: bytes
    max_height_mm: float = 20.0
    align: Align = "centre"

    def __repr__(self) -> str:
        return f"Picture(length={len(self.png)})"


Block: TypeAlias = Text | Row | Code128 | Qr | Rule | Feed | Cut | Picture
DocumentKind: TypeAlias = Literal["label", "receipt", "slip"]


class Document(msgspec.Struct, frozen=True):
    """What goes on the paper, top to bottom. JSON by `msgspec.json`, both ways.

    ``spare`` are places in ``blocks``, from 0, of what is left out, in this order, where label
    stock is too short for everything however tightly it is set.
    """

    kind: DocumentKind
    blocks: tuple[Block, ...]
    spare: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return f"Document({self.kind!r}, {len(self.blocks)} blocks)"


Role: TypeAlias = Literal["label", "receipt"]
BOTH_ROLES: Final[frozenset[Role]] = frozenset({"label", "receipt"})


Progress: TypeAlias = Literal["none", "partial", "complete?", "confirmed"]
"""How far a document can have come, told by the most cautious reading of what is known.

``none``: nothing that could be taken for it is on paper. Either no byte of its first code has
left us, or the printer's language prints nothing before a last command that it has not had.
``partial``: it broke off; a strip with a readable code may be out, the whole is not.
``complete?``: everything was handed over and nobody says what became of it.
``confirmed``: the printer said that it came out.
"""


class PrintResult(msgspec.Struct, frozen=True):
    """How a print ended.

    ``printed``: the device confirmed it, or is one that cannot fail to show it.
    ``unknown``: every byte was taken, but the device says nothing about its state.
    ``failed``: not printed, or not wholly; `detail` says what to mend, `progress` what may be
    lying in the tray (`kiosk.print_recovery` decides on that).
    """

    status: Literal["printed", "unknown", "failed"]
    detail: Words
    paper_mm: float = 0.0
    """Paper used at most, for the count that ends in "new roll, please"; 0 where no piece came out
    that anybody could take for the document."""
    progress: Progress | None = None
    """Where a driver does not say, the most cautious reading of `status` stands here."""
    taken: int = 0
    """Most bytes of the document that the printer can have got."""
    total: int = 0
    """All of them; 0 for a device that takes no bytes."""
    before: PrinterStatus | None = None
    """What it said before the first byte; None when it was not asked or was away."""
    after: PrinterStatus | None = None
    """What it said after the last one; None likewise."""


Condition: TypeAlias = Literal[
    "ready", "paper-low", "paper-out", "cover-open", "paused", "error", "away", "unknown"
]


class PrinterStatus(msgspec.Struct, frozen=True):
    """``ready``; ``attention``: a person must do something; ``away``: not connected;
    ``unknown``: it is silent, or talks gibberish. Silence never counts as ready.
    """

    state: Literal["ready", "attention", "away", "unknown"]
    detail: Words
    condition: Condition = "unknown"
    """The cause, for whoever must decide and not only tell; ``paper-low`` is still ``ready``."""
    by_plug: bool = False
    """Its USB interface said so, not the printer in its language: one that never answers may."""


class Signal(StrEnum):
    """What a panel tells by light and sound."""

    BUSY = "busy"
    """A scan is being saved."""
    SAVED = "saved"
    """Green: only ever after the journal's COMMIT."""
    REFUSED = "refused"
    """The "no" sound: nothing was changed."""
    ATTENTION = "attention"
    """Saved, but somebody should look (no paper, an item of another place)."""
    IDLE = "idle"
    """Nothing to tell: whatever was shown ends, and the lane's mode is what is left."""
    IDENTIFY = "identify"
    """Somebody at the hub asks which kiosk this is."""
    TEST = "test"
    """A self-test: every colour and several pitches, whatever they mean elsewhere."""


class Alarm(StrEnum):
    """What holds for the whole kiosk until somebody has mended it."""

    UNSAVED = "unsaved"
    """The kiosk cannot save; every scan is refused."""
    PAPER = "paper"
    """A printer needs somebody: paper, cover, plug."""
    OFFLINE = "offline"
    """The hub is out of reach. Nothing is lost and nobody at the stop need do anything."""


# --------------------------------------------------------------------------------------
# The ports


@runtime_checkable
class Scanner(Protocol):
    """One source of scans, serving one lane. Built with its lane's name and a `Post`."""

    @property
    def name(self) -> str: ...

    @property
    def lane(self) -> str: ...

    def start(self) -> None:
        """Begins to post; returns at once. A missing device is waited for, not an error."""

    def close(self) -> None:
        """Stops posting and gives the device back. May be called twice."""


@runtime_checkable
class Printer(Protocol):
    """One printer. Calls block, so they belong to the kiosk's printer thread; `close` may
    come from another thread and ends a blocked call.
    """

    @property
    def name(self) -> str: ...

    @property
    def roles(self) -> frozenset[Role]: ...

    @property
    def profile(self) -> PrinterProfile: ...

    def warm(self) -> None:
        """Loads what the first print needs (libraries, font), which a small machine takes a
        second for. Touches no device; optional, any time before the first print.
        """

    def print(self, document: Document) -> PrintResult:
        """Prints, or says why not. Raises `LayoutError` for a document no paper could hold."""

    def status(self) -> PrinterStatus: ...

    def close(self) -> None: ...


@runtime_checkable
class Panel(Protocol):
    """Lights, sound and buttons beside each scanner; `drivers.patterns` says what they show.

    Every call returns at once and may come from any thread. A fault is posted as a
    `DeviceState`, never raised. A lane that the panel has no lights for is no fault.
    """

    @property
    def name(self) -> str: ...

    def start(self) -> None:
        """Begins to show, and to post its buttons. A panel that is not there is told, no error."""

    def show(self, lane: str, signal: Signal) -> None:
        """The outcome of a scan: takes the place of what is shown, at once."""

    def mode(self, lane: str, mode: str) -> None:
        """What the lane is being used for, a key of `drivers.patterns.MODES`: its light when
        there is no signal. A key without a light of its own has the common one."""

    def alarm(self, alarm: Alarm, on: bool) -> None:
        """Something that holds for every lane begins or ends."""

    def close(self) -> None:
        """Puts every light out and gives the pins back. May be called twice."""


@runtime_checkable
class Speaker(Protocol):
    """A voice for those who do not look. Every call returns at once."""

    @property
    def name(self) -> str: ...

    def start(self) -> None:
        """Begins to listen to `say`. A missing sound card is told by a `DeviceState`."""

    def say(self, prompt: str, *then: str) -> None:
        """Speaks a prompt of `drivers.prompts`, and others after it, instead of what is being said
        or waits to be."""

    def wait(self, within_s: float) -> None:
        """Until nothing is being said any more, or ``within_s`` have passed."""

    def close(self) -> None:
        """Falls silent. May be called twice."""
