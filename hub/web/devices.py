"""A kiosk's peripherals in plain words. A kiosk names them by machine words made of its settings'
URLs and of what their drivers say in English: other characters have become hyphens there."""

import re
from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from contract.messages import DeviceHealth, Health
from hub.web import i18n

_SERIAL: Final = re.compile(r"^.*serial-by-(?:id|path)-|^serial-+(?:dev-)?")

_TROUBLE: Final = (
    ("paper is running low", _l("the paper is running low")),
    ("out of paper", _l("out of paper")),
    ("paper out", _l("out of paper")),
    ("cover is open", _l("the cover is open")),
    ("reports an error", _l("it reports an error: switch it off and on")),
    ("takes no data", _l("it takes no data: check its paper and cover")),
    ("does not answer", _l("it does not answer")),
    ("unplugged", _l("not connected: check its plug")),
    ("is away", _l("not connected: check its power and plug")),
    ("no permission", _l("the kiosk has no permission to use it")),
    ("another program", _l("another program is using it")),
    ("lgpio is missing", _l("a package is missing: python3-lgpio")),
    ("aplay is missing", _l("a package is missing: alsa-utils")),
    ("no usable sound card", _l("there is no sound card")),
    ("gpiochip", _l("the kiosk has no permission to use it")),
    ("no raspberry pi", _l("this machine has no pins for it")),
    ("the pins failed", _l("its pins do not work")),
    ("serial line", _l("it does not work as a serial line")),
    ("is closed", _l("switched off")),
)
"""What drivers say, by a piece of it; the first that occurs."""

_FINE: Final = ("", "ready", "connected", "printed", "the screen is ready", "shown on the screen")


def told(health: DeviceHealth) -> str:
    """How a peripheral is, with what is the matter where there is something."""
    state = works(health.name, health.kind) if health.ok else fails(health.name, health.kind)
    detail = trouble(health.detail)
    if health.paper_mm is not None:
        left = _("%(metres)s m of paper left", metres=f"{health.paper_mm / 1000:.1f}")
        detail = f"{detail}, {left}" if detail else left
    return _("%(told)s: %(detail)s", told=state, detail=detail) if detail else state


_REFUSING: Final = {
    "disk-low": _l("every scan: the disk is nearly full"),
    "read-only": _l("every scan: the disk takes no data"),
}
_THROTTLING: Final = {
    "under-voltage": _l("too little voltage"),
    "frequency-capped": _l("runs slower"),
    "throttled": _l("throttled"),
    "hot": _l("too hot"),
    "under-voltage-before": _l("too little voltage earlier"),
    "frequency-capped-before": _l("ran slower earlier"),
    "throttled-before": _l("throttled earlier"),
    "hot-before": _l("too hot earlier"),
}


def machine(health: Health) -> list[tuple[str, str, bool]]:
    """How a kiosk's machine is, as far as it tells: what, how, and whether that is well."""
    rows = []
    if health.refusing:
        rows.append((_("Refuses"), refusing(health.refusing), False))
    if health.temperature_c is not None:
        warm = health.temperature_c
        rows.append((_("Temperature"), f"{warm:.0f} °C", warm < HOT_C))
    if health.throttling:
        rows.append((_("Power and heat"), " · ".join(throttling(health)), False))
    refused = [part.name for part in health.reference if not part.ok]
    if refused:
        rows.append((_("Data from here that it refused"), ", ".join(refused), False))
    return rows


def refusing(word: str) -> str:
    """What a kiosk refuses, and why."""
    return str(_REFUSING.get(word, word))


def throttling(health: Health) -> list[str]:
    """What its board holds against power and heat."""
    return [str(_THROTTLING.get(word, word)) for word in health.throttling or ()]


HOT_C: Final = 80.0
"""A Raspberry Pi slows down from here on."""


def works(name: str, kind: str) -> str:
    """That a peripheral works."""
    return _("%(kind)s (%(device)s) works", kind=device_kind(kind), device=short_name(name))


def fails(name: str, kind: str) -> str:
    """That a peripheral does not work."""
    return _("%(kind)s (%(device)s) does not work", kind=device_kind(kind), device=short_name(name))


def device_kind(kind: str) -> str:
    """Scanner, printer, panel or speaker."""
    match kind:
        case "scanner":
            return _("Scanner")
        case "printer":
            return _("Printer")
        case "panel":
            return _("Panel")
        case "speaker":
            return _("Speaker")
        case _:
            return kind


def short_name(word: str) -> str:
    """What tells a peripheral from its fellows: ``serial--dev-ttyACM0`` is ttyACM0."""
    scheme, _hyphen, rest = word.partition("-")
    match scheme:
        case "screen":
            return _("screen")
        case "file":
            return _("file")
        case "network":
            return rest.strip("-")
        case _:
            return _SERIAL.sub("", word).strip("-") or word


def trouble(detail: str) -> str:
    """What is the matter, in the reader's language; empty when nothing is, or when we have only
    English for a reader of Chinese."""
    plain = re.sub(r"[^a-z0-9]+", " ", detail.lower()).strip()
    if plain in _FINE:
        return ""
    for piece, words in _TROUBLE:
        if piece in plain:
            return str(words)
    return detail if i18n.language() == "en" else ""
