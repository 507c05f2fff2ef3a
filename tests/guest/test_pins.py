"""Lamps, buzzer and buttons on a real chip of pins: gpiozero and lgpio as the service has them.

The chip is the kernel's own gpio-sim, under the name that a Raspberry Pi's has. gpiozero asks which
board it is on, and stops where it is on none: /proc/cpuinfo says so to the kiosk alone.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable

import pytest

from contract.events import SessionClosed, Voided
from tests.support import people
from tests.support.guest.image import KIOSK, STATE
from tests.support.guest.stop import Stop
from tests.support.processes import until

pytestmark = [pytest.mark.guest, pytest.mark.timeout(1800)]

CHIP = "pinctrl-bcm2711"
LINES = 58
"""Of a Raspberry Pi 4, which c03114 is."""
BOARD = "Revision\t: c03114\n"
RED, GREEN, BLUE, BUZZER = 17, 27, 22, 18
FINISH, UNDO = 5, 6
"""The usual wiring (docs/panel.md)."""
GREEN_ALONE, RED_ALONE = (0, 1, 0), (1, 0, 0)
SEEN_S = 0.1
"""What is lit for longer is a light; a lamp's three pins do not change within one moment."""


@pytest.fixture
def board(stop: Stop) -> Stop:
    """A kiosk with a panel and a scanner, at rest."""
    guest = stop.guest
    assert guest.call("make_pins", CHIP, LINES) == "/dev/gpiochip0"
    guest.write("/run/cpuinfo", BOARD.encode())
    drop_in = f"/run/systemd/system/{KIOSK}.d"
    guest.ask("mkdir", "-p", drop_in)
    own = b"[Service]\nBindReadOnlyPaths=/run/cpuinfo:/proc/cpuinfo\n"
    guest.write(f"{drop_in}/board.conf", own)
    guest.ask("systemctl", "daemon-reload")
    _have_panel(stop)
    until("the panel is ready", lambda: stop.is_ready("gpio:"))
    stop.plug_scanner()
    return stop


def hold(stop: Stop, line: int, what: str, done: Callable[[], object]) -> None:
    """Presses the button until what it does is done."""
    stop.guest.call("pull", line, "pull-down")
    until(what, done)
    stop.guest.call("pull", line, "pull-up")


def test_a_scan_lights_green_sounds_once_and_never_lights_red(board: Stop) -> None:
    board.guest.call("record", [RED, GREEN, BLUE, BUZZER])
    board.scan(people.RICE)
    until("it came in", board.received)
    until("green is lit", lambda: board.guest.call("level", GREEN))
    until("green is out", lambda: not board.guest.call("level", GREEN))
    seen = board.guest.call("recorded")

    lit_s: dict[tuple[int, ...], float] = defaultdict(float)
    for (begun, (*light, _)), (ended, _) in itertools.pairwise(seen):
        lit_s[tuple(light)] += ended - begun
    assert lit_s[GREEN_ALONE] > SEEN_S, lit_s
    assert lit_s[RED_ALONE] < SEEN_S, lit_s
    assert any(buzzer for *_, (_, _, _, buzzer) in seen), "it was heard"


def test_buttons_do_what_their_cards_do(board: Stop) -> None:
    board.plug_printer()
    board.scan(people.RICE)
    until("it came in", board.received)
    hold(board, UNDO, "it is taken back", lambda: _bodies(board, Voided))
    board.scan(people.SOAP)
    until("it came in", lambda: len(board.received()) == 2)
    hold(board, FINISH, "the visit is over", lambda: _bodies(board, SessionClosed))
    assert len(_bodies(board, Voided)) == 1
    assert len(_bodies(board, SessionClosed)) == 1


def test_a_button_that_is_stuck_when_the_kiosk_starts_does_nothing(board: Stop) -> None:
    board.scan(people.RICE)
    until("it came in", board.received)
    board.guest.ask("systemctl", "stop", KIOSK, deadline_s=120)
    board.guest.call("pull", UNDO, "pull-down")
    board.guest.ask("systemctl", "start", KIOSK, deadline_s=120)
    until("the panel is ready", lambda: board.is_ready("gpio:"))
    until("the scanner is ready", lambda: board.is_ready("Area_Imaging_Scanner"))
    board.scan(people.SOAP)
    until("it came in", lambda: len(board.received()) == 2)
    assert _bodies(board, Voided) == []


def test_the_kiosk_may_use_the_pins_and_nobody_else(stop: Stop) -> None:
    node = stop.guest.call("make_pins", CHIP, LINES)
    stop.guest.ask("udevadm", "settle")
    assert stop.guest.call("opens", "yicang-kiosk", [node]) == {node: ""}
    assert stop.guest.call("opens", "nobody", [node]) == {node: "EACCES"}


def test_where_the_pins_cannot_be_used_the_page_says_why_and_scanning_goes_on(stop: Stop) -> None:
    stop.guest.call("make_pins", CHIP, LINES)
    _have_panel(stop)  # and nothing says that this is a Raspberry Pi
    until("the panel is told of", lambda: "no Raspberry Pi" in str(stop.state()["kiosk"]))
    stop.plug_scanner()
    stop.scan(people.RICE)
    until("it came in", stop.received)


def _have_panel(stop: Stop) -> None:
    stop.guest.ask("sed", "-i", '1i panel = "gpio:"', f"{STATE}/kiosk.toml")
    stop.guest.ask("udevadm", "settle")
    stop.guest.ask("systemctl", "restart", KIOSK, deadline_s=120)


def _bodies(stop: Stop, kind: type) -> list[object]:
    return [body for event in stop.events() if isinstance(body := event.public.body, kind)]
