"""What the board says of each kiosk: the words, the cells and the groups of stops."""

from collections.abc import Mapping, Sequence
from typing import Final

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape
from msgspec import Struct

from contract.messages import Health
from hub.alerts import words
from hub.alerts.limits import Limits
from hub.alerts.rules import HOST
from hub.fleet import urgency
from hub.fleet.standings import Watched
from hub.fleet.urgency import Trouble
from hub.queries.places import Stop
from hub.web import devices, formats, i18n, story

SHOWN: Final = 3
"""Troubles that the table tells of; the kiosk's page has them all."""
MARKS: Final[Mapping[str, str]] = {
    urgency.URGENT: "▲",
    urgency.SOON: "◆",
    urgency.ABSENT: "○",
    urgency.NEW: "+",
    urgency.WELL: "✓",
    urgency.ENDED: "–",
}
"""What tells a level besides its colour."""


class Line(Struct, frozen=True):
    """A kiosk of the board. ``order`` counts from 1, the first needs a human first. ``state`` is
    its presence, or how it ended; ``phone`` is empty for whoever may not act there."""

    order: int
    id: str
    stop: str
    stop_id: str
    city: str
    city_name: str
    state: str
    watched: Watched
    phone: str
    low_mm: int

    @property
    def health(self) -> Health | None:
        """What it last told, if it ever did."""
        return self.watched.kiosk.health

    @property
    def level(self) -> str:
        """One of `hub.fleet.urgency.LEVELS`."""
        return self.watched.standing.level

    @property
    def there(self) -> bool:
        """Whether what it tells is of now."""
        return self.state == urgency.PRESENT


def lines(
    found: Sequence[Watched],
    stops: Mapping[str, Stop],
    phones: Mapping[str, str],
    limits: Limits,
) -> list[Line]:
    """The board's lines, in the order of ``found``. ``phones`` are those that the user may see."""
    return [
        Line(
            order=n,
            id=one.kiosk.id,
            stop=story.stop_name(stops, one.kiosk.stop),
            stop_id=one.kiosk.stop,
            city=stops[one.kiosk.stop].city if one.kiosk.stop in stops else "",
            city_name=_city(stops.get(one.kiosk.stop)),
            state=one.kiosk.ended or one.standing.presence,
            watched=one,
            phone=phones.get(one.kiosk.stop, ""),
            low_mm=limits.get("paper_mm", one.kiosk.stop),
        )
        for n, one in enumerate(found, 1)
    ]


def _city(stop: Stop | None) -> str:
    return "" if stop is None else i18n.pick(stop.city_zh, stop.city_en)


# --- words ----------------------------------------------------------------------------------------


def level(word: str) -> str:
    """A level in words."""
    match word:
        case urgency.URGENT | urgency.SOON:
            return in_language(words.SEVERITY[word])
        case urgency.ABSENT:
            return _("Away, stop closed")
        case urgency.NEW:
            return _("Not yet heard")
        case urgency.WELL:
            return _("Well")
        case _:
            return _("No longer used")


def state(word: str) -> str:
    """A presence, or how a kiosk ended, in words."""
    match word:
        case urgency.PRESENT:
            return _("online")
        case urgency.AWAY:
            return _("offline")
        case urgency.UNKNOWN:
            return _("unknown: the hub has no broker")
        case "retired":
            return _("out of service")
        case "revoked":
            return _("revoked")
        case _:
            return _("never seen")


def in_language(text: words.Text) -> str:
    """That language of it which the page is in."""
    return i18n.pick(text.zh, text.en)


def title(one: Trouble) -> str:
    """What is the matter."""
    return in_language(words.of(one.kind, one.values).title)


def matter(line: Line) -> str:
    """Everything that is the matter, in one text for files."""
    return _("; ").join(title(one) for one in line.watched.standing.troubles)


def whom(line: Line) -> str:
    """Whom to ring about the first of it."""
    first = line.watched.standing.first
    return "" if first is None else in_language(words.RING[first.ring])


def broken(line: Line) -> str:
    """The devices that do not work."""
    health = line.health
    return _("; ").join(devices.told(one) for one in health.devices if not one.ok) if health else ""


def handled(line: Line) -> bool | None:
    """Whether somebody takes care of the first of it; None where there is nothing."""
    first = line.watched.standing.first
    return None if first is None else first.handled


# --- cells ----------------------------------------------------------------------------------------


def tag(word: str) -> Markup:
    """A level with its colour and its mark."""
    mark = f'<span aria-hidden="true">{MARKS[word]}</span>'
    return Markup(  # noqa: S704  # both are ours
        f'<span class="status level-{word}">{mark} {escape(level(word))}</span>'
    )


def kiosk_cell(line: Line) -> Markup:
    """Its id, which leads to its page, and its stop."""
    href = escape(url_for("board.kiosk", kiosk=line.id))
    link = f'<a href="{href}">{escape(line.id)}</a>'
    return _stack([Markup(link), _line("place", line.stop)])  # noqa: S704  # escaped above


def needs_cell(line: Line, shown: int = SHOWN) -> Markup:
    """How urgent it is, so many things that are the matter, whom to ring and what to ask."""
    troubles = line.watched.standing.troubles
    parts = [tag(line.level)]
    if not troubles:
        return parts[0]
    parts += [_trouble(one) for one in troubles[:shown]]
    if len(troubles) > shown:
        more = len(troubles) - shown
        parts.append(_line("hint", ngettext("%(num)s more", "%(num)s more", more)))
    first = troubles[0]
    if first.handled:
        parts.append(_line("hint", _("Somebody takes care of it.")))
    else:
        parts.append(_ring(line, first))
    return _stack(parts)


def _trouble(one: Trouble) -> Markup:
    return _line("bad" if one.severity == urgency.URGENT else "warn", title(one))


def _ring(line: Line, first: Trouble) -> Markup:
    ask = in_language(words.of(first.kind, first.values).ask)
    told = _("Ring %(whom)s", whom=whom(line))
    if first.ring == HOST and line.phone:
        called = line.phone.replace(" ", "")
        tel = f'<a class="tel" href="tel:{escape(called)}">{escape(line.phone)}</a>'
        made = f'<span class="line">{escape(told)} {tel}</span>'
        return Markup(made) + _question(ask)  # noqa: S704  # escaped above
    return _line("", told) + _question(ask)


def _question(ask: str) -> Markup:
    return _line("hint", _("“%(question)s”", question=ask))


def state_cell(line: Line) -> Markup:
    """Whether it is there, and if not, since when."""
    tone = {urgency.PRESENT: "good", urgency.AWAY: "bad" if line.watched.open else ""}
    parts = [_line(tone.get(line.state, ""), state(line.state))]
    seen = line.watched.kiosk.seen_ms
    if not line.there and line.state != urgency.NEVER and seen is not None:
        parts.append(_wrapped("hint", formats.ago(seen)))
    if not line.watched.open:
        parts.append(_line("hint", _("stop closed")))
    return _stack(parts)


def backlog_cell(line: Line) -> str | Markup:
    """How many of its events the hub has not confirmed, and how old the oldest is."""
    health = line.health
    if health is None:
        return ""
    parts = [escape(formats.number(health.backlog))]
    if health.backlog:
        parts.append(
            _line("hint", _("oldest: %(age)s", age=formats.since(-1000 * health.oldest_unsent_s)))
        )
    return _stack(parts)


def devices_cell(line: Line) -> str | Markup:
    """Its peripherals, apart from the machine: those that fail by name; and the paper that is left
    on the emptiest roll."""
    health = line.health
    if health is None:
        return ""
    failing = [one for one in health.devices if not one.ok]
    parts = [_line("bad", devices.told(one)) for one in failing]
    if not health.devices:
        parts.append(_line("bad", _("none attached")))
    elif not failing:
        count = len(health.devices)
        parts.append(_line("", ngettext("%(num)s works", "all %(num)s work", count)))
    return _stack([*parts, _paper(line)], old=not line.there)


def _paper(line: Line) -> Markup:
    left = urgency.paper_mm(line.health)
    if left is None:
        return Markup("")
    metres = f"{left / 1000:.1f}"
    if left < line.low_mm:
        return _line("warn", _("paper low: %(metres)s m", metres=metres))
    return _line("", _("paper: %(metres)s m", metres=metres))


def machine_cell(line: Line, limits: Limits) -> Markup:
    """Clock, heat, power and disk: what is well in one line, each other one by itself."""
    health = line.health
    if health is None:
        return Markup("")
    well: list[str] = []
    bad: list[str] = []
    if health.refusing:
        bad.append(_("refuses %(what)s", what=devices.refusing(health.refusing)))
    if health.temperature_c is not None:
        hot = health.temperature_c >= limits.get("hot_c", line.stop_id)
        (bad if hot else well).append(f"{health.temperature_c:.0f} °C")
    if health.disk_free_mb:
        low = health.disk_free_mb < limits.get("disk_mb", line.stop_id)
        (bad if low else well).append(_("%(size)s free", size=formats.size(health.disk_free_mb)))
    (well if health.clock else bad).append(_("clock right") if health.clock else _("clock not set"))
    bad += devices.throttling(health)
    parts = [_line("bad", one) for one in bad]
    if well:
        parts.append(_line("", " · ".join(well)))
    return _stack(parts, old=not line.there)


def software_cell(line: Line) -> Markup:
    """What it runs, whether that is what most run, and whether its configuration is the one that is
    desired."""
    parts = [_line("", line.watched.version)] if line.watched.version else []
    if line.watched.differs:
        wanted = line.watched.wanted
        told = _("should be %(release)s", release=wanted) if wanted else _("not what most run")
        parts.append(_line("warn", told))
    if line.watched.reverted:
        parts.append(_line("warn", _("went back to its older configuration")))
    elif line.watched.drifts:
        parts.append(_line("warn", _("configuration not in use yet")))
    if line.health is not None and line.health.prefixes_left == 0:
        parts.append(_line("warn", _("no spare prefix")))
    return _stack(parts)


def _stack(parts: Sequence[Markup], *, old: bool = False) -> Markup:
    """One cell of several lines, for a phone sets a cell beside its title; ``old``: it is what an
    absent kiosk said last."""
    inside = Markup("").join(parts)
    kind = "lines old" if old else "lines"
    return Markup(f'<div class="{kind}">{inside}</div>') if inside else inside  # noqa: S704


def _line(tone: str, told: str) -> Markup:
    return _wrapped(tone, escape(told))


def _wrapped(tone: str, inside: Markup) -> Markup:
    kind = f"line {tone}" if tone else "line"
    return Markup(f'<span class="{kind}">{inside}</span>')  # noqa: S704  # escaped by the caller


# --- stops ----------------------------------------------------------------------------------------


class StopMark(Struct, frozen=True):
    """A stop of the overview: the level of its worst kiosk, and how many it has."""

    id: str
    name: str
    level: str
    kiosks: int


class Group(Struct, frozen=True):
    """The stops of a district, the worst first; ``name`` may be empty."""

    name: str
    stops: list[StopMark]


def groups(found: Sequence[Line], stops: Mapping[str, Stop]) -> list[Group]:
    """Stops by city and district, as far as kiosks of theirs are seen."""
    levels: dict[str, list[str]] = {}
    for line in found:
        if line.stop_id in stops and line.level != urgency.ENDED:
            levels.setdefault(line.stop_id, []).append(line.level)
    made: dict[tuple[str, str], list[StopMark]] = {}
    for stop, mine in levels.items():
        place = stops[stop]
        worst = urgency.worst(mine)
        mark = StopMark(stop, story.stop_name(stops, stop), worst, len(mine))
        made.setdefault((place.city, place.district), []).append(mark)
    return [
        Group(
            _place(stops[marks[0].id]),
            sorted(marks, key=lambda one: (urgency.LEVELS.index(one.level), one.name)),
        )
        for _key, marks in sorted(made.items())
    ]


def _place(stop: Stop) -> str:
    names = (
        i18n.pick(stop.city_zh, stop.city_en),
        i18n.pick(stop.district_zh, stop.district_en),
    )
    return " · ".join(one for one in names if one)
