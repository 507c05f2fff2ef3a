"""Parts, printers and faults of papers in words."""

from collections.abc import Mapping
from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from hub.printing.paper_pictures import Seen

PAPERS: Final[Mapping[str, LazyString]] = {"label": _l("Label"), "receipt": _l("Receipt")}

KINDS: Final[Mapping[str, LazyString]] = {
    "logo": _l("Logo"),
    "category": _l("What it is"),
    "bars": _l("Bar code"),
    "code": _l("Code in letters"),
    "stop": _l("Name of the stop"),
    "words": _l("Words of your own"),
    "rule": _l("Line across"),
    "thanks": _l("Thanks"),
    "date": _l("Date and time"),
    "items": _l("What was given"),
    "total": _l("Total"),
    "claim": _l("Private code for the donor"),
    "position": _l("Place in the record"),
}

SIZES: Final[Mapping[str, LazyString]] = {
    "small": _l("small"),
    "normal": _l("normal"),
    "large": _l("large"),
}

LANGUAGES: Final[Mapping[str, LazyString]] = {
    "": _l("as the stop’s settings say"),
    "both": _l("Chinese and English"),
    "zh": _l("Chinese"),
    "en": _l("English"),
}

PRINTERS: Final[Mapping[str, LazyString]] = {
    "58mm": _l("58 mm paper"),
    "80mm": _l("80 mm paper"),
    "58mm-40": _l("58 mm labels, 40 mm long"),
    "58mm-30": _l("58 mm labels, 30 mm long"),
    "80mm-50": _l("80 mm labels, 50 mm long"),
}

STAYS: Final[Mapping[str, LazyString]] = {
    "label": _l(
        "What it is, the bar code and the code in letters cannot be taken off: without them nobody"
        " can scan the thing or tell it from another."
    ),
    "receipt": _l(
        "What was given, the total, the donor’s private code and the place in the record cannot be"
        " taken off: they are what a donor is promised."
    ),
}

LOGO_FAULTS: Final[Mapping[str, LazyString]] = {
    "empty": _l("Choose a picture first."),
    "too-large": _l("The picture is larger than 12 MB. Make it smaller and send it again."),
    "too-many-dots": _l("The picture has more than 25 million dots. Make it smaller first."),
    "not-a-picture": _l("This is no picture that can be read. Send a PNG or JPEG file."),
    "blank": _l("There is nothing dark in this picture, so nothing would be printed."),
}

_MARKS: Final[Mapping[str, LazyString]] = {
    "picture": _l("(logo)"),
    "bars": _l("(bar code)"),
    "qr": _l("(QR code)"),
}


def standing_on(seen: Seen) -> str:
    """What stands on a paper, for whoever does not see its picture."""
    told = [
        text if kind == "text" else str(_MARKS[kind])
        for kind, text in zip(seen.kinds, seen.lines, strict=True)
    ]
    return _(", ").join(told)


def fault(word: str) -> str:
    """What is wrong, by a word of `hub.printing.papers.faults_of`."""
    if word == "logo":
        return _("The logo cannot be used. Send it again.")
    paper, _space, rest = word.partition(" ")
    what, _dash, about = rest.partition("-")
    name = str(PAPERS[paper])
    match what:
        case "missing":
            part = str(KINDS[about])
            return _("%(paper)s: “%(part)s” is missing.", paper=name, part=part)
        case "twice":
            return _(
                "%(paper)s: “%(part)s” may stand there once.", paper=name, part=str(KINDS[about])
            )
        case "words":
            return _(
                "%(paper)s, part %(n)s: write something in Chinese or English, or take it off.",
                paper=name,
                n=about,
            )
        case "language":
            return _("%(paper)s: there is no such language.", paper=name)
        case _:
            return _("%(paper)s, part %(n)s: there is no such part or size.", paper=name, n=about)
