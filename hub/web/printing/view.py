"""How far orders are, and where labels can be printed: pieces of other pages."""

import hashlib

import msgspec
from flask import render_template, url_for
from flask_babel import gettext as _
from msgspec import Struct
from sqlalchemy import Connection

from contract.codes import grouped
from contract.messages import CANCEL, PRINT_LABELS, REPRINT, Check, CommandState, Health
from hub.access import accounts
from hub.access.permissions import Permission
from hub.fleet.device_commands import permission_of
from hub.kiosks import command_files, kiosk_commands
from hub.kiosks.kiosk_commands import DONATION, RUN, WAITING, Order
from hub.queries import kiosks, places
from hub.queries.kiosks import Kiosk
from hub.request import now_ms
from hub.web import audit_words, i18n, story
from hub.web.login import signed_in_user, visible_stops
from hub.web.printing import words


class Checked(Struct, frozen=True):
    """A line of a result; ``tone`` is good, bad or empty."""

    name: str
    told: str
    tone: str


class Line(Struct, frozen=True):
    """An order as a page shows it; ``title`` leads to ``href``: the kiosk, or on its own page what
    was ordered. ``doubtful`` are codes of which nobody knows; ``expires_ms`` is told while it
    waits, ``file`` is where what it sent is fetched, ``end`` the button that ends it."""

    id: str
    title: str
    href: str
    made_ms: int
    who: str
    total: int
    printed: int
    state: str
    tone: str
    why: str
    doubtful: tuple[str, ...]
    blank: bool
    may_cancel: bool
    is_final: bool
    expires_ms: int | None
    checks: tuple[Checked, ...]
    file: str
    file_bytes: int
    end: str


class Orders(Struct, frozen=True):
    """Orders that are shown together, and where their page asks for news of them."""

    lines: tuple[Line, ...]
    going: bool

    @property
    def etag(self) -> str:
        """Changes with what is shown."""
        shown = msgspec.json.encode((i18n.language(), self.lines))
        return f'W/"{hashlib.sha256(shown).hexdigest()[:32]}"'

    @property
    def part(self) -> str:
        """The part of the page."""
        return render_template("printing/_orders.html", orders=self.lines, grouped=grouped)


def for_subject(here: Connection, about: str) -> Orders:
    """What was printed at kiosks for this."""
    return _orders(here, kiosk_commands.about(here, about))


def for_kiosk(here: Connection, kiosk: str) -> Orders:
    """What a kiosk was told to do."""
    return _orders(here, kiosk_commands.of_kiosk(here, kiosk), by_name=True)


def page_of(about: str, kiosk: str) -> str:
    """The page about what is ordered, or about its kiosk."""
    if about.startswith(RUN):
        return url_for("labels.one", prefix=about.removeprefix(RUN))
    if about.startswith(DONATION):
        return url_for("donations.one", donation=about.removeprefix(DONATION))
    return url_for("board.kiosk", kiosk=kiosk)


def _orders(here: Connection, found: list[Order], *, by_name: bool = False) -> Orders:
    names = accounts.names(here) if found else {}
    known = {one.id: one for one in kiosks.kiosks(here)} if found else {}
    files = command_files.sizes(here, [one.id for one in found]) if found else {}
    lines = tuple(
        _line(one, names, known.get(one.kiosk), files.get(one.id), by_name=by_name) for one in found
    )
    return Orders(lines, any(not one.is_final for one in lines))


def _line(
    order: Order,
    names: dict[str, str],
    kiosk: Kiosk | None,
    file: tuple[str, int] | None,
    *,
    by_name: bool,
) -> Line:
    user, said = signed_in_user(), order.told
    prints = order.name in (PRINT_LABELS, REPRINT)
    stop = kiosk.stop if kiosk is not None else ""
    bad = said.is_final and said.state not in ("done", "cancelled")
    why = words.why(order, online=kiosk is not None and kiosk.online)
    begins_later = not prints and said.state == CommandState.ACCEPTED  # as it should
    return Line(
        id=order.id,
        title=words.name(order.name) if by_name else order.kiosk,
        href=page_of(order.about if by_name else "", order.kiosk) if prints or not by_name else "",
        made_ms=order.made_ms,
        who=audit_words.account(order.account, names),
        total=order.total,
        printed=said.printed,
        state=words.state(order, now_ms()),
        tone="bad" if bad or (why and not begins_later) else "good" if said.state == "done" else "",
        why=why,
        doubtful=said.doubtful,
        blank=order.about.startswith(RUN),
        may_cancel=(
            not said.is_final
            and order.cancel_ms is None
            and order.name != CANCEL
            and user.may(permission_of(order.name))
            and user.sees(stop)
            and (prints or said.state in (WAITING, CommandState.ACCEPTED))
        ),
        is_final=said.is_final,
        expires_ms=order.expires_ms if said.state in (WAITING, CommandState.ACCEPTED) else None,
        checks=tuple(map(_checked, said.checks)),
        file=url_for("doing.file", command=order.id)
        if file is not None and user.may(Permission.SETTINGS) and user.sees(stop)
        else "",
        file_bytes=file[1] if file is not None else 0,
        end=_("Print no more") if prints else _("Do not do it"),
    )


def _checked(one: Check) -> Checked:
    state = {True: _("passed"), False: _("did not pass"), None: _("to be looked at there")}[one.ok]
    zh, slash, en = one.detail.partition(" / ")
    detail = i18n.pick(zh, en) if slash else one.detail
    told = _("%(state)s: %(detail)s", state=state, detail=detail) if detail else state
    return Checked(words.check(one.name), told, {True: "good", False: "bad", None: ""}[one.ok])


def choices(here: Connection, stop: str = "") -> tuple[list[tuple[str, str]], str]:
    """The kiosks that the user may print at, each with how it and its printer are; and the one to
    begin with, of ``stop`` if it has one that is there."""
    stops = places.stops(here)
    known = kiosks.kiosks(here, visible_stops())
    found = [one for one in known if one.in_service]
    best = min(
        found,
        key=lambda one: (not (one.online and prints(one.health)), one.stop != stop, one.id),
        default=None,
    )
    named = [(one.id, _told(one, story.stop_name(stops, one.stop))) for one in found]
    return named, best.id if best is not None else ""


def prints(health: Health | None) -> bool:
    """Whether a printer of a kiosk that told this works."""
    return health is not None and any(d.ok for d in health.devices if d.kind == "printer")


def _told(kiosk: Kiosk, stop: str) -> str:
    printers = [d for d in kiosk.health.devices if d.kind == "printer"] if kiosk.health else []
    if not kiosk.online:
        how = _("away: it prints when it is back")
    elif not printers:
        how = _("no printer known")
    elif prints(kiosk.health):
        how = _("printer works")
    else:
        how = _("printer does not work")
    return " · ".join((kiosk.id, str(how), stop))
