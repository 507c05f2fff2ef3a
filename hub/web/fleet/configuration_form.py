"""The form of a configuration: what a person types, and what is wrong with it, key by key."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from msgspec import Struct

from contract.configuration import Configuration
from hub.fleet import configurations
from hub.fleet.configurations import RefusedError
from hub.web import i18n

KEEP: Final = ""
NONE: Final = "-"

LABELS: Final = {
    "scanners": _l("Scanners"),
    "printers": _l("Printers"),
    "panel": _l("Lights, buzzer and buttons"),
    "lamp_brightness": _l("Brightness of the lights"),
    "voice": _l("Voice"),
    "speaker_volume": _l("Volume of the voice"),
    "speaker_languages": _l("Languages of the voice"),
    "min_free_mb": _l("Free disk at least"),
}
LIMITS: Final = {
    "scanners": _l("Device addresses, one a line, 1 to 8: auto:, screen:, serial:/dev/…"),
    "printers": _l("Device addresses, one a line, at most 8; a hyphen alone: it prints nothing"),
    "panel": _l("One device address: gpio: or none:"),
    "lamp_brightness": _l("Per cent, 10 to 100: they can be dimmed, never put out"),
    "voice": _l("Whether it speaks"),
    "speaker_volume": _l("Per cent, 0 to 100"),
    "speaker_languages": _l(
        "zh (Mandarin), dialect, en (English), in the order in which they are spoken"
    ),
    "min_free_mb": _l("Mebibytes, 16 to 100,000; below that it refuses every scan"),
}


class Shown(Struct, frozen=True):
    """The form as it is shown: texts by key, and what is wrong."""

    texts: Mapping[str, str]
    problems: Mapping[str, str]


def texts_of(values: Configuration) -> dict[str, str]:
    """What the form begins with."""
    shown: dict[str, str] = {}
    for key in LABELS:
        value = getattr(values, key)
        if value is None:
            shown[key] = KEEP
        elif isinstance(value, bool):
            shown[key] = "yes" if value else "no"
        elif isinstance(value, tuple):
            separator = ", " if key == "speaker_languages" else "\n"
            shown[key] = separator.join(value) or NONE
        else:
            shown[key] = str(value)
    return shown


def read(form: Mapping[str, str]) -> tuple[Configuration | None, Shown]:
    """What was typed, None where something of it cannot be."""
    texts = {key: form.get(key, "").strip()[:2000] for key in LABELS}
    problems: dict[str, str] = {}
    chosen: dict[str, Any] = {}
    for key, text in texts.items():
        if text == KEEP:
            continue
        try:
            chosen[key] = msgspec.convert(_typed(key, text), _HINTS[key])
        except (msgspec.ValidationError, ValueError):
            problems[key] = _("That cannot be. %(limit)s.", limit=LIMITS[key])
    values = Configuration(**chosen)
    try:
        configurations.check(values)
    except RefusedError as error:
        for key, faults in error.problems.items():
            told = " ".join(i18n.pick(one.zh, one.en) for one in faults)
            problems.setdefault(key, told)
    return (None if problems else values), Shown(texts, problems)


_HINTS: Final = {field.name: field.type for field in msgspec.structs.fields(Configuration)}


def _typed(key: str, text: str) -> object:
    match key:
        case "scanners" | "printers":
            return [] if text == NONE else [line.strip() for line in text.splitlines() if line]
        case "speaker_languages":
            return [one.strip() for one in text.replace("，", ",").split(",")]
        case "lamp_brightness" | "speaker_volume" | "min_free_mb":
            return int(text.replace(",", ""))
        case "voice":
            return {"yes": True, "no": False}[text] if text in ("yes", "no") else text
        case _:
            return text
