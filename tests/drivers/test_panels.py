"""What every panel does, real or fake, and what only pins can do wrong."""

import queue
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gpiozero.exc import GPIOZeroError
from gpiozero.pins.mock import MockFactory, MockPWMPin

from contract.actions import Verb
from contract.codes import action_code
from drivers.fakes import FakePanel
from drivers.panel_gpio import DIM_HZ, OPEN_MS, GpioPanel, lamps_of
from drivers.patterns import Colour
from drivers.pin_factory import LGPIO_MISSING, Pins, absent, load_lgpio
from drivers.ports import (
    Alarm,
    DeviceError,
    DeviceInput,
    DeviceState,
    Panel,
    ScanRead,
    Signal,
    Words,
)
from drivers.registry import open_panel, parse_panel
from drivers.wiring import Buzzer, Lamp, LaneWiring, PushButton, Wiring
from tests.support import processes
from tests.support.stopwatch import Stopwatch

WITHIN_S = 10.0
RED, GREEN, BLUE, BUZZER, FINISH, UNDO, HELP = 17, 27, 22, 18, 5, 6, 13
YELLOW = 24
DOOR = LaneWiring(
    "door",
    Lamp(RED, GREEN, BLUE),
    Buzzer(BUZZER),
    (
        PushButton(FINISH, action_code(Verb.FINISH)),
        PushButton(UNDO, action_code(Verb.UNDO)),
        PushButton(HELP, action_code(Verb.HELP)),
    ),
)


def until(what: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    """Waits for something to become true, however short it is so."""
    processes.until("what was waited for", what, deadline_s=within_s, pause_s=0.005)


class Hands:
    """Milliseconds that a test moves; buttons bounce by this clock."""

    def __init__(self) -> None:
        self.ms = 1_000

    def now(self) -> int:
        return self.ms


class Board:
    """Mock pins with a panel on them, and what it posted."""

    def __init__(self, wiring: Wiring, clock: Callable[[], int] | None = None) -> None:
        self.factory = MockFactory(pin_class=MockPWMPin)
        self.posted: queue.Queue[DeviceInput] = queue.Queue()
        self.opened = 0
        self.trouble: DeviceError | None = None

        def open_pins() -> Pins:
            self.opened += 1
            if self.trouble is not None:
                raise self.trouble
            return Pins(self.factory, (GPIOZeroError, OSError))

        if clock is None:
            self.panel = GpioPanel("gpio:", wiring, self.posted.put, open_pins)
        else:
            self.panel = GpioPanel("gpio:", wiring, self.posted.put, open_pins, clock=clock)

    def pin(self, number: int) -> MockPWMPin:
        return self.factory.pin(number)

    def start(self) -> "Board":
        self.panel.start()
        state = self.posted.get(timeout=WITHIN_S)
        assert isinstance(state, DeviceState), state
        assert state.ok
        return self

    def lit(self) -> tuple[bool, bool, bool]:
        return bool(self.pin(RED).state), bool(self.pin(GREEN).state), bool(self.pin(BLUE).state)

    def beeps(self) -> int:
        """How often the buzzer went on."""
        return sum(1 for _, state in self.pin(BUZZER).states if state)


@pytest.fixture
def board() -> Iterator[Board]:
    found = Board(Wiring((DOOR,)))
    yield found
    found.panel.close()


# --- every panel ---


@pytest.fixture(params=["none", "fake", "gpio", "gpio without pins"])
def panel(request: pytest.FixtureRequest) -> Iterator[Panel]:
    made: Panel
    if request.param == "none":
        made = open_panel(parse_panel("none:"), lambda _: None)
    elif request.param == "fake":
        made = FakePanel()
    else:
        board = Board(Wiring((DOOR,)))
        if request.param == "gpio without pins":
            board.trouble = DeviceError(Words("没有引脚", "no pins"))
        made = board.panel
    yield made
    made.close()


def everything(panel: Panel) -> None:
    for lane in ("door", "a lane without lights"):
        for signal in Signal:
            panel.show(lane, signal)
        for mode in ("rest", "intake", "a mode of a later release"):
            panel.mode(lane, mode)
    for alarm in Alarm:
        panel.alarm(alarm, True)
        panel.alarm(alarm, True)
        panel.alarm(alarm, False)


def test_a_panel_takes_everything_before_start_while_it_runs_and_after_close(panel: Panel) -> None:
    assert isinstance(panel, Panel)
    assert panel.name
    everything(panel)
    panel.start()
    everything(panel)
    panel.close()
    everything(panel)
    panel.close()


def test_a_panel_that_was_never_started_closes(panel: Panel) -> None:
    panel.close()


def test_the_fake_remembers_what_a_kiosk_told_it() -> None:
    fake = FakePanel()
    fake.show("door", Signal.SAVED)
    fake.mode("door", "intake")
    fake.alarm(Alarm.PAPER, True)
    assert (fake.shown, fake.modes, fake.alarms) == (
        [("door", Signal.SAVED)],
        {"door": "intake"},
        {Alarm.PAPER},
    )


# --- lights and sound on pins ---


def test_the_light_of_the_mode_is_on_as_soon_as_the_panel_is_there(board: Board) -> None:
    board.start()
    until(lambda: board.lit() == (True, True, True))
    board.panel.mode("door", "carded")
    until(lambda: board.lit() == (False, False, True))


def test_saved_is_green_and_one_beep_and_then_the_modes_light_again(board: Board) -> None:
    board.start()
    board.panel.mode("door", "carded")
    until(lambda: board.lit() == (False, False, True))
    board.pin(GREEN).clear_states()
    board.pin(BUZZER).clear_states()
    board.panel.show("door", Signal.SAVED)
    until(lambda: board.lit() == (False, True, False))
    until(lambda: board.lit() == (False, False, True))
    green = [bool(state) for _, state in board.pin(GREEN).states]
    assert green == [False, True, False]
    assert [state for _, state in board.pin(BUZZER).states] == [0.0, 0.5, 0.0]
    green_s, beep_s = board.pin(GREEN).states[-1][0], board.pin(BUZZER).states[-1][0]
    assert beep_s < 0.6 < 1.2 < green_s


def test_a_beep_has_its_pitch_and_silence_is_no_wave_at_all(board: Board) -> None:
    board.start()
    heard: list[float | None] = []
    pin = board.pin(BUZZER)
    board.panel.show("door", Signal.REFUSED)
    until(lambda: pin.state == 0.5)
    heard.append(pin.frequency)
    until(lambda: pin.frequency is None)
    assert heard == [440]
    assert pin.state == 0.0


def test_refused_is_red_and_two_long_beeps(board: Board) -> None:
    board.start()
    until(lambda: board.lit() == (True, True, True))
    board.panel.show("door", Signal.REFUSED)
    until(lambda: board.lit() == (True, False, False))
    until(lambda: board.lit() == (True, True, True))
    assert board.beeps() == 2
    assert not any(state for _, state in board.pin(GREEN).states[2:-1])


def test_a_new_signal_does_not_wait_for_the_old_one(board: Board) -> None:
    board.start()
    board.panel.show("door", Signal.REFUSED)
    until(lambda: board.lit() == (True, False, False))
    with Stopwatch() as watch:
        board.panel.show("door", Signal.SAVED)
        until(lambda: board.lit() == (False, True, False))
    assert watch.seconds < 1.0, "refused takes 1.5 s"


def test_two_saves_in_a_row_are_two_beeps(board: Board) -> None:
    board.start()
    board.panel.mode("door", "carded")
    until(lambda: board.lit() == (False, False, True))
    board.panel.show("door", Signal.SAVED)
    until(lambda: board.beeps() == 1 and board.lit() == (False, True, False))
    board.panel.show("door", Signal.SAVED)
    until(lambda: board.beeps() == 2)
    until(lambda: [bool(s) for _, s in board.pin(GREEN).states][-4:] == [True, False, True, False])


def test_an_alarm_stays_lit_until_it_is_over(board: Board) -> None:
    board.start()
    board.panel.alarm(Alarm.UNSAVED, True)
    until(lambda: board.beeps() == 4)
    until(lambda: board.lit() == (True, False, False))
    board.panel.alarm(Alarm.UNSAVED, False)
    until(lambda: board.lit() == (True, True, True))


def test_closing_puts_out_every_light_and_ends_every_sound(board: Board) -> None:
    board.start()
    board.panel.show("door", Signal.ATTENTION)
    until(lambda: board.lit() == (True, True, False))
    pins = [board.pin(number) for number in (RED, GREEN, BLUE, BUZZER)]
    board.panel.close()
    assert [bool(pin.state) for pin in pins] == [False] * 4
    assert all(pin.function == "input" for pin in pins), "given back"


def test_leds_with_a_common_anode_are_lit_by_low_pins() -> None:
    board = Board(Wiring((DOOR,), lights_active_high=False)).start()
    board.panel.mode("door", "carded")
    until(lambda: board.lit() == (True, True, False))
    board.panel.close()


@pytest.mark.parametrize("active_high", [True, False])
def test_dimmed_leds_are_lit_for_that_part_of_the_time_and_dark_without_a_wave(
    active_high: bool,
) -> None:
    board = Board(Wiring((DOOR,), lights_active_high=active_high, brightness=30)).start()
    lit, dark = (0.3, 0.0) if active_high else (0.7, 1.0)
    board.panel.mode("door", "carded")
    until(lambda: board.pin(RED).state == dark and board.pin(BLUE).state == pytest.approx(lit))
    assert board.pin(BLUE).frequency == DIM_HZ
    assert board.pin(RED).frequency is None
    board.panel.show("door", Signal.REFUSED)
    until(lambda: board.pin(RED).state == pytest.approx(lit) and board.pin(BLUE).state == dark)
    assert board.pin(BLUE).frequency is None, "what is dark costs nothing"
    board.panel.close()
    for colour in (RED, GREEN, BLUE):
        assert board.pin(colour).frequency is None


def test_leds_at_full_brightness_need_no_wave(board: Board) -> None:
    board.start().panel.mode("door", "carded")
    until(lambda: any(board.lit()))
    for colour in (RED, GREEN, BLUE):
        assert board.pin(colour).frequency is None
        assert {state for _, state in board.pin(colour).states} <= {0.0, 1.0}


def test_a_buzzer_of_one_pitch_is_switched_on_and_off() -> None:
    lane = LaneWiring("door", None, Buzzer(BUZZER, passive=False))
    board = Board(Wiring((lane,), buzzer_active_high=False)).start()
    pin = board.pin(BUZZER)
    until(lambda: bool(pin.state))
    pin.clear_states()
    board.panel.show("door", Signal.SAVED)
    until(lambda: [bool(state) for _, state in pin.states] == [True, False, True])
    assert pin.frequency is None
    board.panel.close()


def test_two_lanes_share_a_buzzer_and_each_has_its_own_light() -> None:
    shelf = LaneWiring("shelf", Lamp(9, 10, 11), Buzzer(BUZZER))
    board = Board(Wiring((DOOR, shelf))).start()
    board.panel.show("shelf", Signal.SAVED)
    until(lambda: board.beeps() == 1)
    assert board.lit() == (True, True, True)
    board.panel.show("door", Signal.REFUSED)  # while the other one may still sound
    until(lambda: board.beeps() == 3)
    assert board.pin(10).state, "the shelf's light is its own"
    board.panel.close()


@pytest.mark.parametrize("light", Colour)
def test_of_three_lamps_one_at_most_is_lit_and_red_and_green_keep_their_meaning(
    light: Colour,
) -> None:
    lamps = lamps_of(light)
    assert sum(lamps) == (0 if light is Colour.OFF else 1)
    assert lamps[0] is (light is Colour.RED)
    assert lamps[1] is (light is Colour.GREEN)


def test_three_lamps_show_a_mode_on_the_yellow_one() -> None:
    board = Board(Wiring((LaneWiring("door", Lamp(RED, GREEN, yellow=YELLOW)),))).start()
    until(lambda: bool(board.pin(YELLOW).state))
    assert not board.pin(GREEN).state
    board.panel.show("door", Signal.SAVED)
    until(lambda: bool(board.pin(GREEN).state) and not board.pin(YELLOW).state)
    board.panel.close()


# --- buttons ---


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def buttons(hands: Hands) -> Iterator[Board]:
    board = Board(Wiring((DOOR,)), hands.now).start()
    hands.ms += 10_000
    yield board
    board.panel.close()


def presses(board: Board) -> list[str]:
    found = []
    while not board.posted.empty():
        read = board.posted.get_nowait()
        assert isinstance(read, ScanRead)
        assert read.lane == "door"
        assert read.pressed
        found.append(read.text)
    return found


def test_each_button_scans_its_card(buttons: Board, hands: Hands) -> None:
    for number in (FINISH, UNDO, HELP):
        buttons.pin(number).drive_low()
        hands.ms += 200
        buttons.pin(number).drive_high()
    assert presses(buttons) == [action_code(v) for v in (Verb.FINISH, Verb.UNDO, Verb.HELP)]


def test_contacts_that_bounce_are_one_press(buttons: Board, hands: Hands) -> None:
    pin = buttons.pin(UNDO)
    for _ in range(5):
        pin.drive_low()
        hands.ms += 2
        pin.drive_high()
        hands.ms += 2
    pin.drive_low()
    hands.ms += 800
    for _ in range(5):  # letting go bounces as well
        pin.drive_high()
        hands.ms += 2
        pin.drive_low()
        hands.ms += 2
    pin.drive_high()
    assert presses(buttons) == [action_code(Verb.UNDO)]


def test_pressing_twice_undoes_twice(buttons: Board, hands: Hands) -> None:
    for _ in range(2):
        buttons.pin(UNDO).drive_low()
        hands.ms += 90
        buttons.pin(UNDO).drive_high()
        hands.ms += OPEN_MS
    assert presses(buttons) == [action_code(Verb.UNDO)] * 2


def test_a_button_that_is_held_is_one_press(buttons: Board, hands: Hands) -> None:
    buttons.pin(FINISH).drive_low()
    hands.ms += 60_000
    assert presses(buttons) == [action_code(Verb.FINISH)]


def test_a_button_held_while_the_kiosk_starts_is_no_press(hands: Hands) -> None:
    board = Board(Wiring((DOOR,)), hands.now)
    stuck = board.pin(FINISH)
    stuck.pull = "up"
    stuck.drive_low()
    held = stuck._set_pull
    stuck._set_pull = lambda value: None if value == "up" else held(value)  # a finger is stronger
    board.start()
    assert not stuck.state
    hands.ms += 5_000
    stuck.drive_high()
    hands.ms += 5_000
    assert presses(board) == []
    stuck.drive_low()
    assert presses(board) == [action_code(Verb.FINISH)]
    board.panel.close()


def test_a_button_may_connect_to_the_supply(hands: Hands) -> None:
    board = Board(Wiring((DOOR,), buttons_pull_up=False), hands.now).start()
    hands.ms += 1_000
    board.pin(HELP).drive_high()
    assert presses(board) == [action_code(Verb.HELP)]
    board.panel.close()


def test_a_closed_panel_posts_nothing(buttons: Board, hands: Hands) -> None:
    pin = buttons.pin(FINISH)
    buttons.panel.close()
    hands.ms += 1_000
    pin.drive_high()
    pin.drive_low()
    assert presses(buttons) == []


# --- pins that fail ---


def test_a_panel_without_pins_says_why_once_and_the_kiosk_goes_on(board: Board) -> None:
    board.trouble = DeviceError(LGPIO_MISSING)
    board.panel.start()
    state = board.posted.get(timeout=WITHIN_S)
    assert state == DeviceState("gpio:", "panel", False, LGPIO_MISSING)
    assert "python3-lgpio" in state.detail.zh
    assert "python3-lgpio" in state.detail.en
    with Stopwatch() as watch:
        everything(board.panel)
    assert watch.seconds < 1.0
    board.panel.close()
    assert board.posted.empty()


def test_a_pin_that_fails_later_is_told_and_the_others_are_given_back(board: Board) -> None:
    board.start()
    until(lambda: board.lit() == (True, True, True))
    pin, others = board.pin(GREEN), [board.pin(number) for number in (RED, BLUE)]

    def broken(_value: float) -> None:
        raise OSError(5, "Input/output error")

    pin._set_state = broken
    board.panel.show("door", Signal.REFUSED)
    state = board.posted.get(timeout=WITHIN_S)
    assert isinstance(state, DeviceState)
    assert not state.ok
    assert "Input/output error" in state.detail.en
    until(lambda: all(other.function == "input" for other in others))


def test_a_pin_that_hangs_does_not_hold_up_whoever_shows_something(board: Board) -> None:
    board.start()
    until(lambda: board.lit() == (True, True, True))
    free, stuck = threading.Event(), threading.Event()
    write = board.pin(RED)._set_state

    def slow(value: float) -> None:
        stuck.set()
        free.wait(WITHIN_S)
        write(value)

    board.pin(RED)._set_state = slow
    board.panel.show("door", Signal.SAVED)
    assert stuck.wait(WITHIN_S)
    with Stopwatch() as watch:
        everything(board.panel)
    assert watch.seconds < 1.0
    free.set()


# --- lgpio from Debian ---


def test_lgpio_is_taken_from_debian_where_it_is_not_beside_us(tmp_path: Path) -> None:
    (tmp_path / "_lgpio.py").write_text("MADE_FOR = 'this Python'\n")
    (tmp_path / "lgpio.py").write_text("from _lgpio import MADE_FOR\nclass error(Exception): ...\n")
    (tmp_path / "click.py").write_text("raise SystemExit('not this one')\n")
    assert "lgpio" not in sys.modules
    before = list(sys.path)
    try:
        load_lgpio(tmp_path)
        assert sys.modules["lgpio"].MADE_FOR == "this Python"
        assert sys.path == before, "nothing else is taken from there"
    finally:
        for name in ("lgpio", "_lgpio"):
            sys.modules.pop(name, None)


def test_lgpio_made_for_another_python_names_the_package(tmp_path: Path) -> None:
    (tmp_path / "lgpio.py").write_text("import _lgpio\n")
    with pytest.raises(DeviceError) as refused:
        load_lgpio(tmp_path)
    assert refused.value.words == LGPIO_MISSING
    assert "lgpio" not in sys.modules


def test_what_is_lacking_is_known_before_the_start(tmp_path: Path) -> None:
    assert absent(debian=tmp_path) == LGPIO_MISSING
    (tmp_path / "lgpio.py").touch()
    told = absent(chip=987, debian=tmp_path)
    assert told is not None
    assert "/dev/gpiochip987" in told.en
