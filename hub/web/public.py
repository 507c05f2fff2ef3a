"""Pages for everybody: the first page, an item's journey, a donor's own list."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec
from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from msgspec import Struct
from werkzeug.wrappers import Response as BaseResponse

from contract import codes
from contract.codes import CodeError, CodeProblem, Kind
from contract.events import claim_hash
from hub import journey, statuses
from hub.queries import events, items, kiosks, places
from hub.queries.events import Recorded
from hub.queries.items import Item
from hub.request import connection, services
from hub.web import i18n, story

MAX_TYPED = 64
"""Longest text in an address that is looked at as a code."""
_GOODS = (Kind.ITEM, Kind.BOX)
"""What has a journey of its own; of boxes, those that came in whole."""


class Gift(Struct, frozen=True):
    """One line of a donor's list."""

    code: str
    category: str
    status: str
    headline: str


class Report(Struct, frozen=True):
    """When a stop was last heard, in words."""

    stop: str
    when: str


def blueprint() -> Blueprint:
    """The public pages."""
    pages = Blueprint("public", __name__)
    pages.add_app_template_filter(codes.grouped, "code_groups")
    pages.get("/")(home)
    pages.post("/find")(find)
    pages.get("/t/<code>")(item)
    pages.get("/c/<claim>")(claim)
    return pages


def home() -> str:
    """What this is, a box for a code, the figures."""
    return render_template(
        "public/home.html",
        figures=items.figures(connection()),
        delivered=services().reaches.count(connection()),
    )


def find() -> BaseResponse:
    """Where a typed or scanned code leads. A POST: a claim must not end up in a query string."""
    typed = request.form.get("code", "").strip()
    if "://" in typed:
        typed = urlsplit(typed).path.rstrip("/").rpartition("/")[2]
    canonical = codes.normalise(typed[: MAX_TYPED + 1])
    if codes.is_claim(canonical):
        return redirect(url_for("public.claim", claim=canonical), 303)
    try:
        code = codes.parse(canonical)
    except CodeError as error:
        return _not_a_code(error.problem, canonical)
    if code.kind not in _GOODS:
        return _other_kind(code.kind)
    return redirect(url_for("public.item", code=code.text), 303)


def item(code: str) -> BaseResponse:
    """The journey of an item, or of a box that came in whole. A box that was packed here is none:
    what is in it changes."""
    canonical = codes.normalise(code[: MAX_TYPED + 1])
    try:
        parsed = codes.parse(canonical)
    except CodeError as error:
        return _not_a_code(error.problem, canonical)
    if parsed.kind not in _GOODS:
        return _other_kind(parsed.kind)
    if code != canonical:
        return redirect(url_for("public.item", code=canonical), 302)
    found = items.item(connection(), canonical)
    if found is None:
        if parsed.kind is Kind.BOX:
            return _other_kind(parsed.kind)
        return _never_heard_of(canonical)
    return Response(_journey_page(*_as_public([found])))


def _as_public(found: list[Item]) -> list[Item]:
    """The items as everybody may know them: one that was delivered today is still on its way."""
    delivered = [one.code for one in found if one.status == statuses.DELIVERED]
    told = services().reaches.told(connection(), delivered)
    return [
        msgspec.structs.replace(one, status=statuses.OUT)
        if one.status == statuses.DELIVERED and one.code not in told
        else one
        for one in found
    ]


def _journey_page(found: Item) -> str:
    stops = places.stops(connection())
    stop_of = places.stop_of_kiosks(connection())
    happenings = [
        journey.Happening(
            recorded.id,
            recorded.t,
            recorded.known,
            _where(recorded, stop_of),
            recorded.event.public.body,
        )
        for recorded in events.of_item(connection(), found.code)
    ]
    reach = None
    if found.status == statuses.DELIVERED:
        reach = services().reaches.of(connection(), found.code, stops)
    steps = journey.tell(happenings, found.status, reach)
    note = ""
    if found.status == statuses.DELIVERED:
        note = _(
            "Where and when it arrived is told only as far as at least %(households)d households "
            "share it, so that nobody can be recognised.",
            households=services().config.households,
        )
    return render_template(
        "public/item.html",
        code=found.code,
        category=story.category_name(found.category),
        status=found.status,
        headline=story.headline(found.status),
        lines=story.lines(steps, stops),
        private_note=note,
    )


def _where(recorded: Recorded, stop_of: Mapping[str, str]) -> str:
    """The stop that an event is about; what is decided at the hub says it itself."""
    said = recorded.event.public.stop
    return said if said is not None else stop_of.get(recorded.kiosk, "")


def claim(claim: str) -> BaseResponse:
    """A donor's own list; the claim is looked up by its hash and kept nowhere."""
    throttle, address = services().guesses, request.remote_addr or ""
    wait = throttle.wait_s(address)
    if wait > 0:
        response = Response(_too_many(), status=429)
        response.headers["Retry-After"] = str(int(wait) + 1)
        return response
    canonical = codes.normalise(claim[: MAX_TYPED + 1])
    if not codes.is_claim(canonical):
        throttle.spend(address)
        return _not_found(
            _("This is not the address of a list"),
            [
                _(
                    "The part behind the last stroke has 16 letters and digits. Please compare it "
                    "with your receipt, or scan the square code again."
                )
            ],
        )
    found = items.of_claim(connection(), claim_hash(canonical))
    if found is None:
        throttle.spend(address)
        return _not_found(
            _("There is no list at this address yet"),
            [
                _(
                    "If you typed it, please compare it with your receipt letter by letter: a "
                    "mistyped address cannot be told from a list that is still to come."
                ),
                _(
                    "If it was scanned, the stop has not reported this receipt yet. Stops work "
                    "without a network too, and report when they have one again; nothing is lost. "
                    "Please look again later."
                ),
            ],
            reports=_reports(),
        )
    if claim != canonical:
        return redirect(url_for("public.claim", claim=canonical), 302)
    return Response(_claim_page(_as_public(found)))


def _claim_page(found: list[Item]) -> str:
    rows = [
        Gift(
            one.code,
            story.category_name(one.category) or _("An item"),
            one.status,
            story.headline(one.status),
        )
        for one in found
    ]
    standing = sum(one.status != statuses.VOIDED for one in found)
    return render_template(
        "public/claim.html",
        rows=rows,
        summary=ngettext(
            "%(num)d item on this receipt. Thank you.",
            "%(num)d items on this receipt. Thank you.",
            standing,
        ),
        back=len(found) - standing,
    )


def _never_heard_of(code: str) -> Response:
    prefix = codes.parse(code).prefix
    kiosk = places.kiosk_of_prefix(connection(), prefix)
    if kiosk is None:
        return _not_found(
            _("We do not know this code"),
            [
                _(
                    "The code is well formed, but no stop of ours has labels that begin like this. "
                    "Perhaps the item belongs to another site."
                )
            ],
            shown=code,
        )
    stops = places.stops(connection())
    stop = places.stop_of_kiosks(connection()).get(kiosk, "")
    when = kiosks.last_reports(connection()).get(stop)
    name = story.stop_name(stops, stop)
    told = [
        _(
            "The code is well formed, and such labels come from %(stop)s. That stop has not "
            "reported this item: the label may be unused, or the stop is offline.",
            stop=name,
        ),
        _("%(stop)s last reported: %(when)s.", stop=name, when=_when(when)),
    ]
    waiting, _rows = events.quarantined(connection(), 1, kiosk)
    if waiting:
        told.append(
            ngettext(
                "%(num)d message from there could not be read yet; somebody will look at it.",
                "%(num)d messages from there could not be read yet; somebody will look at them.",
                waiting,
            )
        )
    return _not_found(_("We have not heard of this item yet"), told, shown=code)


def _not_a_code(problem: CodeProblem, canonical: str) -> Response:
    # Only what looks like an item's code is shown again: anything else may be somebody's secret.
    shown = canonical if canonical.startswith(Kind.ITEM.value) and len(canonical) <= 13 else ""
    match problem:
        case CodeProblem.EMPTY:
            return _not_found(_("No code was given"), [_ask_for_code()])
        case CodeProblem.CHECK:
            told = _(
                "The last character of a code is computed from the others, and here it does not "
                "fit: a character seems mistyped, or two are swapped."
            )
        case CodeProblem.LENGTH:
            told = _(
                "The code has %(length)d characters, but an item’s code has 11: "
                "a character seems to be missing or too many.",
                length=len(canonical),
            )
        case CodeProblem.CHARACTER:
            told = _(
                "There is a character in it that no code contains. Codes have digits and capital "
                "letters, without I, L, O and U."
            )
        case _:
            return _not_found(_("This is not a code of ours"), [_ask_for_code()])
    return _not_found(
        _("This code is not right"),
        [told, _("Please compare it with the label once more.")],
        shown=shown,
    )


def _ask_for_code() -> str:
    return _("The code stands under the bars on the label: G, then ten letters and digits.")


def _other_kind(kind: Kind) -> Response:
    match kind:
        case Kind.PERSON | Kind.FAMILY:
            told = _(
                "This is a personal card or slip. It is not shown or stored here; please keep it "
                "to yourself, and use it only at a stop."
            )
        case Kind.BOX:
            told = _("This is the code of a box. Please use the code of an item.")
        case Kind.PLAN:
            told = _("This is the code of a delivery plan, which is not public.")
        case Kind.PLACE:
            told = _("This is the code of a shelf or room.")
        case _:
            told = _("This is a card that tells a kiosk what to do.")
    return _not_found(_("This is not an item’s code"), [told, _ask_for_code()])


def _reports() -> list[Report]:
    stops = places.stops(connection())
    return [
        Report(story.stop_name(stops, stop), _when(ms))
        for stop, ms in kiosks.last_reports(connection()).items()
    ]


def _when(ms: int | None) -> str:
    return _("not yet") if ms is None else i18n.moment(ms)


def _not_found(
    heading: str, told: list[str], *, shown: str = "", reports: list[Report] | None = None
) -> Response:
    page = render_template(
        "public/not_found.html", heading=heading, lines=told, shown=shown, reports=reports or []
    )
    return Response(page, status=404)


def _too_many() -> str:
    return render_template(
        "error.html",
        heading=_("Too many attempts"),
        lines=(_("Please wait a minute before you try again."),),
        may_search=False,
    )
