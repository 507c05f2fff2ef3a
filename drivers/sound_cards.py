"""Which sound card the voice takes where nobody named one (``device = "auto"``).

ALSA's own default is the first card, which on a Raspberry Pi without a desktop is mostly HDMI: no
monitor hangs there, and it takes no plain samples. So a card on USB comes first, which somebody has
plugged in to be heard, then the board's own socket, and only then what ALSA says. Cards that
record and do not play (a camera's microphone) do not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

AUTO: Final = "auto"
DEFAULT: Final = "default"
"""ALSA's own choice, or what ``/etc/asound.conf`` says."""
CARDS: Final = Path("/sys/class/sound")
"""Kernel documentation, ``sound/designs/procfs``: a folder for each card, its name in ``id``, and
one for each of its outputs (``pcmC1D0p``)."""
_HDMI: Final = "hdmi"


class _Card(NamedTuple):
    """In the order in which they are wanted."""

    not_usb: bool
    number: int
    name: str


def usual_device(cards: Path = CARDS) -> str:
    """The ALSA device to play on: ``plughw:CARD=…``, which converts rates and channels, or
    `DEFAULT` where there is nothing better."""
    found = min(_playing(cards), default=None)
    return f"plughw:CARD={found.name}" if found is not None else DEFAULT


def _playing(cards: Path) -> Iterator[_Card]:
    for folder in cards.glob("card[0-9]*"):
        number = folder.name.removeprefix("card")
        if not number.isdigit() or not any(folder.glob(f"pcmC{number}D*p")):
            continue
        try:
            name = (folder / "id").read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            continue  # pulled out meanwhile
        usb = (folder / "device" / "subsystem").resolve().name == "usb"
        if name and (usb or _HDMI not in name.lower()):
            yield _Card(not usb, int(number), name)
