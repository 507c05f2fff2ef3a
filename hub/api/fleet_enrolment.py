"""Adding kiosks over the API: invitations made, looked at, taken back and confirmed."""

from typing import Annotated, Final

from flask import abort
from msgspec import Meta, Struct
from sqlalchemy import Connection

from contract import enrolling
from contract.enrolling import Digits
from contract.fields import KioskId, StopId
from hub.access.permissions import Permission
from hub.api.routes import Call, Route
from hub.fleet import enrolment, invitations
from hub.fleet.enrolment import WrongDigits
from hub.fleet.invitations import DEFAULT_HOURS, MAX_HOURS, InvitationRefusedError, Invited, State
from hub.fleet.reachable import NotReachableError, reach
from hub.queries import places
from hub.request import connection, services
from provisioning.authority import AuthorityError


class WrongDigitsError(ValueError):
    """What was typed is not what the kiosk printed."""


class InvitationIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A kiosk for ``stop``; ``replaces`` is the one whose place it takes there, ``hours`` how long
    its code works."""

    stop: StopId
    replaces: KioskId | None = None
    hours: Annotated[int, Meta(ge=1, le=MAX_HOURS)] = DEFAULT_HOURS


class DigitsIn(Struct, frozen=True, forbid_unknown_fields=True):
    """The six digits that the kiosk printed."""

    digits: Digits


class InvitationOut(Struct, frozen=True):
    """An invitation. ``state``: waiting (for a kiosk), enrolled (waits for its digits until
    ``until_ms``), confirmed, expired or cancelled. ``cancelled_why`` is person or digits.
    ``connected`` and ``scanned`` tell how far a confirmed kiosk is."""

    id: str
    stop: str
    replaces: str | None
    state: str
    account: str
    made_ms: int
    until_ms: int
    kiosk: str | None
    enrolled_ms: int | None
    confirmed_ms: int | None
    cancelled_ms: int | None
    cancelled_why: str | None
    tries_left: int
    connected: bool
    scanned: bool
    software: str
    serial: str


class InvitationsOut(Struct, frozen=True):
    """Invitations, the newest first."""

    invitations: list[InvitationOut]


class InvitationMade(Struct, frozen=True):
    """A new invitation, and what the kiosk is to scan: ``text`` as a QR code, or each of ``parts``
    as a Code 128. Both are told once."""

    invitation: InvitationOut
    text: str
    parts: list[str]


class KioskConfirmed(Struct, frozen=True):
    """The kiosk that belongs to the hub now, and the one whose place it took."""

    invitation: InvitationOut
    kiosk: str
    retired: str | None


def _out(here: Connection, one: Invited) -> InvitationOut:
    confirmed = one.state is State.CONFIRMED
    far = invitations.progress(here, one.kiosk) if confirmed else invitations.Progress()
    return InvitationOut(
        id=one.id,
        stop=one.stop,
        replaces=one.replaces or None,
        state=one.state.value,
        account=one.account,
        made_ms=one.made_ms,
        until_ms=one.until_ms,
        kiosk=one.kiosk or None,
        enrolled_ms=one.enrolled_ms,
        confirmed_ms=one.confirmed_ms,
        cancelled_ms=one.cancelled_ms,
        cancelled_why=one.cancelled_why or None,
        tries_left=max(0, enrolling.MAX_TRIES - one.tries),
        connected=far.connected,
        scanned=far.scanned,
        software=one.software,
        serial=one.serial,
    )


def _require(call: Call, stop: str, permission: Permission) -> None:
    call.reach(stop, permission)


def _found(call: Call, permission: Permission) -> Invited:
    found = invitations.one(connection(), call.path["invitation"][:16], call.now_ms)
    if found is None:
        abort(404)
    _require(call, found.stop, permission)
    return found


def _again(here: Connection, call: Call, invitation: str) -> InvitationOut:
    found = invitations.one(here, invitation, call.now_ms)
    assert found is not None
    return _out(here, found)


def _every(call: Call) -> InvitationsOut:
    here = connection()
    found = invitations.every(here, call.now_ms, call.user.visible)
    return InvitationsOut([_out(here, one) for one in found])


def _one(call: Call) -> InvitationOut:
    return _out(connection(), _found(call, Permission.VIEW))


def _make(call: Call) -> InvitationMade:
    body, where = call.sent(InvitationIn), reach(services().config)
    if body.stop not in places.stops(connection()):
        abort(404, "There is no such stop.")
    _require(call, body.stop, Permission.FLEET)

    def work(writing: Connection) -> InvitationMade:
        made = invitations.make(
            writing,
            body.stop,
            call.user.by,
            call.now_ms,
            replaces=body.replaces or "",
            hours=body.hours,
        )
        invitation = where.invitation(made.code)
        return InvitationMade(
            _again(writing, call, made.id),
            enrolling.encode(invitation),
            list(enrolling.parts(invitation)),
        )

    return services().writer.call(work)


def _cancel(call: Call) -> InvitationOut:
    found = _found(call, Permission.FLEET)

    def work(writing: Connection) -> InvitationOut:
        invitations.cancel(writing, found.id, call.user.by, call.now_ms)
        return _again(writing, call, found.id)

    return services().writer.call(work)


def _confirm(call: Call) -> KioskConfirmed:
    found, where = _found(call, Permission.FLEET), reach(services().config)
    digits = call.sent(DigitsIn).digits

    def work(writing: Connection) -> KioskConfirmed | WrongDigits:
        done = enrolment.confirm(writing, found.id, digits, call.user.by, where, call.now_ms)
        if isinstance(done, WrongDigits):
            return done
        return KioskConfirmed(_again(writing, call, found.id), done.kiosk, done.retired or None)

    done = services().writer.call(work)
    if isinstance(done, WrongDigits):
        raise WrongDigitsError(f"wrong-digits: {done.left} left")
    return done


_REFUSED: Final = {
    InvitationRefusedError: 409,
    NotReachableError: 409,
    AuthorityError: 409,
    WrongDigitsError: 409,
}
_INVITATION: Final = {"invitation": "The invitation's id."}

ROUTES: Final = (
    Route(
        method="GET",
        path="/kiosks/invitations",
        name="kioskInvitations",
        summary="Invitations to become a kiosk of this hub, the newest first",
        permission=Permission.VIEW,
        act=_every,
        answer=InvitationsOut,
    ),
    Route(
        method="POST",
        path="/kiosks/invitations",
        name="inviteKiosk",
        summary="Invite a new kiosk, or one that takes another's place",
        permission=Permission.FLEET,
        act=_make,
        answer=InvitationMade,
        body=InvitationIn,
        problems=(404,),
        refusals=_REFUSED,
        secret=True,
    ),
    Route(
        method="GET",
        path="/kiosks/invitations/{invitation}",
        name="kioskInvitation",
        summary="An invitation, and how far its kiosk is",
        permission=Permission.VIEW,
        act=_one,
        answer=InvitationOut,
        arguments=_INVITATION,
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/kiosks/invitations/{invitation}/cancel",
        name="cancelKioskInvitation",
        summary="Take an open invitation back",
        permission=Permission.FLEET,
        act=_cancel,
        answer=InvitationOut,
        arguments=_INVITATION,
        problems=(404,),
        refusals=_REFUSED,
    ),
    Route(
        method="POST",
        path="/kiosks/invitations/{invitation}/confirm",
        name="confirmKiosk",
        summary="Confirm a kiosk by the six digits that it printed",
        permission=Permission.FLEET,
        act=_confirm,
        answer=KioskConfirmed,
        body=DigitsIn,
        arguments=_INVITATION,
        problems=(404,),
        refusals=_REFUSED,
    ),
)
"""These routes."""
