"""What the rows of the audit log tell besides who and what: each name and each word of the code in
the reader's language. What has no words here is shown as it was written, for the log is complete
before it is beautiful."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from hub.access.permissions import Role
from hub.alerts import words as alarm_words
from hub.fleet.invitations import BY_DIGITS
from hub.web import account_words, i18n
from hub.web.alerts.channels import KIND_NAMES
from hub.web.fleet import configuration_form, roll_out_words
from hub.web.lifecycle import words as endings
from hub.web.printing import words as orders

NAMES: Final[dict[str, LazyString]] = {
    "role": _l("Role"),
    "kind": _l("Kind"),
    "phone": _l("Telephone"),
    "stops": _l("Stops"),
    "cities": _l("Cities"),
    "before": _l("before"),
    "renamed": _l("renamed"),
    "sessions ended": _l("Sessions ended"),
    "how": _l("How"),
    "rows": _l("Rows"),
    "format": _l("Format"),
    "entries": _l("Entries"),
    "keys": _l("Keys"),
    "key": _l("Key"),
    "value": _l("Value"),
    "understood": _l("Understood"),
    "events": _l("Events"),
    "fresh": _l("New"),
    "held": _l("Here already"),
    "review": _l("For review"),
    "unsent": _l("Not yet sent"),
    "replaced by": _l("In its place"),
    "filters": _l("Filters"),
    "number": _l("Number"),
    "own": _l("Of its own"),
    "characters": _l("Characters"),
    "command": _l("Command"),
    "for": _l("For"),
    "why": _l("Why"),
    "hours": _l("Hours"),
    "left": _l("Tries left"),
    "kiosk": _l("Kiosk"),
    "kiosks": _l("Kiosks"),
    "replaces": _l("In place of"),
    "software": _l("Software"),
    "release": _l("Package"),
    "target": _l("Machine"),
    "commit": _l("Commit"),
    "sha256": _l("Hash"),
    "version": _l("Version"),
    "stage": _l("Stage"),
    "state": _l("State"),
    "detail": _l("Its reason"),
    "measure": _l("What got worse"),
    "now": _l("Now"),
    "others": _l("The other kiosks"),
    "p": _l("Likelihood of mere chance"),
}
"""What the values are called."""

_HALTED: Final[dict[str, LazyString]] = {
    "drift": _l("kiosks work worse"),
    "failed": _l("it failed on a kiosk"),
    "by-hand": _l("by hand"),
}
_ABOUT: Final[dict[str, LazyString]] = {
    "labels": _l("Labels"),
    "donation": _l("Donation"),
    "configuration": _l("Configuration"),
}
_WHY: Final[dict[str, Mapping[str, LazyString]]] = {
    "kiosk.retired": endings.RETIRED,
    "kiosk.revoked": endings.REVOKED,
    "review.rejected": endings.REFUSED,
    "roll-out.halted": _HALTED,
    "enrolment.cancelled": {BY_DIGITS: _l("wrong digits, three times")},
}


def _role(value: str) -> str:
    return account_words.role_name(Role(value)) if value in {one.value for one in Role} else value


def _alarm(value: str) -> str:
    title = alarm_words.of(value, {}).title
    return i18n.pick(title.zh, title.en)


def _about(value: str) -> str:
    kind, colon, which = value.partition(":")
    return f"{_ABOUT[kind]} {which}" if colon and kind in _ABOUT else value


def _of(table: Mapping[str, LazyString]) -> Callable[[str], str]:
    return lambda value: str(table.get(value, value))


_VALUES: Final[dict[str, Callable[[str], str]]] = {
    "role": _role,
    "how": account_words.sign_in_by,
    "command": _of(orders.NAMES),
    "for": _about,
    "keys": _of(configuration_form.LABELS),
    "measure": _of(roll_out_words.MEASURES),
    "state": _of(roll_out_words.KIOSK),
    "detail": roll_out_words.reason,
}
"""How values are told, by their names; `_KINDS` and `_WHY` depend on the act as well."""

_SHARES: Final = frozenset({"now", "before", "others"})
"""How often something went wrong, and how often it was tried."""
_KINDS: Final[dict[str, Callable[[str], str]]] = {"channel": _of(KIND_NAMES), "alarm": _alarm}


def detail(what: str, values: dict[str, Any]) -> str:
    """What a row of the act ``what`` tells, in one line."""
    told = [
        _("%(name)s: %(value)s", name=str(NAMES.get(name, name)), value=_value(what, name, value))
        for name, value in values.items()
        if value not in ("", [], {}, None)
    ]
    return _("; ").join(told)


def _value(what: str, name: str, value: Any) -> str:
    if isinstance(value, dict):
        return _("(%(words)s)", words=detail(what, value))
    if isinstance(value, list) and name in _SHARES and len(value) == 2:
        return _("%(bad)s of %(trials)s", bad=value[0], trials=value[1])
    if isinstance(value, list):
        return _(", ").join(_value(what, name, one) for one in value)
    if value is True:
        return _("yes")
    if value is False:
        return _("no")
    return _teller(what, name)(str(value))


def _teller(what: str, name: str) -> Callable[[str], str]:
    if name == "why":
        return _of(_WHY.get(what, {}))
    if name == "kind":
        return _KINDS.get(what.partition(".")[0], str)
    return _VALUES.get(name, str)
