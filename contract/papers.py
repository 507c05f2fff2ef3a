"""What a stop's labels and receipts look like: the reference part ``papers``.

A template is a list of parts from top to bottom, each of a kind (`LABEL_PARTS`, `RECEIPT_PARTS`)
and a size. What a paper is for always stands on it (`NEEDED`): a label without its code or a
receipt without its claim would be a broken promise, so a template that lacks one is refused here
and wherever it is read. Marks that depend on the item (a copy, in quarantine, a whole box) are no
matter of taste: they stand where the kiosk puts them.

Kinds are added, never changed; a kiosk leaves out those that it does not know.
"""

import base64
import binascii
from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct

from contract.events import KioskId, Word

Line: TypeAlias = Annotated[str, Meta(max_length=60)]

SIZES: Final = ("small", "normal", "large")
LANGUAGES: Final = ("zh", "en", "both")

LABEL_PARTS: Final = ("logo", "category", "bars", "code", "stop", "words", "rule")
"""The stop's picture, what it is, its code as bars and as text, whose stop, words of the stop's
own, a line across."""
RECEIPT_PARTS: Final = (
    "logo", "stop", "thanks", "words", "date", "rule", "items", "total", "claim", "position",
)  # fmt: skip
"""Likewise; ``claim`` is the private QR code with its words, ``position`` the journal's head."""

NEEDED: Final = {
    "label": ("category", "bars", "code"),
    "receipt": ("items", "total", "claim", "position"),
}
"""What cannot be left out, and stands there once."""

MAX_PARTS: Final = 16
MAX_LOGO_BYTES: Final = 6_000
"""Of a stop's picture as PNG, one bit a dot: the templates of every stop go to every kiosk."""
LOGO_DOTS: Final = (384, 160)
"""Its greatest width and height: 48 by 20 mm on the paper of the default printer."""


class Part(Struct, frozen=True, omit_defaults=True):
    """One part of a paper; ``zh`` and ``en`` are for the kind ``words`` and may be empty."""

    kind: Word
    size: Word = "normal"
    zh: Line = ""
    en: Line = ""


class Template(Struct, frozen=True, omit_defaults=True):
    """One paper; ``language`` is one of `LANGUAGES`, empty: the stop's."""

    parts: Annotated[tuple[Part, ...], Meta(max_length=MAX_PARTS)]
    language: Word = ""


LABEL: Final = Template(
    (Part("category", "large"), Part("bars"), Part("code"), Part("stop", "small"))
)
RECEIPT: Final = Template(
    (
        Part("stop", "large"),
        Part("thanks"),
        Part("date", "small"),
        Part("rule"),
        Part("items"),
        Part("rule"),
        Part("total"),
        Part("claim"),
        Part("position", "small"),
    )
)
"""What a stop that chose nothing has."""


class Papers(Struct, frozen=True, omit_defaults=True):
    """How a stop wants its papers. ``stop_zh`` and ``stop_en`` are its name on them, empty: as the
    kiosk's own settings say. ``logo`` is a PNG of one bit a dot in base64, empty: none."""

    label: Template = LABEL
    receipt: Template = RECEIPT
    stop_zh: Line = ""
    stop_en: Line = ""
    logo: Annotated[str, Meta(max_length=4 * (MAX_LOGO_BYTES + 2) // 3 + 2)] = ""


DEFAULT: Final = Papers()
"""Of a stop that chose nothing."""


class PapersOf(Struct, frozen=True):
    """The papers of these kiosks; of all that no other entry names when ``kiosks`` is empty."""

    kiosks: tuple[KioskId, ...]
    values: Papers


class AllPapers(Struct, frozen=True):
    """The reference part ``papers``."""

    papers: tuple[PapersOf, ...]


def faults(paper: str, template: Template) -> tuple[str, ...]:
    """What is wrong with a template for ``paper`` (a key of `NEEDED`), as machine words:
    ``missing-KIND``, ``twice-KIND``, ``size-N`` and ``words-N`` (empty) of the part N, from 1."""
    kinds = [part.kind for part in template.parts]
    found = [f"missing-{kind}" for kind in NEEDED[paper] if kind not in kinds]
    found += [f"twice-{kind}" for kind in NEEDED[paper] if kinds.count(kind) > 1]
    for number, part in enumerate(template.parts, start=1):
        if part.size not in SIZES:
            found.append(f"size-{number}")
        if part.kind == "words" and not (part.zh or part.en):
            found.append(f"words-{number}")
    return tuple(found)


def usable(paper: str, template: Template) -> Template:
    """``template``, or the one that every stop begins with when it has faults."""
    return template if not faults(paper, template) else {"label": LABEL, "receipt": RECEIPT}[paper]


def logo_bytes(papers: Papers) -> bytes | None:
    """The picture as PNG; None when there is none or it is not base64."""
    try:
        return base64.b64decode(papers.logo, validate=True) or None
    except (binascii.Error, ValueError):
        return None
