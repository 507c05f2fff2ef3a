"""The sections of the application, in the order in which people meet them, and who sees which.

A page says itself what permission it needs (`hub.web.login.needs`); a section is shown to whoever
may open its page, and not at all while no part of the application has such a page. The section
whose address is the longest beginning of the page's own is the one people are in.

The finished list is kept for each language, set of permissions and section: it is on every page
and says the same each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from flask import Flask, current_app, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from markupsafe import Markup

from hub.access.permissions import Permission
from hub.web import i18n
from hub.web.login import NEEDS, current_user

_CACHE: Final = "yicang-navigation"


@dataclass(frozen=True)
class Section:
    """A link of the navigation. ``also`` are further beginnings of addresses that belong to it."""

    endpoint: str
    name: LazyString
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Sections that belong together."""

    name: LazyString
    sections: Sequence[Section]


GROUPS: Final = (
    Group(
        _l("Today"),
        (
            Section("board.board", _l("Board")),
            Section("alerts.overview", _l("Alarms")),
            Section("board.incident_list", _l("Incidents")),
            Section("kiosks.listing", _l("Kiosks")),
            Section("events.listing", _l("Events")),
            Section("configurations.listing", _l("Configurations")),
            Section("roll_outs.listing", _l("Roll-outs"), ("/releases",)),
        ),
    ),
    Group(
        _l("Goods"),
        (
            Section("stock.overview", _l("Stock")),
            Section("items.listing", _l("All items"), ("/items",)),
            Section("boxes.listing", _l("Boxes")),
            Section("transfers.listing", _l("Transfers")),
            Section("kits.listing", _l("Kits")),
            Section("recalls.listing", _l("Recalls")),
            Section("counts.listing", _l("Counts")),
            Section("statements.months", _l("Months")),
        ),
    ),
    Group(
        _l("To people"),
        (
            Section("plans.listing", _l("Deliveries")),
            Section("market.overview", _l("Market")),
            Section("donations.listing", _l("Donations")),
            Section("phone.scan", _l("Scan by phone")),
        ),
    ),
    Group(
        _l("Tools"),
        (
            Section("labels.overview", _l("Labels")),
            Section("papers.overview", _l("Templates")),
            Section("board.unnamed", _l("Codes to name")),
            Section("names.overview", _l("Names")),
            Section("reports.overview", _l("Reports")),
            Section("quarantine.listing", _l("Quarantine")),
            Section("review.overview", _l("Review")),
            Section("bundles.overview", _l("Bundles")),
        ),
    ),
    Group(
        _l("Administration"),
        (
            Section("settings.overview", _l("Settings")),
            Section("alerts.stops", _l("Stops")),
            Section("backups.overview", _l("Backups")),
            Section("accounts.everyone", _l("Accounts")),
            Section("tokens.listing", _l("API tokens")),
            Section("audit.listing", _l("Audit")),
        ),
    ),
)


@dataclass(frozen=True)
class Crumb:
    """A step of the way to this page."""

    name: str
    href: str | None


def install(app: Flask) -> None:
    """Give every template the navigation."""
    app.extensions[_CACHE] = {}
    app.jinja_env.globals.update(
        navigation=navigation, section_crumb=section_crumb, may_open=may_open
    )


def may_open(endpoint: str) -> bool:
    """Whether there is such a page and the user may open it."""
    view = current_app.view_functions.get(endpoint)
    needed: Permission | None = getattr(view, NEEDS, None)
    user = current_user()
    return view is not None and user is not None and (needed is None or user.role.may(needed))


def navigation() -> Markup:
    """The links of all sections that the user may open."""
    user = current_user()
    if user is None:
        return Markup()
    kept = cast("dict[Any, Markup]", current_app.extensions[_CACHE])
    here = _section()
    key = (i18n.language(), user.role, request.script_root, here and here.endpoint)
    if key not in kept:
        kept[key] = _drawn(here)
    return kept[key]


def section_crumb() -> Crumb | None:
    """The section that this page is in; None on the section's own page, and outside of any."""
    section = _section()
    if section is None or section.endpoint == request.endpoint:
        return None
    return Crumb(str(section.name), url_for(section.endpoint))


def _drawn(here: Section | None) -> Markup:
    shown = [
        (str(group.name), [one for one in group.sections if may_open(one.endpoint)])
        for group in GROUPS
    ]
    return Markup(  # noqa: S704  # Jinja has escaped it
        render_template("_navigation.html", groups=[one for one in shown if one[1]], here=here)
    )


def _section() -> Section | None:
    """The section with the longest address that the page's own begins with."""
    found: Section | None = None
    length = 0
    for section, path in _paths():
        inside = request.path == path or request.path.startswith(f"{path.rstrip('/')}/")
        if inside and len(path) > length:
            found, length = section, len(path)
    return found


def _paths() -> list[tuple[Section, str]]:
    kept = cast("dict[Any, Any]", current_app.extensions[_CACHE])
    if "paths" not in kept:
        rules = {rule.endpoint: rule.rule for rule in current_app.url_map.iter_rules()}
        kept["paths"] = [
            (one, path)
            for group in GROUPS
            for one in group.sections
            if one.endpoint in rules
            for path in (rules[one.endpoint], *one.also)
        ]
    found: list[tuple[Section, str]] = kept["paths"]
    return found
