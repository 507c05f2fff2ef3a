"""An invitation in words: where it stands, what comes next, why something cannot be."""

import hashlib
from typing import Final

import msgspec
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from msgspec import Struct

from hub.fleet.invitations import BY_DIGITS, Invited, Progress, State
from hub.web import i18n

STATES: Final[dict[State, LazyString]] = {
    State.WAITING: _l("waits for the kiosk"),
    State.ENROLLED: _l("waits for the six digits"),
    State.CONFIRMED: _l("confirmed"),
    State.EXPIRED: _l("expired"),
    State.CANCELLED: _l("taken back"),
}

REFUSED: Final[dict[str, LazyString]] = {
    "unknown-stop": _l("There is no such stop any more."),
    "unknown-kiosk": _l("There is no such kiosk."),
    "other-stop": _l("That kiosk stands at another stop: choose its stop."),
    "ended": _l("Another kiosk has taken its place already."),
    "bad-hours": _l("Hours: from 1 to 336."),
    "over": _l("This invitation is over already."),
    "not-yet": _l("No kiosk has come with it yet: there are no digits to compare."),
    "unknown": _l("There is no such invitation."),
}
"""Why it cannot be, by `hub.fleet.invitations.InvitationRefusedError.why`."""

UNREACHABLE: Final[dict[str, LazyString]] = {
    "no-address": _l(
        "New kiosks come over HTTPS, and this hub has no such address yet: public_url in hub.toml"
        " is to begin with https://. “yicang provision hub” sets all of that up."
    ),
    "no-authority": _l(
        "New kiosks trust this hub by its certificate authority, and there is none here:"
        " “yicang provision hub” makes one and enters it in hub.toml."
    ),
    "no-bundle-key": _l(
        "The hub’s key for what is carried on a stick cannot be read: look at bundle_key_file in"
        " hub.toml."
    ),
}


class Step(Struct, frozen=True):
    """A step of the way; ``state`` is done, now or later."""

    state: str
    title: str
    detail: str = ""


def state(one: Invited) -> str:
    """Where it stands, in a word or two."""
    return str(STATES[one.state])


def tone(one: Invited) -> str:
    """How that is meant."""
    match one.state:
        case State.CONFIRMED:
            return "good"
        case State.EXPIRED | State.CANCELLED:
            return "bad"
        case _:
            return ""


def why_over(one: Invited) -> str:
    """What a closed invitation's page says."""
    if one.state is State.EXPIRED:
        if one.kiosk:
            return _("Nobody typed the digits in time. Make a new invitation and begin again.")
        return _("Its time is over, and no kiosk came. Make a new one.")
    if one.cancelled_why == BY_DIGITS:
        return _(
            "Wrong digits were typed three times. Whatever machine had come is shut out. Make a new"
            " invitation, and let nobody else see it."
        )
    return _("Somebody took it back. Its code works no more.")


def steps(one: Invited, far: Progress) -> list[Step]:
    """The way from the sheet to the first scan."""
    came = one.kiosk != ""
    confirmed = one.state is State.CONFIRMED
    done = (came, confirmed, far.connected, far.scanned)
    now = done.index(False) if False in done else len(done)
    words = (
        (
            _("The kiosk scans the code"),
            _("It came as %(kiosk)s.", kiosk=one.kiosk)
            if came
            else _("Follow the sheet at the stop. This page notices by itself."),
        ),
        (
            _("You type the six digits that it printed"),
            "" if confirmed else _("So that nobody who copied the code can take its place."),
        ),
        (
            _("It connects"),
            "" if far.connected else _("It does so by itself, within a minute."),
        ),
        (
            _("The first scan is received"),
            ""
            if far.scanned
            else _("Scan the sample bag, or any thing that comes in, at the kiosk."),
        ),
    )
    return [
        Step(
            "done" if done[n] else "now" if n == now else "later",
            title,
            detail if n <= now else "",
        )
        for n, (title, detail) in enumerate(words)
    ]


def etag(one: Invited, far: Progress) -> str:
    """Changes with what the page shows."""
    shown = msgspec.json.encode((i18n.language(), one, far))
    return f'W/"{hashlib.sha256(shown).hexdigest()[:32]}"'
