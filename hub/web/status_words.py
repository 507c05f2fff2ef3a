"""The statuses of items and the grades of goods in a word or two, for tables and filters."""

from typing import Final

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from markupsafe import Markup, escape

from contract.actions import GRADES
from hub import statuses
from hub.web import i18n

HERE: Final = "here"
"""A choice of filters: whatever is at a stop."""

WORDS: Final[dict[str, LazyString]] = {
    statuses.IN_STOCK: _l("Free"),
    statuses.RESERVED: _l("Reserved"),
    statuses.UNLABELLED: _l("No label"),
    statuses.QUARANTINED: _l("To be checked"),
    statuses.OUT: _l("Out"),
    statuses.DELIVERED: _l("Delivered"),
    statuses.SENT: _l("Sent on"),
    statuses.SOLD: _l("Sold"),
    statuses.MISSING: _l("Missing"),
    statuses.DISPOSED: _l("Thrown away"),
    statuses.VOIDED: _l("Taken back"),
    statuses.UNKNOWN: _l("Never received"),
}

_GRADES: Final = {grade.key: grade for grade in GRADES}


def status(word: str) -> str:
    """A status in a word or two."""
    return str(WORDS.get(word, word))


def status_tag(word: str) -> Markup:
    """`status` as a coloured tag."""
    return Markup(  # noqa: S704  # escaped
        f'<span class="status status-{escape(word)}">{escape(status(word))}</span>'
    )


def grade(key: str | None) -> str:
    """A condition grade: its key and everyday name."""
    known = _GRADES.get(key or "")
    return key or "" if known is None else f"{known.key} {i18n.pick(known.zh, known.en)}"


def grades() -> list[tuple[str, str]]:
    """Every grade as a choice."""
    return [(key, grade(key)) for key in _GRADES]
