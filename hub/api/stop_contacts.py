"""When stops are open, and their hosts' telephones, over the API."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from hub.access.permissions import Permission
from hub.alerts import contacts
from hub.alerts.contacts import Contact, ContactChangedError, ContactError
from hub.alerts.opening import Hours
from hub.api.alert_limits import require_stop
from hub.api.problems import BadParameter
from hub.api.routes import Call, Route
from hub.request import connection, services


class ContactOut(Struct, frozen=True):
    """When a stop is open, and its host's telephone; ``version`` goes into the next change."""

    stop: str
    week: list[str]
    holidays: list[str]
    phone: str
    version: str


class ContactIn(Struct, frozen=True, forbid_unknown_fields=True):
    """``week`` has seven texts such as ``09:00-12:00 14:00-18:00``, Monday first, or none at all
    (always open); ``seen`` is the version that was read."""

    week: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=7)] = []
    holidays: Annotated[list[Annotated[str, Meta(max_length=21)]], Meta(max_length=60)] = []
    phone: Annotated[str, Meta(max_length=30)] = ""
    seen: str | None = None


def _contact_out(stop: str, one: Contact) -> ContactOut:
    return ContactOut(
        stop, list(one.hours.week), list(one.hours.holidays), one.phone, contacts.version(one)
    )


def _contact(call: Call) -> ContactOut:
    stop = call.path["stop"][:64]
    require_stop(call, stop)
    return _contact_out(stop, contacts.contact(connection(), stop))


def _put_contact(call: Call) -> ContactOut:
    stop, body = call.path["stop"][:64], call.sent(ContactIn)
    require_stop(call, stop)
    wish = Contact(Hours(tuple(body.week), tuple(body.holidays)), body.phone)
    try:
        kept = services().writer.call(
            lambda writing: contacts.put(writing, stop, wish, call.user.by, call.now_ms, body.seen)
        )
    except ContactError as error:
        name = {"day": "week", "holiday": "holidays"}.get(error.what, error.what)
        raise BadParameter(name, f"cannot be so: {error.text or 'see the description'}") from None
    return _contact_out(stop, kept)


_STOP: Final = {"stop": "The stop's id."}

ROUTES: Final = (
    Route(
        method="GET",
        path="/stops/{stop}/contact",
        name="stopContact",
        summary="When a stop is open, and its host's telephone",
        permission=Permission.SETTINGS,
        act=_contact,
        answer=ContactOut,
        arguments=_STOP,
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/stops/{stop}/contact",
        name="setStopContact",
        summary="Set a stop's opening hours and its host's telephone",
        permission=Permission.SETTINGS,
        act=_put_contact,
        body=ContactIn,
        answer=ContactOut,
        arguments=_STOP,
        problems=(404,),
        refusals={ContactChangedError: 409},
    ),
)
"""These routes."""
