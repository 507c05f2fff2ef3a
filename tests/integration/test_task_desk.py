"""Tasks of the hub at a kiosk's desk: taken once, begun once, over when their time is over. A real
journal; a cut of power is a second start of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.messages import CANCEL, IDENTIFY, REBOOT, RESTART, Command, Reply, decode
from kiosk.clock import LearntClock
from kiosk.command_desk import CommandDesk
from kiosk.tasks.actions import REBOOT_MS, Once, Reboot, RequestFile, Restart
from kiosk.tasks.desk import TaskDesk
from kiosk.tasks.outbox import Outbox
from kiosk.tasks.step import DONE, RUNNING, Action, Step
from tests.support.journals import KIOSK, WALL, Home, OpenJournal

ID = "00000000000000aa"
HOUR_MS = 3_600_000


class Counted(Once):
    """Something that takes until it is told that it is over."""

    def __init__(self) -> None:
        self.begun = 0
        self.over = False

    def begin(self, command: Command) -> Step:
        """Counts."""
        self.begun += 1
        return RUNNING

    def look(self, command: Command) -> Step:
        """Whether it is over."""
        return DONE if self.over else RUNNING


class Desk:
    """A kiosk's desk for commands; `start` again is a cut of power."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder / "kiosk")
        self.runtime = folder / "run"
        self.runtime.mkdir()
        self.counted = Counted()
        self.left = 0
        self.serving = False
        self.replies: list[Reply] = []
        self.open: OpenJournal | None = None
        self.start()

    def start(self) -> None:
        """The process starts; it does not know the time."""
        if self.open is not None:
            self.open.journal.close()
        self.open = self.home.open()
        clock, journal = self.open.learnt, self.open.journal
        actions: dict[str, Action] = {
            IDENTIFY: self.counted,
            RESTART: Restart(clock, self._leave),
            REBOOT: Reboot(clock, RequestFile(self.runtime)),
        }
        tasks = TaskDesk(
            KIOSK,
            journal,
            clock,
            self,
            actions,
            Outbox(self.home.directory / "files"),
            lambda: self.serving,
        )
        self.desk = CommandDesk(KIOSK, journal, clock, self, tasks=tasks)

    @property
    def clock(self) -> LearntClock:
        assert self.open is not None
        return self.open.learnt

    def _leave(self) -> None:
        self.left += 1

    def publish(self, topic: str, payload: bytes) -> None:
        """What the kiosk answers."""
        self.replies.append(decode(payload, Reply))

    def learn_the_time(self) -> None:
        self.clock.learn(WALL - self.home.clock.now)

    def tell(self, name: str, *, known: bool = False, expires: int = WALL + HOUR_MS) -> None:
        self.desk.heard(Command(ID, name, expires, known=known))

    def pass_ms(self, milliseconds: int) -> None:
        self.home.clock.now += milliseconds
        self.desk.tick()

    @property
    def said(self) -> tuple[str, str]:
        return self.replies[-1].state, self.replies[-1].detail


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    assert made.open is not None
    made.open.journal.close()


def test_nothing_is_begun_while_nobody_has_told_the_time(desk: Desk) -> None:
    desk.tell(IDENTIFY)
    desk.pass_ms(1_000)
    assert (desk.counted.begun, desk.replies) == (0, [])
    desk.learn_the_time()
    desk.pass_ms(1_000)  # it is decided on
    desk.pass_ms(1_000)
    assert desk.counted.begun == 1


def test_nothing_is_begun_after_its_time(desk: Desk) -> None:
    desk.learn_the_time()
    desk.tell(IDENTIFY, expires=WALL)
    assert desk.said == ("expired", "")
    desk.serving = True
    desk.replies.clear()
    other = Command("00000000000000bb", RESTART, WALL + HOUR_MS)
    desk.desk.heard(other)
    desk.pass_ms(1_000)
    assert desk.said == ("accepted", "serving")
    desk.pass_ms(HOUR_MS)
    assert desk.said == ("expired", "")
    desk.serving = False
    desk.pass_ms(10_000)
    assert (desk.counted.begun, desk.left) == (0, 0)


def test_the_same_command_again_only_asks(desk: Desk) -> None:
    desk.learn_the_time()
    desk.tell(IDENTIFY)
    desk.pass_ms(200)
    desk.tell(IDENTIFY, known=True)
    assert desk.said == ("running", "")
    desk.counted.over = True
    desk.pass_ms(200)
    desk.tell(IDENTIFY, known=True)
    assert desk.said == ("done", "")
    assert desk.counted.begun == 1


def test_what_a_cut_of_power_ended_is_not_begun_again(desk: Desk) -> None:
    desk.learn_the_time()
    desk.tell(IDENTIFY)
    desk.pass_ms(200)
    desk.start()
    desk.tell(IDENTIFY, known=True)
    assert desk.said == ("failed", "interrupted")
    desk.learn_the_time()
    desk.pass_ms(1_000)
    assert desk.counted.begun == 1


def test_what_waited_when_the_power_went_is_begun_after_it(desk: Desk) -> None:
    desk.learn_the_time()
    desk.serving = True
    desk.tell(RESTART)
    desk.start()
    desk.serving = False
    desk.learn_the_time()
    desk.pass_ms(200)
    desk.pass_ms(1_100)
    assert desk.left == 1
    desk.start()
    desk.tell(RESTART, known=True)
    assert desk.said == ("done", "")
    desk.learn_the_time()
    desk.pass_ms(5_000)
    assert desk.left == 1


def test_a_reboot_is_done_when_the_boot_is_another_one(desk: Desk) -> None:
    desk.learn_the_time()
    desk.tell(REBOOT)
    desk.pass_ms(200)
    asked = desk.runtime / "reboot"
    assert asked.exists()
    asked.unlink()  # who rebooted took it away
    desk.home.clock.boot = "b" * 32
    desk.start()
    desk.tell(REBOOT, known=True)
    assert desk.said == ("done", "")
    desk.learn_the_time()
    desk.pass_ms(1_000)
    assert not asked.exists()


def test_a_machine_that_does_not_reboot_is_said_to_have_failed(desk: Desk) -> None:
    desk.learn_the_time()
    desk.tell(REBOOT)
    desk.pass_ms(200)
    desk.pass_ms(REBOOT_MS)
    assert desk.said == ("failed", "no-reboot")
    assert not (desk.runtime / "reboot").exists()


def test_a_machine_that_nobody_reboots_refuses(desk: Desk) -> None:
    desk.runtime.rmdir()
    desk.learn_the_time()
    desk.tell(REBOOT)
    desk.pass_ms(200)
    assert desk.said == ("refused", "no-reboot-here")


def test_what_waits_can_be_ended_and_what_comes_after_its_end_is_not_begun(desk: Desk) -> None:
    desk.learn_the_time()
    desk.serving = True
    desk.tell(RESTART)
    desk.desk.heard(Command("00000000000000cc", CANCEL, WALL + HOUR_MS, of=ID))
    assert [(one.id, one.state) for one in desk.replies[-2:]] == [
        (ID, "cancelled"),
        ("00000000000000cc", "done"),
    ]
    late = "00000000000000dd"
    desk.desk.heard(Command("00000000000000ee", CANCEL, WALL + HOUR_MS, of=late))
    desk.serving = False
    desk.desk.heard(Command(late, RESTART, WALL + HOUR_MS))
    desk.pass_ms(5_000)
    assert desk.left == 0


def test_a_command_of_a_later_release_is_not_known_here(desk: Desk) -> None:
    desk.learn_the_time()
    desk.tell("dance")
    assert desk.said == ("unknown", "not-supported")
