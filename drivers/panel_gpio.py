"""``gpio:`` - lamps, buzzers and buttons on the pins of a Raspberry Pi, through gpiozero.

One thread owns the pins. `show`, `mode` and `alarm` only tell the `Stage` what happened and wake
that thread, so that the kiosk's loop never waits for a pin. What is lit follows from the time (see
`drivers.stage`); a pin is written when its state changes, and in between the thread sleeps.

A button posts what a scan of its card would: it needs no way of its own through the workflow. A
press counts only when the button was open for `OPEN_MS` before, since contacts bounce on pressing
and on letting go; one that is held while the kiosk starts has not been pressed.

When the pins cannot be used, the panel is dark and says so by a `DeviceState`, and tries again
every `RETRY_S`: at boot, udev may not yet have given the pins to their group.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any, Final

from drivers.patterns import SIGNALS, Colour
from drivers.pin_factory import Pins
from drivers.ports import Alarm, DeviceError, DeviceState, Post, ScanRead, Signal, Words
from drivers.stage import Look, Stage
from drivers.wiring import Buzzer, LaneWiring, PushButton, Wiring

OPEN_MS: Final = 60
"""How long a button must have been open before a press counts; contacts bounce for 5 to 20 ms."""
BOUNCE_S: Final = 0.01
"""The kernel's own debouncing, which keeps most bounces from waking us at all."""
DIM_HZ: Final = 200
"""How often a dimmed lamp is switched: above what an eye sees when it moves, and little work for
the library, which does it in a thread."""
RETRY_S: Final = 10.0
CLOSE_S: Final = 5.0
"""How long `close` waits for the lights to go out."""

_READY: Final = Words(zh="就绪", en="ready")


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class GpioPanel:
    """A panel on pins. ``open_pins`` opens them (it blocks, and raises `DeviceError`); ``clock``
    gives monotonic milliseconds."""

    def __init__(
        self,
        name: str,
        wiring: Wiring,
        post: Post,
        open_pins: Callable[[], Pins],
        *,
        clock: Callable[[], int] = _now_ms,
    ) -> None:
        self.name: Final = name
        self._wiring: Final = wiring
        self._post: Final = post
        self._open_pins: Final = open_pins
        self._clock: Final = clock
        self._stage: Final = Stage((lane.lane for lane in wiring.lanes), clock())
        self._heard: Final[dict[int, str]] = {}
        """The lane that each buzzer sounds for: the last one that had something to say."""
        self._woken: Final = threading.Condition()
        self._news = False
        self._closed = False
        self._told: DeviceState | None = None
        self._thread: Final = threading.Thread(target=self._run, name="panel", daemon=True)

    # --- from any thread ---

    def start(self) -> None:
        self._thread.start()

    def show(self, lane: str, signal: Signal) -> None:
        with self._woken:
            now = self._clock()
            self._stage.show(lane, signal, now, breath=self._turns_to(lane, signal, now))
            self._wake()

    def _turns_to(self, lane: str, signal: Signal, now: int) -> bool:
        """Gives this lane its buzzer; whether that is sounding for another one."""
        if not any(step.tone for step in SIGNALS[signal].once):
            return False
        pins = [w.buzzer.pin for w in self._wiring.lanes if w.lane == lane and w.buzzer is not None]
        looks = self._stage.frame(now).looks
        cut_off = False
        for pin in pins:
            before = self._heard.get(pin)
            cut_off = before not in (None, lane) and looks[before or lane].tone > 0
            self._heard[pin] = lane
        return cut_off

    def mode(self, lane: str, mode: str) -> None:
        with self._woken:
            self._stage.mode(lane, mode, self._clock())
            self._wake()

    def alarm(self, alarm: Alarm, on: bool) -> None:
        with self._woken:
            self._stage.alarm(alarm, on, self._clock())
            self._wake()

    def close(self) -> None:
        with self._woken:
            self._closed = True
            self._wake()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)

    def _wake(self) -> None:
        self._news = True
        self._woken.notify()

    # --- the panel's own thread ---

    def _run(self) -> None:
        while not self._closed:
            try:
                pins = self._open_pins()
            except DeviceError as error:
                self._tell(False, error.words)
            else:
                self._use(pins)
            self._sleep(RETRY_S)

    def _use(self, pins: Pins) -> None:
        """Plays on these pins until the panel is closed or one of them fails."""
        try:
            with _Fixtures(self._wiring, pins.factory, self._pressed, self._clock) as fixtures:
                self._tell(True, _READY)
                self._play(fixtures)
        except pins.faults as error:
            self._tell(False, Words(zh=f"引脚出错：{error}", en=f"the pins failed: {error}"))
        finally:
            with suppress(*pins.faults):
                pins.factory.close()

    def _play(self, fixtures: _Fixtures) -> None:
        while True:
            with self._woken:
                if self._closed:
                    return
                self._news = False
                now = self._clock()
                frame = self._stage.frame(now)
                heard = dict(self._heard)
            # Outside the lock: whoever calls `show` must not wait for a pin.
            fixtures.present(frame.looks, heard)
            left = None if frame.next_ms is None else max(0, frame.next_ms - now) / 1000
            with self._woken:
                if not self._news:
                    self._woken.wait(left)

    def _sleep(self, seconds: float) -> None:
        with self._woken:
            self._woken.wait_for(lambda: self._closed, seconds)

    def _tell(self, ok: bool, detail: Words) -> None:
        state = DeviceState(self.name, "panel", ok, detail)
        if state != self._told:
            self._told = state
            self._post(state)

    def _pressed(self, lane: str, text: str) -> None:
        if not self._closed:
            self._post(ScanRead(lane, text, pressed=True))


class _Fixtures:
    """Everything that is screwed to the panel, while the pins are open."""

    def __init__(
        self,
        wiring: Wiring,
        factory: Any,
        pressed: Callable[[str, str], None],
        clock: Callable[[], int],
    ) -> None:
        self._lamps: Final[dict[str, _LampPins]] = {}
        self._buzzers: Final[dict[int, tuple[_BuzzerPin, list[str]]]] = {}
        with ExitStack() as stack:  # a pin that cannot be used gives back those before it
            for lane in wiring.lanes:
                self._add(lane, wiring, factory, pressed, clock, stack)
            self._stack: Final = stack.pop_all()

    def _add(
        self,
        lane: LaneWiring,
        wiring: Wiring,
        factory: Any,
        pressed: Callable[[str, str], None],
        clock: Callable[[], int],
        stack: ExitStack,
    ) -> None:
        self._lamps[lane.lane] = _LampPins(lane, wiring, factory, stack)
        if lane.buzzer is not None:
            pin = lane.buzzer.pin
            if pin not in self._buzzers:
                buzzer = _BuzzerPin(lane.buzzer, wiring.buzzer_active_high, factory)
                stack.callback(buzzer.close)
                stack.callback(buzzer.silence)
                self._buzzers[pin] = (buzzer, [])
            self._buzzers[pin][1].append(lane.lane)
        for button in lane.buttons:
            push = _ButtonPin(button, lane.lane, wiring.buttons_pull_up, factory, pressed, clock)
            stack.callback(push.close)

    def present(self, looks: dict[str, Look], heard: dict[int, str]) -> None:
        """Brings every pin into the state that ``looks`` asks for."""
        for lane, lamp in self._lamps.items():
            lamp.show(looks[lane].light)
        for pin, (buzzer, lanes) in self._buzzers.items():
            buzzer.sound(looks[heard.get(pin, lanes[0])].tone)

    def __enter__(self) -> _Fixtures:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()


class _LampPin:
    """One colour. A lamp that is not to be as bright as it can be is lit for a part of the time,
    too fast to be seen; one that is needs no wave, and costs nothing."""

    def __init__(self, pin: int, active_high: bool, brightness: int, factory: Any) -> None:
        from gpiozero import DigitalOutputDevice, PWMOutputDevice

        self._part: Final = brightness / 100
        self._dimmed: Final = brightness < 100
        kind = PWMOutputDevice if self._dimmed else DigitalOutputDevice
        self._pin: Final = kind(pin, active_high=active_high, pin_factory=factory)
        if self._dimmed:
            self._put_out()

    def light(self, on: bool) -> None:
        if not self._dimmed:
            self._pin.value = on
        elif on:
            self._pin.frequency = DIM_HZ
            self._pin.value = self._part
        else:
            self._put_out()

    def _put_out(self) -> None:
        self._pin.frequency = None  # ends the wave itself; a duty of 0 would go on costing
        self._pin.off()

    def close(self) -> None:
        self._pin.close()


class _LampPins:
    """One lane's lamp: three colours of an RGB LED, or three lamps of a colour each."""

    def __init__(self, lane: LaneWiring, wiring: Wiring, factory: Any, stack: ExitStack) -> None:
        self._third_is_yellow: Final = lane.lamp is not None and lane.lamp.yellow is not None
        self._state = (False, False, False)
        self._pins: Final[list[_LampPin]] = []
        if lane.lamp is None:
            return
        third = lane.lamp.yellow if self._third_is_yellow else lane.lamp.blue
        for pin in (lane.lamp.red, lane.lamp.green, third):
            if pin is not None:
                lamp = _LampPin(pin, wiring.lights_active_high, wiring.brightness, factory)
                stack.callback(lamp.close)
                stack.callback(lamp.light, False)
                self._pins.append(lamp)

    def show(self, light: Colour) -> None:
        wanted = lamps_of(light) if self._third_is_yellow else light.value
        if wanted == self._state:
            return
        # Dark first: no colour in between that means something else.
        for turn_on in (False, True):
            for pin, on in zip(self._pins, wanted, strict=False):
                if on is turn_on:
                    pin.light(on)
        self._state = wanted


def lamps_of(light: Colour) -> tuple[bool, bool, bool]:
    """Which of three lamps (red, green, yellow) are lit for a colour: one at most. Red and green
    keep their meaning; everything else is yellow, and told apart by its rhythm."""
    if light is Colour.OFF:
        return (False, False, False)
    red, green = light is Colour.RED, light is Colour.GREEN
    return (red, green, not red and not green)


class _BuzzerPin:
    """A buzzer: square waves for a passive one, on and off for an active one."""

    def __init__(self, buzzer: Buzzer, active_high: bool, factory: Any) -> None:
        from gpiozero import DigitalOutputDevice, PWMOutputDevice

        self._passive: Final = buzzer.passive
        self._tone = 0
        kind = PWMOutputDevice if buzzer.passive else DigitalOutputDevice
        self._pin: Final = kind(buzzer.pin, active_high=active_high, pin_factory=factory)
        self.silence()

    def sound(self, tone: int) -> None:
        if tone == self._tone:
            return
        self._tone = tone
        if not tone:
            self.silence()
        elif self._passive:
            self._pin.frequency = tone
            self._pin.value = 0.5
        else:
            self._pin.on()

    def silence(self) -> None:
        if self._passive:
            self._pin.frequency = None  # ends the wave itself; a duty of 0 would go on costing
        self._pin.off()

    def close(self) -> None:
        self._pin.close()


class _ButtonPin:
    """A button, debounced by how long it was open."""

    def __init__(
        self,
        button: PushButton,
        lane: str,
        pull_up: bool,
        factory: Any,
        pressed: Callable[[str, str], None],
        clock: Callable[[], int],
    ) -> None:
        from gpiozero import DigitalInputDevice

        self._text: Final = button.text
        self._lane: Final = lane
        self._pressed: Final = pressed
        self._clock: Final = clock
        # Not gpiozero's Button: each has a thread that wakes ten times a second.
        self._pin: Final = DigitalInputDevice(
            button.pin, pull_up=pull_up, bounce_time=BOUNCE_S, pin_factory=factory
        )
        self._edge = clock() - OPEN_MS
        # gpiozero calls neither for the state it finds: a button held now was not pressed.
        self._pin.when_activated = self._down
        self._pin.when_deactivated = self._up

    def _down(self) -> None:
        now = self._clock()
        if now - self._edge >= OPEN_MS:
            self._pressed(self._lane, self._text)
        self._edge = now

    def _up(self) -> None:
        self._edge = self._clock()

    def close(self) -> None:
        self._pin.close()
