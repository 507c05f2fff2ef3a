"""What a printer can do, as a value that its URL names: ``?profile=tspl-58mm-gap-native``.

The name is put together from what one can see on the printer and read in its manual, in this
order; only the width must be there::

    [escpos-|tspl-] 58mm|80mm [-gap|-mark] [-cutter] [-native|-gb18030]

* **Language.** ESC/POS, the receipt printers', unless it begins with ``tspl-``, the label
  printers'.
* **Width.** Of the paper. A 58 mm head burns 48 mm of it, an 80 mm head 72 mm.
* **Media.** Continuous, or die-cut labels with a ``gap`` between them or a black ``mark`` behind.
* **Cutter.** Without one the paper is fed to the tear bar.
* **What it draws itself.** Nothing unless said: every dot is then sent, which each printer
  understands. ``native``: bar codes, QR codes and ASCII text are sent as commands, a tenth of the
  bytes. ``gb18030``: Chinese text too, for printers with a Chinese font in them.

A plain name is what a printer of unknown make gets: it costs more time on the wire and cannot
come out wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import msgspec

PrinterLanguage: TypeAlias = Literal["escpos", "tspl"]
Media: TypeAlias = Literal["continuous", "gap", "mark"]
Drawing: TypeAlias = Literal["raster", "native", "gb18030"]

LABEL_MM: Final = 40.0
"""Length of a die-cut label where the URL does not say: 60 x 40 mm is the commonest stock."""
GAP_MM: Final = 2.0
"""Gap between die-cut labels (or height of the black mark) where the URL does not say."""

ROLL_MM: Final[Mapping[tuple[bool, bool], float]] = MappingProxyType(
    {
        (False, False): 8_000.0,
        (False, True): 25_000.0,
        (True, False): 8_000.0,
        (True, True): 20_000.0,
    }
)
"""A new roll where the URL does not say, by: labels with a gap or mark, 80 mm paper. Small rolls of
their kind (40 mm across for 58 mm paper, 80 mm for 80 mm, 0.14 mm thick with its backing): it is
better to be warned early."""


class PrinterProfile(msgspec.Struct, frozen=True):
    """What a printer can do. The defaults are the 58 mm heads of nearly every cheap printer:
    48 mm of print at 203 dpi (8 dots a millimetre), no cutter.
    """

    name: str = "58mm"
    width_dots: int = 384
    dots_per_mm: int = 8
    cutter: bool = False
    tear_mm: float = 12.0
    """From the print line to the tear bar or knife: fed at a `Cut`, on continuous media only;
    with others the printer finds the next label by itself."""
    margin_dots: int = 4
    language: PrinterLanguage = "escpos"
    media: Media = "continuous"
    drawing: Drawing = "raster"
    label_mm: float = LABEL_MM
    """Length of one label along the paper; for gap and mark media."""
    gap_mm: float = GAP_MM
    """Between two labels, or the height of the mark behind them."""
    speed_mm_s: float = 40.0
    """Slowest that the paper moves while it prints; cheap heads do 50 to 90 mm a second."""
    settle_s: float = 0.3
    """Added to the time that the paper needs: the motor starts and stops."""

    roll_mm: float = 0.0
    """Length of a new roll where the URL says it."""

    @property
    def new_roll_mm(self) -> float:
        """Length of a new roll, or what is usual for its width and media."""
        return self.roll_mm or ROLL_MM[self.media != "continuous", self.width_dots > 400]

    @property
    def native(self) -> bool:
        """Whether it draws bar codes, QR codes and ASCII text by itself."""
        return self.drawing != "raster"

    @property
    def width_bytes(self) -> int:
        """Bytes in one row of dots."""
        return (self.width_dots + 7) // 8


FORM: Final = "[escpos-|tspl-]58mm|80mm[-gap|-mark][-cutter][-native|-gb18030]"
"""How a name is put together, for a message that says what may be written."""


def _all() -> dict[str, PrinterProfile]:
    profiles = {}
    languages: tuple[PrinterLanguage, ...] = ("escpos", "tspl")
    medias: tuple[Media, ...] = ("continuous", "gap", "mark")
    drawings: tuple[Drawing, ...] = ("raster", "native", "gb18030")
    # Width of the paper, then: dots of the head, tear bar or knife behind it, blank edge.
    for paper, dots, tear_mm, margin in (("58mm", 384, 12.0, 4), ("80mm", 576, 14.0, 6)):
        for language in languages:
            for media in medias:
                for cutter in (False, True):
                    for drawing in drawings:
                        parts = (
                            "" if language == "escpos" else language,
                            paper,
                            "" if media == "continuous" else media,
                            "cutter" if cutter else "",
                            "" if drawing == "raster" else drawing,
                        )
                        name = "-".join(filter(None, parts))
                        profiles[name] = PrinterProfile(
                            name=name,
                            width_dots=dots,
                            cutter=cutter,
                            tear_mm=tear_mm,
                            margin_dots=margin,
                            language=language,
                            media=media,
                            drawing=drawing,
                        )
    return profiles


PROFILES: Final[Mapping[str, PrinterProfile]] = MappingProxyType(_all())
"""Every profile by its name. ESC/POS ones have no prefix: ``58mm``, not ``escpos-58mm``."""


def find_profile(name: str) -> PrinterProfile | None:
    """The profile of that name, ``escpos-`` before it or not, or None.

    ``continuous`` may be written too, and the parts after the width in any order.
    """
    prefix, width, *rest = _parts(name)
    canonical = "-".join(filter(None, (prefix, width, *(part for part in _ORDER if part in rest))))
    if len(set(rest)) != len(rest) or any(part not in _ORDER for part in rest):
        return None
    return PROFILES.get(canonical)


_ORDER: Final = ("gap", "mark", "cutter", "native", "gb18030")


def _parts(name: str) -> list[str]:
    """Language (empty for ESC/POS), width, and the rest."""
    match = re.fullmatch(r"(?:escpos-|(tspl)-)?([^-]*)(.*)", name.lower())
    if match is None:
        return ["", name]
    rest = [part for part in match[3].split("-") if part and part != "continuous"]
    return [match[1] or "", match[2], *rest]
