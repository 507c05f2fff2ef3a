"""The parts of what things are called, as their pages need them: fields, words, lists."""

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from sqlalchemy import Connection

from contract import codes, gtins
from contract.codes import CodeError, Kind, place_code, serial_code, to_base32
from contract.messages import Product
from contract.reference import (
    PLACE_KINDS,
    Campaign,
    Entry,
    KnownPlace,
    NamedCategory,
    Plan,
    Skill,
)
from hub import db
from hub.access.permissions import Permission
from hub.kiosks import catalogue
from hub.typed import narrow, whole_number
from hub.web import i18n, plan_titles, story
from hub.web.listing import Column, Listing, MemorySource, Text
from hub.web.listing import Kind as Shown
from hub.web.listing.columns import Value

Options = Callable[[Connection], Sequence[tuple[str, str]]]


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of the form. ``kind`` is text, number, yes-no or choice."""

    name: str
    label: LazyString
    kind: str = "text"
    hint: LazyString | str = ""
    options: Options | None = None
    required: bool = True
    longest: int = 60


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the reference data. ``draw`` gives the key of a new entry, where the hub chooses
    it; ``clean`` brings a typed key into its form, or raises ValueError."""

    name: str
    title: LazyString
    lead: LazyString
    empty: LazyString
    adding: LazyString
    removing: LazyString
    kind: type[Entry]
    fields: Sequence[Field]
    permission: Permission = Permission.NAME_CODES
    draw: Callable[[], str] = str
    clean: Callable[[str], str] = str

    @property
    def key(self) -> str:
        """The field that names an entry."""
        return self.fields[0].name

    @property
    def names(self) -> list[str]:
        """Every field's name."""
        return [field.name for field in self.fields]

    def shown(self, entry: Entry) -> dict[str, Any]:
        """An entry's values for its form."""
        return {name: self.text(entry, name) for name in self.names}

    def text(self, entry: Entry, name: str) -> str:
        """One value as a form holds it."""
        value = getattr(entry, name)
        if isinstance(value, bool):
            return "yes" if value else "no"
        return str(value)

    def convert(self, key: str) -> str | int:
        """A key as the catalogue has it; 0, which no campaign has, for what is no number."""
        return whole_number(key, 9) or 0 if self.kind is Campaign else key

    @property
    def listing(self) -> Listing[Entry]:
        """The part's list."""
        return _listing(self)


def digest(entry: Entry | None) -> str:
    """What a form was shown, for telling whether it is still so; empty: no entry."""
    if entry is None:
        return ""
    return hashlib.sha256(msgspec.json.encode(entry)).hexdigest()


def read(part: Part, values: Mapping[str, str]) -> tuple[dict[str, Any] | None, str, str]:
    """What a form says as an entry's fields; or None, the field that is wrong, and why."""
    made: dict[str, Any] = {}
    for field in part.fields:
        text = values[field.name]
        if field.kind == "yes-no":
            made[field.name] = text != "no"
        elif field.kind == "number":
            number = whole_number(text or "0", 7)
            if number is None:
                return None, field.name, str(_("A whole number, please."))
            made[field.name] = number
        elif field.required and not text:
            return None, field.name, str(_("Please fill this in."))
        elif len(text) > field.longest:
            return None, field.name, str(_("At most %(n)s characters.", n=field.longest))
        else:
            made[field.name] = text
    try:
        if isinstance(made[part.key], str):
            made[part.key] = part.clean(made[part.key])
        msgspec.convert(made, part.kind)
    except (ValueError, CodeError, msgspec.ValidationError):
        return None, part.key, str(_("This is not such a code or number."))
    return made, "", ""


# --- lists ---------------------------------------------------------------------------------------


def _listing(part: Part) -> Listing[Entry]:
    def address(entry: Entry) -> str:
        return url_for("names.entry", part=part.name, key=part.text(entry, part.key))

    in_sql = part.kind is Plan
    columns = []
    for field in part.fields:
        columns.append(
            Column[Entry](
                field.name,
                field.label,
                _value(field),
                Shown.CODE
                if field.name == part.key
                else Shown.NUMBER
                if field.kind == "number"
                else Shown.TEXT,
                sort=db.plan.c[field.name] if in_sql else True,
                heading=field.name == part.key,
                link=address if field.name == part.key else None,
            )
        )
    return Listing[Entry](
        name=part.name,
        title=part.title,
        order=part.key,
        empty=part.empty,
        source=plan_titles.SOURCE if in_sql else _in_memory(part),
        columns=tuple(columns),
        filters=(
            Text(
                "q",
                _l("Contains"),
                first=True,
                keep=lambda entry, wanted: any(
                    str(wanted).lower() in part.text(entry, name).lower() for name in part.names
                ),
                where=plan_titles.containing if in_sql else None,
            ),
        ),
    )


def _in_memory(part: Part) -> MemorySource[Entry]:
    return MemorySource(rows=lambda connection: catalogue.entries(connection, part.name))


def _value(field: Field) -> Callable[[Entry], Value]:
    def value(entry: Entry) -> Value:
        found = getattr(entry, field.name)
        if isinstance(found, bool):
            return str(_("yes")) if found else str(_("no"))
        if field.name == "category":
            return str(story.category_name(found))
        if field.name == "kind":
            return _kinds().get(str(found), str(found))
        number: int | None = found if isinstance(found, int) else None
        return str(found) if number is None else number

    return value


# --- fields --------------------------------------------------------------------------------------


def _categories(connection: Connection) -> list[tuple[str, str]]:
    return [
        (one.key, i18n.pick(one.zh, one.en))
        for one in catalogue.entries(connection, "categories")
        if isinstance(one, NamedCategory) and one.offered
    ]


def _kinds() -> dict[str, str]:
    return {
        "shelf": str(_("Shelf")),
        "stop": str(_("Another stop")),
        "team": str(_("Volunteer team")),
        "disposal": str(_("Bin")),
        "market": str(_("Charity market")),
        "outside": str(_("Somewhere else")),
    }


def _place_kinds(_connection: Connection) -> list[tuple[str, str]]:
    words = _kinds()
    return [(kind, words.get(kind, kind)) for kind in PLACE_KINDS]


def _gtin(text: str) -> str:
    full = gtins.full(narrow(text).replace(" ", ""))
    if full is None:
        raise ValueError(text)
    return full


def _of_kind(kind: Kind) -> Callable[[str], str]:
    def clean(text: str) -> str:
        parsed = codes.parse(codes.normalise(text))
        if parsed.kind is not kind:
            raise ValueError(text)
        return parsed.text

    return clean


_ZH: Final = Field(name="zh", label=_l("Chinese name"))
_EN: Final = Field(name="en", label=_l("English name"))
_OPEN: Final = Field(name="open", label=_l("Open"), kind="yes-no")

_ALL: Final = (
    Part(
        name="products",
        title=_l("Retail codes"),
        lead=_l("What the bar codes on goods stand for. A code is named once, for every kiosk."),
        empty=_l("No retail code has a name yet. Codes that came in wait under “Codes to name”."),
        adding=_l("Name a retail code"),
        removing=_l("Kiosks will ask for its category again when it is scanned."),
        kind=Product,
        fields=(
            Field(
                name="gtin",
                label=_l("Retail code"),
                hint=_l("The digits below the bars; scan into this field."),
            ),
            _ZH,
            _EN,
            Field(name="category", label=_l("Category"), kind="choice", options=_categories),
        ),
        clean=_gtin,
    ),
    Part(
        name="categories",
        title=_l("Categories"),
        lead=_l("Kinds of goods. A category that was used once stays known for ever."),
        empty=_l("There are no categories."),
        adding=_l("Add a category"),
        removing=_l("It is not offered any more. What came in under it stays as it is."),
        kind=NamedCategory,
        fields=(
            Field(
                name="key",
                label=_l("Key"),
                hint=_l("Two letters or digits, such as F1."),
                longest=2,
            ),
            _ZH,
            _EN,
            Field(name="offered", label=_l("Offered"), kind="yes-no"),
        ),
    ),
    Part(
        name="places",
        title=_l("Places"),
        lead=_l("Shelves, rooms, stops, teams and bins that have a sheet to scan."),
        empty=_l("No place has a name yet. Print a sheet for each shelf, then name it here."),
        adding=_l("Add a place"),
        removing=_l("Its sheet still scans, but without a name."),
        kind=KnownPlace,
        fields=(
            Field(name="code", label=_l("Code"), hint=_l("Of its sheet; or keep this new one.")),
            Field(name="kind", label=_l("Kind"), kind="choice", options=_place_kinds),
            _ZH,
            _EN,
        ),
        draw=lambda: place_code(to_base32(secrets.randbits(30), 6)),
        clean=_of_kind(Kind.PLACE),
    ),
    Part(
        name="plans",
        title=_l("Delivery plans"),
        lead=_l("Each by a colour and a flower. Nobody who receives is named."),
        empty=_l("No delivery plan yet. Make one for each household that is to get something."),
        adding=_l("Make a plan"),
        removing=_l("Its slip still scans, but without a title."),
        kind=Plan,
        fields=(
            Field(name="code", label=_l("Code"), hint=_l("Of its slip; or keep this new one.")),
            Field(name="zh", label=_l("Chinese title"), hint=_l("A colour and a flower, no name.")),
            Field(name="en", label=_l("English title")),
            Field(
                name="items",
                label=_l("Items expected"),
                kind="number",
                hint=_l("0: nobody said."),
            ),
            _OPEN,
        ),
        draw=lambda: serial_code(
            Kind.PLAN, to_base32(secrets.randbits(20), 4), secrets.randbits(25)
        ),
        clean=_of_kind(Kind.PLAN),
    ),
    Part(
        name="campaigns",
        title=_l("Campaigns"),
        lead=_l("Many small gifts for one purpose, such as a spoon of rice from each neighbour."),
        empty=_l("No campaign yet."),
        adding=_l("Start a campaign"),
        removing=_l("What was given for it stays in the events."),
        kind=Campaign,
        fields=(
            Field(
                name="number",
                label=_l("Number"),
                kind="number",
                hint=_l("As on its card, 1 to 999."),
            ),
            _ZH,
            _EN,
            Field(name="target", label=_l("Gifts wanted"), kind="number", hint=_l("0: no target.")),
            _OPEN,
        ),
    ),
    Part(
        name="skills",
        title=_l("Skills"),
        lead=_l("What somebody can offer to do for a neighbour."),
        empty=_l("The skills of this release are in use; add your own here."),
        adding=_l("Add a skill"),
        removing=_l("Its card still scans, but without a name."),
        kind=Skill,
        fields=(
            Field(
                name="key", label=_l("Number"), hint=_l("Two digits, as on its card."), longest=2
            ),
            _ZH,
            _EN,
        ),
    ),
)

PARTS: Final[Mapping[str, Part]] = {part.name: part for part in _ALL}
"""By name, in the order of the overview."""
