"""Labels that the hub orders: each comes out once, donors come first, and the hub hears the rest.

A real journal, the desk for paper and a virtual printer; a cut of power is an image of the folder.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from contract.codes import Kind, serial_code
from contract.events import LabelReprinted
from contract.messages import CANCEL, PRINT_LABELS, REPRINT, Command, LabelOrder, Reply
from tests.integration.test_print_desk import Counter
from tests.support.journals import WALL
from tests.support.people import FINISH, RICE, SOAP, UNDO
from tests.support.print_desk import CutAtByte, carrying
from tests.support.virtual_printer import DirectLink

BLANKS = tuple(serial_code(Kind.ITEM, "ZABC", n) for n in range(12))
GOODS = serial_code(Kind.BOX, "4K2P", 1)
ORDER = "00000000000000aa"
HOUR_MS = 3_600_000


def order(*labels: LabelOrder, known: bool = False, expires: int = WALL + HOUR_MS) -> Command:
    return Command(ORDER, PRINT_LABELS, expires, labels, known=known)


def blanks(count: int, *, known: bool = False, expires: int = WALL + HOUR_MS) -> Command:
    return order(*map(LabelOrder, BLANKS[:count]), known=known, expires=expires)


def cancel(of: str = ORDER) -> Command:
    return Command("00000000000000cc", CANCEL, WALL + HOUR_MS, of=of)


class Ordered(Counter):
    """A counter whose kiosk knows the time and is told what to print."""

    def __init__(self, directory: Path, profile: str = "58mm-native") -> None:
        super().__init__(directory, profile)
        self.desk.learn_the_time()

    def tell(self, command: Command) -> Reply:
        """The hub says it; the kiosk's answer."""
        self.desk.commands.heard(command)
        return self.last

    @property
    def last(self) -> Reply:
        """What the kiosk said last."""
        return self.desk.replies[-1]

    def finish(self) -> Reply:
        """The printer prints until nothing of the order is left."""
        self.desk.work(lambda: not self.desk.journal.commands.open)
        self.desk.between()
        return self.last

    def look_often(self) -> None:
        """Another start, whose printer is asked many times a second how it is."""
        self.status_s = 0.05
        self.desk.off()
        self.start(DirectLink(self.machine))
        self.desk.learn_the_time()

    def back(self) -> None:
        """The power goes and comes again."""
        self.cut_and_back()
        self.desk.learn_the_time()

    def pieces(self, code: str) -> int:
        """On how many pieces of paper this code is read."""
        return len(carrying(self.machine, code))


@pytest.fixture
def stop(tmp_path: Path) -> Iterator[Ordered]:
    made = Ordered(tmp_path)
    yield made
    made.desk.off()


@pytest.mark.parametrize("profile", ["58mm-native", "tspl-58mm-gap-native"])
def test_a_roll_of_blank_labels_comes_out_in_order_and_is_on_nothing(
    tmp_path: Path, profile: str
) -> None:
    stop = Ordered(tmp_path, profile)
    said = stop.tell(blanks(5))
    assert (said.ok, said.state, said.printed, said.left) == (True, "accepted", 0, 5)
    said = stop.finish()
    assert (said.ok, said.state, said.printed, said.left) == (True, "done", 5, 0)
    assert [code for codes in stop.machine.codes() for code in [one.text for one in codes]] == list(
        BLANKS[:5]
    )
    assert [stop.desk.attached(code) for code in BLANKS[:5]] == [[]] * 5
    assert all(stop.desk.journal.knowledge.is_blank(code) for code in BLANKS[:5])
    stop.desk.off()


def test_labels_of_goods_say_what_they_are_on_and_count_as_attached(stop: Ordered) -> None:
    stop.tell(order(LabelOrder(GOODS, "F1", 12)))
    assert stop.finish().state == "done"
    assert "12" in stop.machine.texts[0]
    assert stop.desk.attached(GOODS) == ["printed"]


def test_a_label_is_printed_again_as_a_copy_and_the_journal_says_so(stop: Ordered) -> None:
    stop.desk.scan(RICE, FINISH)
    stop.desk.work()
    [item] = stop.desk.items()
    again = Command(ORDER, REPRINT, WALL + HOUR_MS, code=item)
    assert stop.tell(again).state == "accepted"
    assert stop.finish().state == "done"
    assert stop.tell(again).state == "done"
    stop.desk.work()
    assert stop.pieces(item) == 2
    [said] = [body for body in stop.desk.bodies() if isinstance(body, LabelReprinted)]
    assert said.item == item


def test_nothing_is_printed_again_of_what_is_not_known_here(stop: Ordered) -> None:
    for code, why in ((None, "no-labels"), (GOODS, "unknown-code")):
        said = stop.tell(Command(ORDER, REPRINT, WALL + HOUR_MS, code=code))
        assert (said.state, said.detail) == ("refused", why)
    stop.desk.scan(RICE, UNDO, FINISH)
    stop.desk.work()
    [item] = stop.desk.open.issued()
    said = stop.tell(Command(ORDER, REPRINT, WALL + HOUR_MS, code=item))
    assert (said.state, said.detail) == ("refused", "voided")


def test_the_same_command_again_prints_nothing_and_is_answered(stop: Ordered) -> None:
    stop.tell(blanks(3))
    stop.finish()
    for known in (False, True):
        said = stop.tell(blanks(3, known=known))
        assert (said.state, said.printed) == ("done", 3)
    stop.desk.work()
    assert [stop.pieces(code) for code in BLANKS[:3]] == [1, 1, 1]


def test_a_label_that_was_printed_is_not_printed_by_another_command(stop: Ordered) -> None:
    stop.tell(blanks(2))
    stop.finish()
    again = structs.replace(blanks(2), id="00000000000000dd")
    said = stop.tell(again)
    assert (said.ok, said.state, said.detail) == (False, "refused", "printed-before")
    stop.desk.work()
    assert len(stop.machine.pieces) == 2


@pytest.mark.parametrize("when", ["taken", "printing", "printed"])
def test_a_cut_of_power_prints_no_code_twice(stop: Ordered, when: str) -> None:
    """Wherever it happens between the receipt of the command and its last answer."""
    stop.tell(blanks(3))
    stop.desk.replies.clear()  # nobody heard the answer
    if when == "printing":
        stop.desk.between()
        stop.desk.wait_for_paper(lambda: len(stop.machine.pieces) == 1)
    elif when == "printed":
        stop.finish()
    stop.back()
    stop.tell(blanks(3))
    said = stop.finish() if stop.desk.journal.commands.open else stop.last
    assert said.state == "done"
    assert said.doubtful == (BLANKS[:1] if when == "printing" else ())
    assert said.printed == 3 - len(said.doubtful)
    assert [stop.pieces(code) for code in BLANKS[:3]] == [1, 1, 1]


@pytest.mark.parametrize("at", [0, 1, 40, 150])
def test_a_cut_in_the_middle_of_a_label_leaves_one_code_in_doubt(tmp_path: Path, at: int) -> None:
    stop = Ordered(tmp_path)
    stop.desk.off()
    link = CutAtByte(stop.machine)
    stop.start(link)
    stop.desk.learn_the_time()
    images = []
    stop.tell(blanks(2))
    link.arm(at, lambda: images.append(stop.image()))
    stop.desk.work(lambda: bool(images))
    stop.desk.off()
    stop.after_the_cut(images[0])
    stop.desk.learn_the_time()
    said = stop.finish()
    assert (said.state, said.printed, said.doubtful) == ("done", 1, BLANKS[:1])
    assert stop.pieces(BLANKS[0]) <= 1
    assert stop.pieces(BLANKS[1]) == 1
    stop.desk.off()


def test_a_copy_that_the_cut_met_comes_again_and_says_so(stop: Ordered) -> None:
    stop.tell(order(LabelOrder(GOODS, "F1", copy=True)))
    stop.desk.between()
    stop.desk.wait_for_paper(lambda: len(stop.machine.pieces) == 1)
    stop.back()
    said = stop.finish()
    assert (said.state, said.printed, said.doubtful) == ("done", 1, ())
    assert all("COPY" in text for text in stop.machine.texts)


def test_a_command_that_comes_too_late_is_never_carried_out(stop: Ordered) -> None:
    said = stop.tell(blanks(2, expires=WALL))
    assert (said.ok, said.state) == (False, "expired")
    stop.desk.work()
    assert not stop.machine.pieces


def test_what_is_left_when_its_time_is_over_is_not_printed(stop: Ordered) -> None:
    stop.machine.arm("paper-out", 0)
    stop.tell(blanks(3))
    stop.desk.work(lambda: stop.desk.threads[0].ok is False)
    stop.desk.wait(1_000)
    assert stop.last.detail == "printer-waits"
    stop.desk.wait(HOUR_MS)
    assert (stop.last.state, stop.last.left) == ("expired", 3)
    stop.machine.mend()
    stop.retry()
    assert not stop.machine.pages


def test_nothing_is_begun_before_the_time_is_known(tmp_path: Path) -> None:
    stop = Ordered(tmp_path)
    stop.cut_and_back()
    stop.desk.commands.heard(blanks(1))
    stop.desk.commands.heard(structs.replace(blanks(1), id="00000000000000ee", expires=WALL))
    stop.desk.work()
    assert not stop.desk.replies
    assert not stop.machine.pieces
    stop.desk.learn_the_time()
    stop.desk.between()
    assert {reply.id: reply.state for reply in stop.desk.replies} == {
        ORDER: "accepted",
        "00000000000000ee": "expired",
    }
    assert stop.finish().state == "done"
    stop.desk.off()


def test_a_kiosk_that_lost_its_memory_does_not_begin_anew(stop: Ordered) -> None:
    stop.tell(blanks(2))
    stop.finish()
    stop.desk.off()
    stop.home.delete_journal()
    stop.after_the_cut(stop.home)
    stop.desk.learn_the_time()
    said = stop.tell(blanks(2, known=True))
    assert (said.ok, said.state, said.detail) == (False, "failed", "forgotten")
    stop.desk.work()
    assert len(stop.machine.pieces) == 2


def test_paper_that_ends_is_waited_for(stop: Ordered) -> None:
    stop.look_often()
    stop.machine.arm("paper-out", 0)
    stop.tell(blanks(2))
    stop.desk.work(lambda: stop.desk.threads[0].ok is False)
    stop.desk.wait(1_000)
    assert stop.last.detail == "printer-waits"
    assert (stop.last.state, stop.last.left) == ("accepted", 2)
    assert stop.desk.journal.commands.waiting() == 2
    stop.machine.mend()
    stop.desk.work(lambda: stop.desk.threads[0].ok is True)
    stop.desk.wait(3_000)
    assert stop.finish().state == "done"
    assert [stop.pieces(code) for code in BLANKS[:2]] == [1, 1]


def test_what_is_left_can_be_cancelled(stop: Ordered) -> None:
    stop.tell(blanks(12))
    stop.desk.work(lambda: len(stop.machine.pages) >= 2)
    stop.desk.commands.heard(cancel())
    stop.finish()
    [ended] = [reply for reply in stop.desk.replies if reply.state == "cancelled"]
    out = len(stop.machine.pages)
    assert 2 <= out < 12
    assert (ended.printed, ended.left) == (out, 12 - out)
    assert Reply("00000000000000cc", ok=True, state="done") in stop.desk.replies


def test_a_command_that_was_cancelled_before_it_came_is_not_carried_out(stop: Ordered) -> None:
    stop.tell(cancel())
    assert stop.tell(blanks(3)).state == "cancelled"
    stop.back()
    assert stop.tell(blanks(3)).state == "cancelled"
    stop.desk.work()
    assert not stop.machine.pieces


def test_a_donors_label_and_receipt_come_before_what_the_hub_wants(stop: Ordered) -> None:
    stop.tell(blanks(6))
    stop.desk.between()
    stop.desk.scan(RICE, SOAP)
    stop.desk.work()
    [rice, soap] = stop.desk.items()
    codes = [[code.text for code in piece] for piece in stop.machine.codes()]
    own = [n for n, piece in enumerate(codes) if rice in piece or soap in piece]
    assert own == [1, 2], "one blank was in the printer's hands already"
    assert len(codes) == 3, "no blank comes while somebody is being served"
    stop.desk.scan(FINISH)
    assert stop.finish().state == "done"
    assert [stop.pieces(code) for code in BLANKS[:6]] == [1] * 6


def test_a_blank_label_that_came_out_is_bound_by_its_first_scan(stop: Ordered) -> None:
    stop.tell(blanks(1))
    stop.finish()
    stop.desk.scan(BLANKS[0], RICE)
    assert stop.desk.journal.knowledge.item_facts(BLANKS[0]).status == "here"
    again = structs.replace(blanks(1), id="00000000000000dd")
    assert stop.tell(again).detail == "bound"


def test_a_kiosk_without_a_printer_says_so(tmp_path: Path) -> None:
    stop = Ordered(tmp_path)
    stop.desk.off()
    stop.start()
    stop.desk.learn_the_time()
    said = stop.tell(blanks(1))
    assert (said.ok, said.state, said.detail) == (True, "accepted", "no-printer")
    stop.desk.off()


def test_a_printer_that_jams_in_the_middle_leaves_the_label_in_doubt(stop: Ordered) -> None:
    stop.machine.arm("power-cut", 150)
    stop.tell(blanks(2))
    stop.desk.work(lambda: bool(stop.desk.journal.commands.open[ORDER].doubtful))
    stop.machine.mend()
    stop.desk.work(lambda: stop.desk.threads[0].ok is True)
    stop.desk.wait(3_000)
    said = stop.finish()
    assert (said.state, said.printed, said.doubtful) == ("done", 1, BLANKS[:1])


def test_a_link_that_breaks_before_the_first_byte_costs_nothing(tmp_path: Path) -> None:
    stop = Ordered(tmp_path)
    stop.look_often()
    stop.machine.arm("cover-open", 0)
    stop.tell(blanks(1))
    stop.desk.work()
    stop.machine.mend()
    stop.retry()
    stop.desk.work(lambda: stop.desk.threads[0].ok is True)
    assert stop.finish().doubtful == ()
    assert stop.pieces(BLANKS[0]) == 1
    stop.desk.off()
