"""How far orders are, and where labels can be printed: pieces of other pages."""

import hashlib

import msgspec
from flask import render_template
from flask_babel import gettext as _
from msgspec import Struct
from sqlalchemy import Connection

from contract.codes import grouped
from contract.messages import CANCEL, Health
from hub import accounts, kiosk_commands
from hub.kiosk_commands import Order
from hub.permissions import Permission
from hub.queries import kiosks, places
from hub.queries.kiosks import Kiosk
from hub.request import now_ms
from hub.web import i18n, story
from hub.web.login import signed_in_user, visible_stops
from hub.web.printing import words


class Line(Struct, frozen=True):
    """An order as a page shows it; ``doubtful`` are codes of which nobody knows."""

    id: str
    kiosk: str
    name: str
    about: str
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
    return _orders(here, kiosk_commands.of_kiosk(here, kiosk))


def _orders(here: Connection, found: list[Order]) -> Orders:
    names = accounts.names(here) if found else {}
    known = {one.id: one for one in kiosks.kiosks(here)} if found else {}
    lines = tuple(_line(one, names, known.get(one.kiosk)) for one in found)
    return Orders(lines, any(not one.is_final for one in lines))


def _line(order: Order, names: dict[str, str], kiosk: Kiosk | None) -> Line:
    user, said = signed_in_user(), order.told
    stop = kiosk.stop if kiosk is not None else ""
    bad = said.is_final and said.state not in ("done", "cancelled")
    why = words.why(order, online=kiosk is not None and kiosk.online)
    return Line(
        id=order.id,
        kiosk=order.kiosk,
        name=words.name(order.name),
        about=order.about,
        made_ms=order.made_ms,
        who=names.get(order.account, _("an account that is gone")),
        total=order.total,
        printed=said.printed,
        state=words.state(order, now_ms()),
        tone="bad" if bad or why else "good" if said.state == "done" else "",
        why=why,
        doubtful=said.doubtful,
        blank=order.about.startswith("labels:"),
        may_cancel=(
            not said.is_final
            and order.cancel_ms is None
            and order.name != CANCEL
            and user.may(Permission.LABELS)
            and user.sees(stop)
        ),
        is_final=said.is_final,
    )


def choices(here: Connection, stop: str = "") -> tuple[list[tuple[str, str]], str]:
    """The kiosks that the user may print at, each with how it and its printer are; and the one to
    begin with, of ``stop`` if it has one that is there."""
    stops = places.stops(here)
    found = [one for one in kiosks.kiosks(here, visible_stops()) if one.known_here]
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
        how = _("its printer works")
    else:
        how = _("its printer does not work")
    return _("%(kiosk)s · %(stop)s · %(how)s", kiosk=kiosk.id, stop=stop, how=how)
