"""What a phone asks: a look, a handover, a step of a count. Each answer is final.

Whatever is answered here in JSON was understood: saved, found, or refused with the reason. Anything
else (no answer, a page about a fault, the sign-in page) tells the phone to keep the request and to
send it again. The same UUID again gets the same answer and changes nothing.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias, get_args

import msgspec
from flask import Response, request
from flask_babel import gettext as _
from msgspec import Meta, Struct
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from contract.fields import RequestId
from hub.access.permissions import Permission
from hub.counts import phone_counts
from hub.counts.counting import CountingError
from hub.counts.phone_counts import BeginTurn, CloseShelf, CountItem, OpenShelf, UncountItem
from hub.log import recording
from hub.log.recording import Conflict, Recorded, RequestReusedError
from hub.request import connection, now_ms, services
from hub.stock.stock_actions import BringBack, Deliver, HandOut, Move, Refused
from hub.stock.stock_changes import Keeper, carry_out
from hub.web.login import needs, signed_in_user
from hub.web.phone import look, words
from hub.web.stock import acting
from hub.web.stock.words import refusal


class LookUp(Struct, frozen=True, tag="look", tag_field="action", forbid_unknown_fields=True):
    """What is this?"""

    text: Annotated[str, Meta(max_length=200)]


Handover: TypeAlias = Move | HandOut | Deliver | BringBack
Counting: TypeAlias = BeginTurn | OpenShelf | CountItem | UncountItem | CloseShelf
Position: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]


class Sent(Struct, frozen=True, forbid_unknown_fields=True):
    """A request of a phone. ``expects`` are the positions that it was shown of what it names."""

    request: RequestId
    act: LookUp | Handover | Counting
    expects: dict[str, Position] = {}


_NEEDED: Final[Mapping[type[Struct], Permission]] = {
    LookUp: Permission.VIEW,
    **dict.fromkeys((Move, HandOut, Deliver, BringBack), Permission.EDIT_STOCK),
    **dict.fromkeys(get_args(Counting), Permission.COUNT),
}


@needs(Permission.VIEW)
def act() -> BaseResponse:
    """Does what one request of a phone asks."""
    try:
        sent = msgspec.json.decode(request.get_data(), type=Sent)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # What it was is not told: somebody's card may be in it.
        return _refused(_("The hub does not understand this. Load the page again."), 400)
    user = signed_in_user()
    if not user.may(_NEEDED[type(sent.act)]):
        return _refused(_("Your account may not do that"), 403)
    if isinstance(sent.act, LookUp):
        found = look.at(sent.act.text)
        return _refused(found, 409) if isinstance(found, str) else _json({**found}, 200)
    try:
        recorded = _write(sent, Keeper(user.id, user.sees, recording.PHONE))
    except Refused as error:
        return _refused(refusal(error), 409)
    except CountingError as error:
        return _refused(words.count_refusal(error), 409)
    except Conflict as error:
        return _refused(_conflict(error), 409)
    except RequestReusedError:
        return _refused(_("This was sent before with something else in it."), 422)
    return _json(
        {
            "outcome": "saved",
            "text": words.done(sent.act),
            "repeated": recorded.repeated,
        },
        200,
    )


def _write(sent: Sent, keeper: Keeper) -> Recorded:
    asked, moment, expects = sent.act, now_ms(), sent.expects

    def work(writing: Connection) -> Recorded:
        assert not isinstance(asked, LookUp)
        if isinstance(asked, Counting):
            return phone_counts.count(writing, asked, keeper, now_ms=moment, request=sent.request)
        return carry_out(
            writing, asked, keeper, now_ms=moment, request=sent.request, expects=expects
        )

    return services().writer.call(work)


def _conflict(error: Conflict) -> str:
    """What happened meanwhile; never who did it."""
    newer = acting.changes_since(connection(), error.subject, error.events)
    return words.conflict(error.subject, [one.what for one in newer])


def _refused(text: str, status: int) -> Response:
    return _json({"outcome": "refused", "text": text}, status)


def _json(found: dict[str, Any], status: int) -> Response:
    response = Response(msgspec.json.encode(found), status=status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
