"""Roles, permissions, browsers and what is wrong with an account, in words."""

import re
from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from hub.access.accounts import MAX_NAME, MAX_PASSWORD, MIN_PASSWORD, AccountError
from hub.access.permissions import Permission, Role

ROLES: Final[dict[Role, tuple[LazyString, LazyString]]] = {
    Role.VIEWER: (_l("Viewer"), _l("Looks at stock, items and kiosks. Changes nothing.")),
    Role.VOLUNTEER_LEAD: (
        _l("Volunteer lead"),
        _l("Counts, runs the market, prints labels and names retail codes."),
    ),
    Role.WAREHOUSE_MANAGER: (
        _l("Warehouse manager"),
        _l("Also corrects stock, approves counts, closes months and settles incidents."),
    ),
    Role.OPERATOR: (
        _l("Operator"),
        _l("Keeps kiosks and stock going: settings, corrections, incidents, quarantine."),
    ),
    Role.AUDITOR: (
        _l("Auditor"),
        _l("Reads everything, also who changed what. Changes nothing."),
    ),
    Role.ADMINISTRATOR: (
        _l("Administrator"),
        _l("May do everything, also manage accounts."),
    ),
}
"""Name of each role, and what it is for."""

PERMISSIONS: Final[dict[Permission, LazyString]] = {
    Permission.VIEW: _l("look at stock, items, kiosks and incidents"),
    Permission.EXPORT: _l("take tables away as files"),
    Permission.EDIT_STOCK: _l("correct and move stock"),
    Permission.COUNT: _l("count stock"),
    Permission.APPROVE_COUNT: _l("approve counts"),
    Permission.CLOSE_MONTH: _l("close months"),
    Permission.MARKET: _l("run the market"),
    Permission.LABELS: _l("print labels"),
    Permission.PAPERS: _l("change what labels and receipts look like"),
    Permission.NAME_CODES: _l("name codes, places and plans"),
    Permission.SETTINGS: _l("change settings"),
    Permission.FLEET: _l("add stops, and add, replace and end kiosks"),
    Permission.RESOLVE_INCIDENT: _l("settle incidents"),
    Permission.SEE_RAW: _l("see received lines as they came"),
    Permission.AUDIT: _l("read who changed what"),
    Permission.ACCOUNTS: _l("manage accounts"),
}
"""What each permission lets somebody do, as the end of "this account may not …"."""


def role_name(role: Role) -> str:
    """What people call the role."""
    return str(ROLES[role][0])


def problem(error: AccountError) -> str:
    """What is wrong and what would be right, for who filled in a form."""
    match error.problem:
        case "name-length":
            return _("Name: please write 1 to %(most)d characters.", most=MAX_NAME)
        case "name-taken":
            return _("Name: there is an account of this name already. Please choose another.")
        case "password-length":
            return _(
                "Password: please choose %(least)d to %(most)d characters.",
                least=MIN_PASSWORD,
                most=MAX_PASSWORD,
            )
        case "changed":
            return _("Somebody else has just changed this account. This is how it is now.")
        case "last-administrator":
            return _("This is the last administrator of all stops; name another one first.")
        case "unknown-scope":
            return _("Stops: one of them does not exist any more. Please choose again.")
        case _:
            return str(error)


_BROWSERS: Final = (
    ("MicroMessenger", _l("WeChat")),
    ("Edg", "Edge"),
    ("HuaweiBrowser", _l("Huawei browser")),
    ("OPR/", "Opera"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrom", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
"""By a piece of what a browser calls itself; the first that occurs: most claim to be others too."""

_SYSTEMS: Final = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device(agent: str) -> str:
    """A browser and its system, as far as it tells: "Chrome, Android"."""
    browser = next((str(name) for piece, name in _BROWSERS if piece in agent), "")
    system = next((name for piece, name in _SYSTEMS if piece in agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    if browser or system:
        return browser or system
    plain = re.sub(r"[^A-Za-z0-9 ./-]", "", agent)[:40].strip()
    return plain or _("an unknown device")


def sign_in_by(how: str) -> str:
    """How a session was opened."""
    return _("by passkey") if how == "passkey" else _("by password")
