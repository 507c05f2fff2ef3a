"""The configuration of one kiosk, as the hub wishes it and as the kiosk checks it again. Pure.

Rules
-----
* It says how the device is to be driven. How a stop wants its kiosks to behave (language, times of
  a mode, opening hours, food) is reference data, `contract.reference.StopSettings`, and is not said
  a second time here.
* **What is not said stays as the kiosk's own ``kiosk.toml`` has it.** So the empty configuration is
  always a way back. Who the kiosk is, where its hub is and which pins its panel has is never told
  from afar: a mistake there could not be taken back from afar.
* Its version is the SHA-256 of its text, so the same wish has the same name on both sides.
* A key that a kiosk does not know is a reason to refuse all of it: a wish that is carried out by
  half is worse than one that is not.
"""

import hashlib
import json
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from contract.settings import SettingsError, convert_settings

Url = Annotated[str, Meta(min_length=1, max_length=200)]
SpokenLanguage = Literal["zh", "dialect", "en"]


class Configuration(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What the hub wishes of one kiosk; None: as its own settings say."""

    scanners: Annotated[tuple[Url, ...], Meta(min_length=1, max_length=8)] | None = None
    """Device URLs (docs/scanners.md), one a lane, 1 to 8 of them."""
    printers: Annotated[tuple[Url, ...], Meta(max_length=8)] | None = None
    """Device URLs (docs/printers.md), at most 8; none: it prints nothing."""
    panel: Url | None = None
    """Device URL of lights, buzzer and buttons (docs/panel.md)."""
    lamp_brightness: Annotated[int, Meta(ge=10, le=100)] | None = None
    """Per cent of the lamps' full light, 10 to 100: they can be dimmed, never put out."""
    voice: bool | None = None
    """Whether it speaks."""
    speaker_volume: Annotated[int, Meta(ge=0, le=100)] | None = None
    """Per cent of the recordings' own loudness, 0 to 100."""
    speaker_languages: (
        Annotated[tuple[SpokenLanguage, ...], Meta(min_length=1, max_length=3)] | None
    ) = None
    """Spoken one after the other: zh, dialect, en."""
    min_free_mb: Annotated[int, Meta(ge=16, le=100_000)] | None = None
    """Mebibytes of free disk, 16 to 100,000, below which it refuses scans."""


KEYS: Final = Configuration.__struct_fields__


def write(configuration: Configuration) -> str:
    """The text that is sent and kept: JSON, only what is said."""
    return msgspec.json.encode(configuration).decode()


def version_of(text: str) -> str:
    """The name of a configuration: SHA-256 of its text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def read(text: str) -> Configuration:
    """The configuration that ``text`` holds.

    Raises:
        SettingsError: not JSON, or with every unknown key and bad value.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise SettingsError(("不是有效的 JSON / not valid JSON",)) from None
    if not isinstance(document, dict):
        raise SettingsError(("不是 JSON 对象 / not a JSON object",))
    return convert_settings(document, Configuration)
