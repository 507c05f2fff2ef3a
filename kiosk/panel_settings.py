"""The tables ``[gpio]`` and ``[speaker]`` of ``kiosk.toml``: which pin does what, and the voice.

Everything that is wrong is told at once, by key path. docs/panel.md shows the wiring.
"""

import difflib
from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from contract.actions import ACTIONS
from contract.codes import Kind, with_check
from contract.settings import SettingsError, unknown_key
from drivers.wiring import PINS, PULLED_UP, Buzzer, Lamp, LaneWiring, PushButton, Wiring

Pin = Annotated[int, Meta(ge=PINS.start, le=PINS.stop - 1)]
Language = Literal["zh", "dialect", "en"]


class LaneSettings(Struct, frozen=True, kw_only=True):
    """``[gpio.lanes.<lane>]``: an RGB LED has ``blue``, three lamps have ``yellow``."""

    red: Pin | None = None
    green: Pin | None = None
    blue: Pin | None = None
    yellow: Pin | None = None
    buzzer: Pin | None = None
    """This lane's own buzzer, where lanes do not share one."""
    buttons: dict[str, Pin] = {}
    """By action: ``finish``, ``undo``, ``help``, or any other card (`BUTTONS`)."""


class GpioSettings(Struct, frozen=True, kw_only=True):
    """``[gpio]``: the panel of ``panel = "gpio:"``."""

    lights_active_high: bool = True
    """False: common anode, an LED is lit by a low pin."""
    buttons_pull_up: bool = True
    """True: a button connects its pin to ground; False: to 3.3 V."""
    buzzer: Pin | None = None
    """One buzzer for every lane that has none of its own."""
    buzzer_kind: Literal["passive", "active"] = "passive"
    """A passive one plays pitches, an active one beeps in its own."""
    buzzer_active_high: bool = True
    lanes: dict[str, LaneSettings]


class SpeakerSettings(Struct, frozen=True, kw_only=True):
    """``[speaker]``: without this table there is no voice."""

    languages: Annotated[tuple[Language, ...], Meta(min_length=1, max_length=3)] = ("zh",)
    """Spoken one after the other."""
    volume: Annotated[int, Meta(ge=0, le=100)] = 80
    """Per cent of the recordings' own loudness."""
    device: Annotated[str, Meta(min_length=1, max_length=100)] = "auto"
    """An ALSA device, as ``aplay -L`` lists them; "auto" is `drivers.sound_cards.usual_device`."""


BUTTONS: Final[dict[str, str]] = {
    "-".join(
        part for part in (action.verb.name.lower().replace("_", "-"), action.argument) if part
    ): with_check(Kind.ACTION.value + text)
    for text, action in ACTIONS.items()
}
"""What a button can be called, and the card that it stands for: ``not-home``, ``quantity-06``."""

USUAL: Final = LaneSettings(red=17, green=27, blue=22, buttons={"finish": 5, "undo": 6, "help": 13})
"""The wiring of docs/panel.md, for a kiosk without a table ``[gpio]``."""
USUAL_BUZZER: Final = 18


def wiring(settings: GpioSettings | None, lanes: Sequence[str], *, brightness: int = 100) -> Wiring:
    """The panel for these lanes. Without settings the first lane has the `USUAL` wiring.
    ``brightness`` is per cent.

    Raises:
        SettingsError: with every lane and button that does not exist, every pin with two jobs,
            every lamp that lacks a colour.
    """
    if settings is None:
        settings = GpioSettings(buzzer=USUAL_BUZZER, lanes={lanes[0]: USUAL} if lanes else {})
    problems = tuple(_problems(settings, lanes))
    if problems:
        raise SettingsError(problems)
    return Wiring(
        tuple(_lane(name, lane, settings) for name, lane in settings.lanes.items()),
        lights_active_high=settings.lights_active_high,
        buzzer_active_high=settings.buzzer_active_high,
        buttons_pull_up=settings.buttons_pull_up,
        brightness=brightness,
    )


def _lane(name: str, lane: LaneSettings, settings: GpioSettings) -> LaneWiring:
    lamp = None
    if lane.red is not None and lane.green is not None:
        lamp = Lamp(lane.red, lane.green, lane.blue, lane.yellow)
    pin = lane.buzzer if lane.buzzer is not None else settings.buzzer
    return LaneWiring(
        name,
        lamp,
        None if pin is None else Buzzer(pin, passive=settings.buzzer_kind == "passive"),
        tuple(PushButton(pin, BUTTONS[button]) for button, pin in lane.buttons.items()),
    )


def _problems(settings: GpioSettings, lanes: Sequence[str]) -> Iterator[str]:
    for name, lane in settings.lanes.items():
        path = f"gpio.lanes.{name}"
        if name not in lanes:
            yield _no_such_lane(path, name, lanes)
        yield from _lamp_problems(path, lane)
        for button, pin in lane.buttons.items():
            if button not in BUTTONS:
                yield unknown_key(f"{path}.buttons.{button}", button, BUTTONS)
            if pin in PULLED_UP and not settings.buttons_pull_up:
                yield (
                    f"{path}.buttons.{button}: 引脚 {pin} 固定上拉，按钮只能接地"
                    f" / pin {pin} has a pull-up of its own: its button must connect to ground"
                )
    jobs: dict[int, str] = {}
    for path, pin in _pins(settings):
        if pin in jobs:
            yield f"{path}: 引脚 {pin} 已用于 {jobs[pin]} / pin {pin} is {jobs[pin]} already"
        jobs.setdefault(pin, path)


def _no_such_lane(path: str, name: str, lanes: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, lanes, n=1)
    listed = ", ".join(lanes) or "-"
    zh = f"；是不是 {near[0]}?" if near else ""
    en = f"; did you mean {near[0]}?" if near else ""
    return f"{path}: 没有这条通道（有：{listed}）{zh} / no such lane, there is: {listed}{en}"


def _lamp_problems(path: str, lane: LaneSettings) -> Iterator[str]:
    colours = (lane.red, lane.green, lane.blue, lane.yellow)
    if colours == (None, None, None, None):
        return
    for name, pin in (("red", lane.red), ("green", lane.green)):
        if pin is None:
            yield f"{path}.{name}: 缺少 / missing"
    if (lane.blue is None) == (lane.yellow is None):
        yield (
            f"{path}: blue（RGB 灯）和 yellow（三个灯）二选一"
            " / give one of blue (an RGB LED) and yellow (three lamps)"
        )


def _pins(settings: GpioSettings) -> Iterator[tuple[str, int]]:
    """Every pin with the key that names it; a shared buzzer is named once."""
    named: list[tuple[str, int | None]] = [("gpio.buzzer", settings.buzzer)]
    for name, lane in settings.lanes.items():
        path = f"gpio.lanes.{name}"
        named += [
            (f"{path}.red", lane.red),
            (f"{path}.green", lane.green),
            (f"{path}.blue", lane.blue),
            (f"{path}.yellow", lane.yellow),
            (f"{path}.buzzer", lane.buzzer),
            *((f"{path}.buttons.{button}", pin) for button, pin in lane.buttons.items()),
        ]
    yield from ((path, pin) for path, pin in named if pin is not None)
