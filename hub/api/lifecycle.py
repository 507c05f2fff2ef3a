"""The ends of kiosks, what came from them afterwards, and bundles, over the API."""

from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal

from flask import abort
from msgspec import Meta, Struct
from sqlalchemy import Connection

from contract.bundles import MAX_BUNDLE_BYTES
from contract.fields import MAX_SEQ, EpochId, KioskId
from hub.access.permissions import Permission
from hub.api.routes import Call, Route, SentFile
from hub.fleet import bundles, lifecycle, reviewing
from hub.fleet.bundles import ImportRefusedError
from hub.fleet.lifecycle import LifecycleError
from hub.fleet.reviewing import ReviewError
from hub.queries import places
from hub.request import connection, now_ms, services
from hub.web.lifecycle.bundles import require_stop
from hub.web.lifecycle.review import decide_all, look_at

Seq = Annotated[int, Meta(ge=1, le=MAX_SEQ)]


class Retire(Struct, frozen=True, forbid_unknown_fields=True):
    """``anyway``: though it may hold events that are not here."""

    why: Literal["replaced", "closed", "broken", "not-needed"]
    anyway: bool = False
    replaced_by: KioskId | None = None


class Revoke(Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is not to be trusted any more."""

    why: Literal["stolen", "lost", "suspect", "copied"]


class MarkOut(Struct, frozen=True):
    """How far a stream was when its kiosk was revoked, and the hash there."""

    epoch: str
    through: int
    hash: str


class EndOut(Struct, frozen=True):
    """How a kiosk ended; times are Unix ms, null while it has not. ``unsent``: events that it is
    known to hold and the hub does not; ``unheard``: it is not connected, there may be more."""

    kiosk: str
    retired_ms: int | None
    revoked_ms: int | None
    why: str
    replaced_by: str
    unsent: int
    unheard: bool
    marks: list[MarkOut]


class StretchIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Events ``first`` to ``last`` of an epoch, both included."""

    epoch: EpochId
    first: Seq
    last: Seq


Stretches = Annotated[list[StretchIn], Meta(max_length=100)]


class Accept(Struct, frozen=True, forbid_unknown_fields=True):
    """Take in what waits there; without stretches all of it."""

    stretches: Stretches = []


class Reject(Struct, frozen=True, forbid_unknown_fields=True):
    """Refuse what waits there; without stretches all of it."""

    why: Literal["not-ours", "made-up", "copied", "other"]
    stretches: Stretches = []


class StretchOut(Struct, frozen=True):
    """``lines`` events of an epoch that wait, from ``first`` to ``last``; the hub has it
    ``through`` that one."""

    epoch: str
    first: int
    last: int
    lines: int
    through: int


class ReviewOut(Struct, frozen=True):
    """What waits of a kiosk. ``kinds``: events by type, "" for those that are not understood.
    ``wall_first`` and ``wall_last`` are Unix ms by the kiosk's own clock."""

    kiosk: str
    lines: int
    refused: int
    items: int
    kinds: dict[str, int]
    wall_first: int | None
    wall_last: int | None
    stretches: list[StretchOut]


class DecidedOut(Struct, frozen=True):
    """Events that were decided on, and those of them that were not here by another way."""

    lines: int
    fresh: int


class BundleOut(Struct, frozen=True):
    """What became of a bundle: ``fresh`` events are new, ``held`` were here already, ``review``
    wait for a person, ``rejected`` a person refused before."""

    kiosk: str
    events: int
    fresh: int
    held: int
    review: int
    rejected: int


def _reach(call: Call, permission: Permission) -> str:
    """The kiosk that is meant. Raises 404, or `Denied` beyond the token's scope."""
    kiosk = call.path["kiosk"]
    stop = places.stop_of_kiosks(connection()).get(kiosk)
    if stop is None:
        abort(404)
    call.reach(stop, permission)
    return kiosk


def _end(here: Connection, kiosk: str) -> EndOut:
    ended, left = lifecycle.ended(here, kiosk), lifecycle.unsent(here, kiosk)
    assert ended is not None
    return EndOut(
        kiosk=kiosk,
        retired_ms=ended.retired_ms,
        revoked_ms=ended.revoked_ms,
        why=ended.why,
        replaced_by=ended.replaced_by,
        unsent=left.events,
        unheard=left.unheard,
        marks=[MarkOut(one.epoch, one.through, one.hash) for one in lifecycle.marks(here, kiosk)],
    )


def _how(call: Call) -> EndOut:
    return _end(connection(), _reach(call, Permission.VIEW))


def _retire(call: Call) -> EndOut:
    kiosk, body = _reach(call, Permission.FLEET), call.sent(Retire)

    def work(writing: Connection) -> EndOut:
        lifecycle.retire(
            writing,
            kiosk,
            body.why,
            call.user.by,
            call.now_ms,
            anyway=body.anyway,
            replaced_by=body.replaced_by or "",
        )
        return _end(writing, kiosk)

    return services().writer.call(work)


def _revoke(call: Call) -> EndOut:
    kiosk, body = _reach(call, Permission.FLEET), call.sent(Revoke)

    def work(writing: Connection) -> EndOut:
        lifecycle.revoke(writing, kiosk, body.why, call.user.by, call.now_ms)
        return _end(writing, kiosk)

    return services().writer.call(work)


# --- review ---------------------------------------------------------------------------------------


def _review(call: Call) -> ReviewOut:
    found = look_at(call.path["kiosk"])
    return ReviewOut(
        kiosk=found.kiosk,
        lines=found.lines,
        refused=found.refused,
        items=found.items,
        kinds=dict(found.kinds),
        wall_first=found.wall[0] if found.wall else None,
        wall_last=found.wall[1] if found.wall else None,
        stretches=[
            StretchOut(one.epoch, one.first, one.last, one.lines, one.through)
            for one in found.stretches
        ],
    )


def _stretches(given: list[StretchIn]) -> list[reviewing.Stretch]:
    return [reviewing.Stretch(one.epoch, one.first, one.last) for one in given]


def _accept(call: Call) -> DecidedOut:
    kiosk, wanted = _reach(call, Permission.FLEET), _stretches(call.sent(Accept).stretches)
    done = decide_all(
        lambda here, who, moment: reviewing.accept(here, kiosk, wanted, who, moment), kiosk
    )
    return DecidedOut(done.lines, done.fresh)


def _reject(call: Call) -> DecidedOut:
    kiosk, body = _reach(call, Permission.FLEET), call.sent(Reject)
    wanted = _stretches(body.stretches)
    done = decide_all(
        lambda here, who, moment: reviewing.reject(here, kiosk, wanted, body.why, who, moment),
        kiosk,
    )
    return DecidedOut(done.lines, 0)


def _reconsider(call: Call) -> DecidedOut:
    kiosk, wanted = _reach(call, Permission.FLEET), _stretches(call.sent(Accept).stretches)
    done = decide_all(
        lambda here, who, moment: reviewing.reconsider(here, kiosk, wanted, who, moment), kiosk
    )
    return DecidedOut(done.lines, 0)


# --- bundles --------------------------------------------------------------------------------------


def _bring(call: Call) -> BundleOut:
    sent, key_file = call.sent(SentFile), services().config.bundle_key_file
    writing = services().writer.call
    keys = bundles.hub_keys(key_file)
    opened, lines = bundles.open_bundle(sent.file, keys, writing, Path(key_file).parent)
    with lines:
        require_stop(opened)
        done = bundles.take_in(opened, lines, writing, call.user.by, now_ms)
    return BundleOut(
        kiosk=done.kiosk,
        events=done.events,
        fresh=done.fresh,
        held=done.held,
        review=done.review,
        rejected=done.rejected,
    )


_KIOSK: Final = {"kiosk": "The kiosk's id."}

_ON_KIOSK: Final = partial(Route, arguments=_KIOSK, problems=(404,))
_ASKING: Final = partial(_ON_KIOSK, method="GET", permission=Permission.VIEW)
_ACTING: Final = partial(_ON_KIOSK, method="POST", permission=Permission.FLEET)

ROUTES: Final = (
    _ASKING(
        path="/kiosks/{kiosk}/end",
        name="kioskEnd",
        summary="Whether a kiosk has ended, how, and what it may still hold",
        act=_how,
        answer=EndOut,
    ),
    _ACTING(
        path="/kiosks/{kiosk}/retire",
        name="retireKiosk",
        summary="Take a kiosk out of service for good",
        act=_retire,
        answer=EndOut,
        body=Retire,
        refusals={LifecycleError: 409},
    ),
    _ACTING(
        path="/kiosks/{kiosk}/revoke",
        name="revokeKiosk",
        summary="Trust a kiosk no more: cut it off at once",
        act=_revoke,
        answer=EndOut,
        body=Revoke,
        refusals={LifecycleError: 409},
    ),
    _ASKING(
        path="/kiosks/{kiosk}/review",
        name="kioskReview",
        summary="What waits of a kiosk for a person's word",
        act=_review,
        answer=ReviewOut,
    ),
    _ACTING(
        path="/kiosks/{kiosk}/review/accept",
        name="acceptReview",
        summary="Take in what waits",
        act=_accept,
        answer=DecidedOut,
        body=Accept,
    ),
    _ACTING(
        path="/kiosks/{kiosk}/review/reject",
        name="rejectReview",
        summary="Refuse what waits",
        act=_reject,
        answer=DecidedOut,
        body=Reject,
        refusals={ReviewError: 409},
    ),
    _ACTING(
        path="/kiosks/{kiosk}/review/reconsider",
        name="reconsiderReview",
        summary="Put what was refused back to wait",
        act=_reconsider,
        answer=DecidedOut,
        body=Accept,
    ),
    Route(
        method="POST",
        path="/bundles",
        name="bringBundle",
        summary="Take in a bundle that a kiosk wrote onto a stick",
        permission=Permission.FLEET,
        act=_bring,
        answer=BundleOut,
        file_bytes=MAX_BUNDLE_BYTES,
        refusals={ImportRefusedError: 409},
    ),
)
"""These routes."""
