"""Settling incidents, naming things and taking in lists over the API: what the pages do."""

from typing import Any, Final

import msgspec
from flask import abort
from msgspec import Struct
from sqlalchemy import Connection

from hub import rulings
from hub.access import audit
from hub.access.permissions import Permission
from hub.api.problems import BadParameter
from hub.api.routes import Call, Route
from hub.kiosks import catalogue, reference
from hub.kiosks.catalogue import CatalogueError
from hub.kiosks.reference import TooManyNamesError
from hub.log.recording import API
from hub.queries import incidents, places
from hub.queries import market as sales
from hub.queries.market import Market, Proceeds
from hub.request import connection, services
from hub.rulings import Intake, NotThisRulingError
from hub.stock import donations
from hub.stock.donation_rows import Fault, Known, Row, read
from hub.stock.donations import Donation, DonationError
from hub.stock.stock_actions import Refused
from hub.stock.stock_changes import Keeper
from hub.web.name_parts import PARTS

# --- incidents -----------------------------------------------------------------------------------


class Ruling(Struct, frozen=True, forbid_unknown_fields=True):
    """How an incident is settled: ``ruling`` is one of those that its kind takes; ``position`` is
    how far the item was known (409 if something happened since); ``intake`` goes with
    ``receive``."""

    key: str
    ruling: str
    position: int | None = None
    intake: Intake | None = None


class RulingOut(Struct, frozen=True):
    """The events that came of it."""

    events: list[str]


def _rule(call: Call) -> RulingOut:
    body = call.sent(Ruling)
    incident = incidents.one(connection(), body.key)
    if incident is None:
        abort(404)
    call.reach(incident.stop, Permission.RESOLVE_INCIDENT)
    keeper = Keeper(call.user.id, call.user.sees, API)
    expects = {rulings.item_of(incident): body.position} if body.position is not None else None

    def work(writing: Connection) -> tuple[str, ...]:
        done = rulings.rule(
            writing,
            incident,
            body.ruling,
            keeper,
            now_ms=call.now_ms,
            request=call.key,
            intake=body.intake,
            expects=expects,
        )
        detail = {"ruling": body.ruling}
        audit.note(
            writing,
            call.user.by,
            "incident.ruled",
            incident.key,
            detail,
            call.now_ms,
            stop=incident.stop,
        )
        return done.events

    return RulingOut(list(services().writer.call(work)))


# --- names ---------------------------------------------------------------------------------------


class Entries(Struct, frozen=True, forbid_unknown_fields=True):
    """The entries of a part of the reference data, each as its fields."""

    entries: list[dict[str, Any]]


class Removed(Struct, frozen=True):
    """The key of what is no longer there."""

    key: str


def _part(call: Call) -> str:
    name = call.path["part"]
    if name not in PARTS:
        abort(404)
    return name


def _names(call: Call) -> Entries:
    found = catalogue.entries(connection(), _part(call))
    return Entries([msgspec.to_builtins(entry) for entry in found])


def _put(call: Call) -> Entries:
    part, body = _part(call), call.sent(Entries)
    _everywhere(call)

    def work(writing: Connection) -> None:
        catalogue.put(writing, part, body.entries)
        reference.require_room(writing, part)
        keys = [str(entry.get(PARTS[part].key, ""))[:40] for entry in body.entries[:20]]
        detail = {"entries": len(body.entries), "keys": keys}
        audit.note(writing, call.user.by, "reference.put", part, detail, call.now_ms)

    services().writer.call(work)
    return body


def _remove(call: Call) -> Removed:
    part, key = _part(call), call.path["key"]
    _everywhere(call)

    def work(writing: Connection) -> None:
        catalogue.remove(writing, part, PARTS[part].convert(key))
        detail = {"keys": [key[:40]]}
        audit.note(writing, call.user.by, "reference.removed", part, detail, call.now_ms)

    try:
        services().writer.call(work)
    except CatalogueError:
        abort(404)
    return Removed(key)


def _everywhere(call: Call) -> None:
    """Names hold for the whole hub."""
    call.reach("", Permission.NAME_CODES)


# --- donations by list ---------------------------------------------------------------------------


class DonationIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A list: rows of cells, headings first, as in a file (`hub.stock.donation_rows`)."""

    stop: str
    rows: list[list[str | int | float | None]]
    source: str = ""
    boxes: bool = False


class DonationOut(Struct, frozen=True):
    """A list as it was read, and how far it got."""

    id: str
    stop: str
    pieces: int
    labels: int
    rows: list[Row]
    faults: list[Fault]
    received_ms: int | None
    labelled_ms: int | None
    taken_back_ms: int | None
    codes: list[str]


def _donation(found: Donation, here: Connection) -> DonationOut:
    made = [code for code, _, _ in donations.codes_of(here, found.id)]
    return DonationOut(
        id=found.id,
        stop=found.stop,
        pieces=found.pieces,
        labels=found.labels,
        rows=list(found.rows),
        faults=list(found.faults),
        received_ms=found.received_ms,
        labelled_ms=found.labelled_ms,
        taken_back_ms=found.taken_back_ms,
        codes=made,
    )


def _required(call: Call) -> Donation:
    found = donations.one(connection(), call.path["donation"][:32])
    if found is None:
        abort(404)
    call.reach(found.stop, Permission.EDIT_STOCK)
    return found


def _read(call: Call) -> DonationOut:
    body = call.sent(DonationIn)
    if body.stop not in places.stops(connection()):
        raise BadParameter("stop", "there is no such stop")
    call.reach(body.stop, Permission.EDIT_STOCK)
    known: Known = donations.known(connection())
    reading = read(body.rows, known, boxes=body.boxes)
    about = (body.stop, body.source, "")

    def work(writing: Connection) -> DonationOut:
        made = donations.keep(writing, reading, about, call.user.by, call.now_ms, boxes=body.boxes)
        found = donations.one(writing, made)
        assert found is not None
        return _donation(found, writing)

    return services().writer.call(work)


def _show(call: Call) -> DonationOut:
    return _donation(_required(call), connection())


def _step(step: Any) -> Any:
    def act(call: Call) -> DonationOut:
        found = _required(call)

        def work(writing: Connection) -> None:
            step(writing, found.id, call.user.by, call.now_ms)

        def look(writing: Connection) -> DonationOut:
            now = donations.one(writing, found.id)
            assert now is not None
            return _donation(now, writing)

        services().writer.call(work)
        return services().writer.call(look)

    return act


# --- the market ----------------------------------------------------------------------------------


class MarketsOut(Struct, frozen=True):
    """Markets, the newest first; money is in jiao (0.1 yuan)."""

    markets: list[Market]


class ProceedsOut(Struct, frozen=True):
    """What each category brought by month and stop, in jiao."""

    proceeds: list[Proceeds]


def _markets(call: Call) -> MarketsOut:
    return MarketsOut(sales.markets(connection(), call.user.visible))


def _proceeds(call: Call) -> ProceedsOut:
    return ProceedsOut(sales.proceeds(connection(), call.user.visible))


_PART: Final = {"part": f"One of {', '.join(PARTS)}."}
_DONATION: Final = {"donation": "The list's id."}

ROUTES: Final = (
    Route(
        method="POST",
        path="/incidents/rule",
        name="ruleOnIncident",
        summary="Settle an incident",
        permission=Permission.RESOLVE_INCIDENT,
        act=_rule,
        body=Ruling,
        answer=RulingOut,
        problems=(404,),
        refusals={NotThisRulingError: 409, Refused: 409},
    ),
    Route(
        method="GET",
        path="/names/{part}",
        name="names",
        summary="What things of one part are called",
        permission=Permission.VIEW,
        act=_names,
        answer=Entries,
        arguments=_PART,
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/names/{part}",
        name="putNames",
        summary="Name things; kiosks know within seconds",
        permission=Permission.NAME_CODES,
        act=_put,
        body=Entries,
        answer=Entries,
        arguments=_PART,
        problems=(404,),
        refusals={CatalogueError: 400, TooManyNamesError: 409},
    ),
    Route(
        method="DELETE",
        path="/names/{part}/{key}",
        name="removeName",
        summary="Take a name away",
        permission=Permission.NAME_CODES,
        act=_remove,
        answer=Removed,
        arguments=_PART,
        problems=(404,),
    ),
    Route(
        method="POST",
        path="/donations",
        name="readDonation",
        summary="Read a list; nothing is taken in yet",
        permission=Permission.EDIT_STOCK,
        act=_read,
        body=DonationIn,
        answer=DonationOut,
    ),
    Route(
        method="GET",
        path="/donations/{donation}",
        name="donation",
        summary="A list and how far it got",
        permission=Permission.VIEW,
        act=_show,
        answer=DonationOut,
        arguments=_DONATION,
        problems=(404,),
    ),
    *(
        Route(
            method="POST",
            path=f"/donations/{{donation}}/{word}",
            name=name,
            summary=summary,
            permission=Permission.EDIT_STOCK,
            act=_step(step),
            answer=DonationOut,
            arguments=_DONATION,
            problems=(404,),
            refusals={DonationError: 409},
        )
        for word, name, summary, step in (
            ("receive", "receiveDonation", "Take a list in", donations.receive),
            ("labelled", "labelDonation", "The labels are on", donations.label),
            ("take-back", "takeDonationBack", "Undo a whole list", donations.take_back),
        )
    ),
    Route(
        method="GET",
        path="/markets",
        name="markets",
        summary="Markets with their money",
        permission=Permission.VIEW,
        act=_markets,
        answer=MarketsOut,
    ),
    Route(
        method="GET",
        path="/markets/proceeds",
        name="proceeds",
        summary="Proceeds by month, stop and category",
        permission=Permission.VIEW,
        act=_proceeds,
        answer=ProceedsOut,
    ),
)
"""These routes."""
