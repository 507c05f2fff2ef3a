"""The forms in which somebody decides about goods: what each asks, and the action that it makes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from msgspec import Struct
from sqlalchemy import Connection, select

from contract import codes
from contract.actions import DISPOSALS, GRADES
from contract.codes import CodeError
from hub import db
from hub.stock import reasons
from hub.stock.stock_actions import Action
from hub.web import i18n, status_words
from hub.web.stock import words


class Field(Struct, frozen=True):
    """A field: a choice where ``options`` are given, else a line of text of this ``type``."""

    name: str
    label: str
    options: list[tuple[str, str]] | None = None
    type: str = "text"
    hint: str = ""
    empty: str | None = None
    required: bool = True
    value: str = ""


class Form(Struct, frozen=True):
    """``fields`` are made in the request's language. ``kind`` is the action's tag."""

    kind: str
    label: LazyString
    heading: LazyString
    lead: LazyString
    button: LazyString
    done: LazyString
    fields: Callable[[Connection], Sequence[Field]]
    danger: bool = False


_ACTIONS: Final = msgspec.json.Decoder(Action)


def made(kind: str, items: Sequence[str], values: Mapping[str, str]) -> Action | None:
    """The action that a form with these values asks for; None where it is none."""
    given: dict[str, Any] = {name: value for name, value in values.items() if value}
    compared = [one for one in request.form.getlist("compared") if one][:24]
    if kind == "correct" and compared:
        given["compared"] = compared
    try:
        action: Action = _ACTIONS.decode(
            msgspec.json.encode({"action": kind, "items": items, **given})
        )
    except msgspec.ValidationError:
        return None
    return action


def held(texts: Sequence[str]) -> list[str]:
    """Codes of items and boxes in what somebody typed or scanned, each once, in order.

    Raises:
        ValueError: with the first word that is none.
    """
    found: dict[str, None] = {}
    for word in " ".join(texts).replace(",", " ").replace("，", " ").split():
        try:
            code = codes.parse(word)
        except CodeError:
            raise ValueError(word) from None
        if code.kind not in (codes.Kind.ITEM, codes.Kind.BOX):
            raise ValueError(word)
        found[code.text] = None
    return list(found)


def _place(connection: Connection) -> list[Field]:
    fields = [Field("place", _("Place"), words.place_choices(connection))]
    stops = words.stop_choices(connection)
    if len(stops) > 1:
        same = _("the stop where it is")
        fields.append(Field("stop", _("Stop"), stops, empty=same, required=False))
    return fields


def _correct(connection: Connection) -> list[Field]:
    status = [
        (word, status_words.status(word) if word != "in_stock" else _("It is here"))
        for word in ("in_stock", "missing", "delivered", "sold", "disposed")
    ]
    why = words.choices(reasons.CORRECTIONS)
    places = Field(
        "place",
        _("Place"),
        words.place_choices(connection),
        empty=_("as before"),
        required=False,
        hint=_("Only where it is here."),
    )
    return [
        Field("status", _("What is so"), status),
        Field("why", _("How do you know?"), why),
        places,
        *_place(connection)[1:],
    ]


def _plan(connection: Connection) -> list[Field]:
    table = db.plan.c
    rows = connection.execute(
        select(table.code, table.zh, table.en).where(table.open).order_by(table.zh, table.code)
    )
    plans = [(row.code, f"{i18n.pick(row.zh, row.en)} · {row.code}") for row in rows]
    return [Field("plan", _("Delivery plan"), plans)]


def _box(_connection: Connection) -> list[Field]:
    hint = _("Scan the label on the box, or type its code. A label that is not in use is as good.")
    return [Field("box", _("Box"), hint=hint)]


def _why(table: Sequence[Any], among: Sequence[str] | None = None) -> Any:
    return lambda _connection: [Field("why", _("Why"), words.choices(table, among))]


FORMS: Final = {
    form.kind: form
    for form in (
        Form(
            "move",
            _l("Move"),
            _l("Where does it stand now?"),
            _l("Put it there first, then say so here."),
            _l("It stands there"),
            _l("Moved."),
            _place,
        ),
        Form(
            "correct",
            _l("Correct"),
            _l("What is really so?"),
            _l("Look at it, or ask, before you say so. It is recorded with your account."),
            _l("That is so"),
            _l("Corrected."),
            _correct,
        ),
        Form(
            "quarantine",
            _l("Set aside"),
            _l("Set aside to be checked"),
            _l("It stays here and cannot go out until somebody has released it."),
            _l("Set it aside"),
            _l("Set aside."),
            _why(reasons.SET_ASIDE, reasons.BY_HAND),
        ),
        Form(
            "release",
            _l("Release"),
            _l("Checked, and good?"),
            _l("It is free again, or reserved as before."),
            _l("Release it"),
            _l("Released."),
            _why(reasons.RELEASES),
        ),
        Form(
            "grade",
            _l("Condition"),
            _l("In what condition is it?"),
            _l("As somebody who receives it would see it."),
            _l("Note it"),
            _l("The condition is noted."),
            lambda _connection: [Field("grade", _("Condition"), words.choices(GRADES))],
        ),
        Form(
            "expiry",
            _l("Use by"),
            _l("Until when is it good?"),
            _l("The month that stands on the pack; its last day counts."),
            _l("Note it"),
            _l("The date is noted."),
            lambda _connection: [
                Field("month", _("Month"), type="month", hint=_("For example 2027-03"))
            ],
        ),
        Form(
            "reserve",
            _l("Reserve"),
            _l("For which delivery is it kept?"),
            _l("It stays where it is, and counts as reserved and no longer as free."),
            _l("Keep it"),
            _l("Reserved."),
            _plan,
        ),
        Form(
            "unreserve",
            _l("Free again"),
            _l("Is it free again?"),
            _l("It is no longer kept for its delivery."),
            _l("It is free"),
            _l("Free again."),
            lambda _connection: [],
        ),
        Form(
            "pack",
            _l("Pack"),
            _l("Into which box?"),
            _l("From now on it moves with the box."),
            _l("It is in the box"),
            _l("Packed."),
            _box,
        ),
        Form(
            "unpack",
            _l("Take out"),
            _l("Is it out of its box?"),
            _l("It stays at the box’s place until somebody moves it."),
            _l("It is out"),
            _l("Taken out."),
            lambda _connection: [],
        ),
        Form(
            "dispose",
            _l("Throw away"),
            _l("Throw it away?"),
            _l("It leaves the stock for good. If it was a mistake, it can be undone here."),
            _l("It is thrown away"),
            _l("Thrown away."),
            _why(DISPOSALS),
            danger=True,
        ),
    )
}
