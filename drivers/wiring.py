"""Which pin does what. Values only; `kiosk.panel_settings` reads them from ``kiosk.toml``.

Pins are Broadcom (BCM) numbers, as gpiozero and the kernel count them, not positions on the header.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

PINS: Final = range(2, 28)
"""BCM 2 to 27 are on every 40-pin header; 0 and 1 belong to the memory of an add-on board."""

PULLED_UP: Final = frozenset({2, 3})
"""These have a pull-up resistor on the board (the I2C bus); a button on them connects to ground."""


class Lamp(Struct, frozen=True):
    """One lane's light: an RGB LED (``blue``), or three lamps (``yellow``)."""

    red: int
    green: int
    blue: int | None = None
    yellow: int | None = None


class Buzzer(Struct, frozen=True):
    """``passive``: it knows pitches. An active one only knows on and off."""

    pin: int
    passive: bool = True


class PushButton(Struct, frozen=True):
    """A button that stands for a card: ``text`` is what a scan of that card would read."""

    pin: int
    text: str


class LaneWiring(Struct, frozen=True):
    """What is beside one scanner. Lanes may share a buzzer; every other pin has one job."""

    lane: str
    lamp: Lamp | None = None
    buzzer: Buzzer | None = None
    buttons: tuple[PushButton, ...] = ()


class Wiring(Struct, frozen=True):
    """The whole panel. ``lights_active_high`` False: LEDs with a common anode, lit by a low pin.
    ``buttons_pull_up`` True: a button connects its pin to ground. ``brightness``: per cent of the
    time that a lit lamp has current, 10 to 100."""

    lanes: tuple[LaneWiring, ...]
    lights_active_high: bool = True
    buzzer_active_high: bool = True
    buttons_pull_up: bool = True
    brightness: int = 100
