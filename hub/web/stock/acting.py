"""From a form to the stock: who asks, the request's id, what was seen, what is said after it."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from flask import redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response as BaseResponse

from hub import db
from hub.access import accounts
from hub.access.permissions import Permission
from hub.log.recording import Conflict, Recorded, RequestReusedError
from hub.queries import events
from hub.request import connection, now_ms, services
from hub.stock.stock_actions import Action, Refused, Undo
from hub.stock.stock_changes import Keeper, carry_out
from hub.typed import whole_number
from hub.web import shell, wording
from hub.web.login import require, signed_in_user, target_of
from hub.web.shell import Change
from hub.web.stock import words

SEEN: Final = "seen."
"""Fields with this before a code hold the position that the page showed for it."""


def new_request() -> str:
    """The id of a request that a form will make once."""
    return str(uuid.uuid4())


def request_id() -> str:
    """The id that this form brings; a fresh one where it is none."""
    text = request.form.get("request", "").lower()
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return new_request()


def seen() -> dict[str, int]:
    """What the form's page knew of the goods."""
    return {
        name.removeprefix(SEEN): position
        for name, value in request.form.items()
        if name.startswith(SEEN) and (position := whole_number(value, 17)) is not None
    }


def back_to(otherwise: str) -> str:
    """Where the user came from, if the form or address says so and it is a page of ours."""
    wish = request.values.get("back", "")
    return target_of(wish) if wish else otherwise


def keeper() -> Keeper:
    """Whoever is signed in, as the stock knows them."""
    user = require(Permission.EDIT_STOCK)
    return Keeper(user.id, user.sees)


def attempt(action: Action, expects: Mapping[str, int], asked: str) -> Recorded:
    """Carry it out. Raises what `carry_out` raises."""
    who, moment = keeper(), now_ms()
    return services().writer.call(
        lambda writing: carry_out(
            writing, action, who, now_ms=moment, request=asked, expects=expects
        )
    )


def do(action: Action, *, back: str, done: str, form: str | None = None) -> BaseResponse:
    """Carry out what this request's form asks, say so on the page ``back``, with an undo; or say
    why not, on ``form`` if that is another page."""
    asked = request_id()
    try:
        attempt(action, seen(), asked)
    except Refused as error:
        shell.told(words.refusal(error), "bad")
        return redirect(form or back, 303)
    except RequestReusedError:
        shell.told(_("This form was sent before, for something else. Please begin again."), "bad")
        return redirect(form or back, 303)
    except Conflict as error:
        return BaseResponse(*_conflict(error, back), content_type="text/html; charset=utf-8")
    if isinstance(action, Undo):  # which is never undone itself: one decides again
        shell.told(done)
    else:
        fields = {"of": asked, "request": new_request(), "back": back}
        shell.told_undoable(done, url_for("stock_act.undo"), fields)
    return redirect(back, 303)


def _conflict(error: Conflict, back: str) -> tuple[str, int]:
    return shell.conflict(changes_since(connection(), error.subject, error.events), back)


def changes_since(here: Connection, subject: str, newer: Sequence[str]) -> list[Change]:
    """What happened to ``subject`` meanwhile, and who did it, as far as that is known."""
    who = accounts.names(here)
    found = [one for one in events.touching(here, [subject]) if one.id in newer]
    return [
        Change(
            wording.describe(one.event.public.body),
            who.get(one.event.private.account or "", one.kiosk),
            one.t,
            url_for("events.listing", event=one.id),
        )
        for one in found
    ]


def events_of_request(here: Connection, asked: str) -> tuple[str, ...]:
    """What this request became; nothing for an unknown one."""
    text = here.scalar(select(db.request.c.events).where(db.request.c.id == asked))
    return () if text is None else msgspec.json.decode(text, type=tuple[str, ...])


def may_edit(stop: str | None = None) -> bool:
    """Whether the user may change the stock, at ``stop`` if one is given."""
    return signed_in_user().may(Permission.EDIT_STOCK, stop)
