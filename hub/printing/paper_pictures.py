"""Labels and receipts as they will be printed, dot for dot, with made-up goods.

The same composition, layout and raster as a kiosk's (`drivers.papers`, `drivers.raster`): one pixel
here is one dot of the head there.
"""

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from contract.papers import Papers, Template, faults
from drivers.layout import BarsBox, Box, Page, PictureBox, QrBox, TextBox, lay_out
from drivers.papers import (
    SAMPLE_LABEL,
    SAMPLE_RECEIPT,
    Letterhead,
    compose_label,
    compose_receipt,
)
from drivers.ports import PROFILES, Document, PrinterProfile, Words
from drivers.raster import paint, png
from hub.kiosks import catalogue
from hub.queries import places

PRINTERS: Final[Mapping[str, PrinterProfile]] = MappingProxyType(
    {
        "58mm": PROFILES["58mm"],
        "80mm": PROFILES["80mm"],
        "58mm-40": replace(PROFILES["58mm-gap"], label_mm=40.0),
        "58mm-30": replace(PROFILES["58mm-gap"], label_mm=30.0),
        "80mm-50": replace(PROFILES["80mm-gap"], label_mm=50.0),
    }
)
"""What a paper can be looked at for; the last three are labels of that many millimetres."""
OF_PAPER: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"label": tuple(PRINTERS), "receipt": ("58mm", "80mm")}
)
"""Nobody prints a receipt on labels."""
USUAL: Final = "58mm"
KEPT: Final = 128
"""Pictures that are not drawn anew, of some 10 kB each: those of the overview, and of a paper that
somebody leaves as it is while they work on the other."""
ANY_STOP: Final = Words("义仓驿站", "Yicang Stop")


class Seen(Struct, frozen=True):
    """A paper: its dots as PNG (one bit each), and what stands on it from top to bottom: lines of
    text, and ``picture``, ``bars`` or ``qr`` for what is not text (`kinds` has ``text`` for
    lines)."""

    png: bytes
    width: int
    height: int
    kinds: tuple[str, ...]
    lines: tuple[str, ...]


def letterhead(connection: Connection, stop: str, hub_url: str) -> Letterhead:
    """What the kiosks of this stop print, as far as the hub knows: the stop's name and language.
    With an empty ``stop`` that of any."""
    found = places.stops(connection).get(stop)
    name = ANY_STOP if found is None else Words(found.zh, found.en)
    spoken = {
        one.stop: str(one.value) for one in catalogue.chosen(connection) if one.name == "language"
    }
    chosen = spoken.get(stop) or spoken.get("", "")
    return Letterhead(name, hub_url).spoken(chosen)


def document(paper: str, papers: Papers, head: Letterhead) -> Document:
    """The label or receipt (a key of `OF_PAPER`) of made-up goods."""
    if paper == "label":
        return compose_label(SAMPLE_LABEL, papers, head)
    return compose_receipt(SAMPLE_RECEIPT, papers, head)


@functools.lru_cache(maxsize=KEPT)
def drawn(paper: str, papers: Papers, head: Letterhead, printer: str) -> Seen:
    """What the printer (a key of `PRINTERS`) makes of it.

    Raises:
        drivers.ports.LayoutError: it cannot come out of this printer.
    """
    profile = PRINTERS[printer]
    [page] = lay_out(document(paper, papers, head), profile)
    picture = paint(page, profile)
    marks = _marks(page)
    return Seen(
        png(picture),
        picture.width,
        picture.height,
        tuple(kind for kind, _ in marks),
        tuple(text for _, text in marks),
    )


def without_gaps(papers: Papers) -> Papers:
    """Papers that are being written, without words that nobody has written yet."""
    return replace(papers, label=_without_gaps(papers.label), receipt=_without_gaps(papers.receipt))


def shows(paper: str, template: Template) -> bool:
    """Whether a paper is made by this template, and not by the usual one in its place."""
    return not faults(paper, template)


def _without_gaps(template: Template) -> Template:
    kept = (one for one in template.parts if one.kind != "words" or one.zh or one.en)
    return replace(template, parts=tuple(kept))


def _marks(page: Page) -> list[tuple[str, str]]:
    def place(box: Any) -> tuple[int, int]:
        return box.y, box.x

    return [mark for box in sorted(page.boxes, key=place) if (mark := _mark(box)) is not None]


def _mark(box: Box) -> tuple[str, str] | None:
    match box:
        case TextBox():
            return "text", box.text
        case PictureBox():
            return "picture", ""
        case BarsBox():
            return "bars", ""
        case QrBox():
            return "qr", ""
        case _:
            return None
