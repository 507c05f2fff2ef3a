"""One label a code, or somebody is asked: the kiosk's lanes, journal and printer desk together.

The paper is what a person would hold in the hand. Where the kiosk asks, an honest person answers: a
whole label is scanned, anything else is thrown away and another one asked for by card.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from msgspec import structs

from contract.actions import Verb
from contract.codes import action_code
from contract.events import LabelReprinted
from drivers.ports import BOTH_ROLES, PROFILES, Role, Signal
from drivers.registry import open_printer, parse_printer
from kiosk.paper_desk import reserve_mm
from kiosk.papers import RETRY_MS, STATUS_S
from kiosk.questions import ASK_AGAIN_MS
from kiosk.rolls import LABEL_MM
from tests.support.journals import Home, SetClock
from tests.support.memory import folder_in_memory
from tests.support.people import FINISH, RICE, SOAP, UNDO
from tests.support.print_desk import (
    CutAtByte,
    PrintDesk,
    carrying,
    is_picture,
    machine_for,
    picture_of,
    printer_on,
)
from tests.support.virtual_printer import DirectLink, Fault, PtyPrinter, VirtualPrinter

PACK = "6901234567892"
"""A pack of rice whose code nobody has named."""
REPRINT = action_code(Verb.REPRINT)
NEW_ROLL, NEW_RECEIPT_ROLL = action_code(Verb.NEW_ROLL), action_code(Verb.NEW_RECEIPT_ROLL)
LANGUAGES = ("58mm-native", "tspl-58mm-gap-native")
ASKED = (Signal.ATTENTION, "label-unsure")
FAULTS: tuple[Fault, ...] = (
    "disconnect", "paper-out", "cover-open", "power-cut", "silence", "garbage",
)  # fmt: skip


class Counter:
    """A kiosk that can be cut off, and its printer, whose paper stays."""

    def __init__(self, directory: Path, profile: str = "58mm-native") -> None:
        self.home = Home(directory / "kiosk-0")
        self.profile = profile
        self.machine = machine_for(profile)
        self.cuts = 0
        self.status_s = STATUS_S
        self.desk = self.start(DirectLink(self.machine))

    def start(self, *links: DirectLink) -> PrintDesk:
        labels = PROFILES[self.profile].media != "continuous"
        roles: frozenset[Role] = frozenset({"label"}) if labels else BOTH_ROLES
        self.desk = PrintDesk(
            self.home,
            *(printer_on(link, self.profile, roles=roles) for link in links),
            status_s=self.status_s,
        )
        self.desk.switch_on()
        return self.desk

    def image(self) -> Home:
        """The folder as it is now; a start after the cut would find this."""
        self.cuts += 1
        image = self.home.copy(f"kiosk-{self.cuts}")
        image.clock = SetClock(f"{self.cuts:032x}", 5_000)
        return image

    def after_the_cut(self, image: Home) -> PrintDesk:
        """The power is back; the printer kept its own."""
        self.home = image
        return self.start(DirectLink(self.machine))

    def cut_and_back(self) -> PrintDesk:
        image = self.image()
        self.desk.off()
        return self.after_the_cut(image)

    def retry(self) -> None:
        """Lets a printer that failed be tried again."""
        self.desk.wait(RETRY_MS)
        self.desk.work()

    def answer_honestly(self, item: str, category: str) -> int:
        """What somebody who looks into the tray does; how many pieces were thrown away."""
        assert self.desk.said == ASKED
        whole = picture_of(self.profile, item, category, copy=False)
        if any(is_picture(piece, whole) for piece in self.machine.pieces):
            self.desk.scan(item)
            assert self.desk.said == (Signal.SAVED, "label-checked")
            self.desk.work()
            return 0
        torn = len(self.machine.pieces)
        self.desk.scan(REPRINT)
        assert self.desk.said[1] == "reprinted"
        self.desk.work()
        return torn

    def check(self, item: str, category: str, thrown_away: int = 0) -> None:
        """One label carries the code: the whole one, or after an answer one that says copy."""
        found = carrying(self.machine, item, since=thrown_away)
        copy = picture_of(self.profile, item, category, copy=True)
        plain = [piece for piece in found if not is_picture(piece, copy)]
        copies = len(found) - len(plain)
        reprints = sum(
            isinstance(body, LabelReprinted) and body.item == item for body in self.desk.bodies()
        )
        assert (len(plain), copies) in {(1, 0), (0, 1)}, (len(plain), copies)
        assert copies == reprints
        assert len(self.desk.attached(item)) == 1
        assert not self.desk.journal.queue.waiting()


@pytest.fixture
def quick_path() -> Iterator[Path]:
    with folder_in_memory() as folder:
        yield folder


@pytest.fixture
def counter(quick_path: Path) -> Iterator[Counter]:
    made = Counter(quick_path)
    yield made
    made.desk.off()


@pytest.fixture(params=LANGUAGES)
def either(request: pytest.FixtureRequest, quick_path: Path) -> Iterator[Counter]:
    made = Counter(quick_path, request.param)
    yield made
    made.desk.off()


def label_bytes(counter: Counter) -> int:
    """How many bytes a label of rice takes, the question before it included."""
    before = counter.machine.taken
    counter.desk.scan(RICE)
    counter.desk.work()
    return counter.machine.taken - before


# --- printers that fail -------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_any_byte_leaves_one_label_or_somebody_is_asked(
    either: Counter, fault: Fault
) -> None:
    total = label_bytes(either)
    cards = (RICE, SOAP)
    asked = 0
    for number, at in enumerate(range(1, total + 8, max(1, total // 12))):
        pieces = len(either.machine.pieces)
        either.machine.arm(fault, at)
        either.desk.scan(cards[number % 2])
        either.desk.work()
        item = either.desk.items()[-1]
        either.machine.mend()
        either.retry()
        category = ("F1", "H1")[number % 2]
        torn = 0
        if either.desk.said == ASKED:
            asked += 1
            whole = picture_of(either.profile, item, category, copy=False)
            torn = either.answer_honestly(item, category)
            assert not torn or not any(is_picture(p, whole) for p in either.machine.pieces[pieces:])
        either.check(item, category, max(torn, pieces))
    if either.machine.language == "escpos":
        assert asked or fault == "silence", "it prints as it goes: some of it was out"


def test_a_printer_without_paper_is_waited_for_and_the_donor_hears_of_it(counter: Counter) -> None:
    counter.machine.paper_out = True
    counter.desk.scan(RICE)
    counter.desk.work()
    counter.desk.scan(SOAP)
    signal, key = counter.desk.said
    assert (signal, key) == (Signal.ATTENTION, "received")
    assert "its label comes later" in counter.desk.lamp.said[-1][3]
    assert counter.machine.pieces == []
    counter.machine.mend()
    counter.retry()
    counter.desk.work()
    for item, category in zip(counter.desk.items(), ("F1", "H1"), strict=True):
        assert counter.desk.attached(item) == ["printed"]
        [piece] = carrying(counter.machine, item)
        assert is_picture(piece, picture_of(counter.profile, item, category, copy=False))


def test_a_question_comes_back_when_the_lane_has_been_quiet_and_stays_until_it_is_answered(
    counter: Counter,
) -> None:
    counter.machine.arm("disconnect", label_bytes(counter) - 20)
    counter.desk.scan(RICE)
    counter.desk.work()
    assert counter.desk.said == ASKED
    item = counter.desk.items()[-1]
    counter.machine.mend()
    counter.desk.scan(SOAP)
    assert counter.desk.said[1] == "received"
    counter.desk.scan(UNDO)
    assert counter.desk.said == (Signal.SAVED, "undone")
    assert item in counter.desk.items(), "undo meant what was scanned last"
    counter.desk.wait(ASK_AGAIN_MS - 1)
    assert counter.desk.said[1] == "undone"
    counter.desk.wait(1)
    assert counter.desk.said == ASKED
    counter.desk.wait(40_000)
    assert counter.desk.said[1] == "thanks-unchecked" or counter.desk.said[1] == "thanks"
    counter.desk.wait(ASK_AGAIN_MS)
    assert counter.desk.said == ASKED
    again = counter.cut_and_back()
    assert again.said == ASKED
    again.scan(UNDO)
    assert again.said == (Signal.SAVED, "undone")
    assert item not in again.items()
    assert again.attached(item) == []
    again.wait(10 * ASK_AGAIN_MS)
    assert again.said[1] == "undone"


def test_a_label_that_is_scanned_for_something_else_is_there(counter: Counter) -> None:
    counter.machine.arm("disconnect", label_bytes(counter) - 20)
    counter.desk.scan(RICE, FINISH)
    counter.desk.work()
    assert counter.desk.said == ASKED
    item = counter.desk.items()[-1]
    counter.machine.mend()
    counter.desk.scan(action_code(Verb.HELP), item)
    assert counter.desk.said[1] == "seen-here"
    assert counter.desk.attached(item) == ["scanned"]
    counter.desk.wait(10 * ASK_AGAIN_MS)
    assert counter.desk.said[1] == "seen-here"


# --- printers that say nothing ------------------------------------------------------------------


def test_a_printer_that_says_nothing_turns_scan_back_on(counter: Counter) -> None:
    counter.machine.answers = False
    desk = counter.cut_and_back()
    assert desk.lanes.scan_back
    desk.scan(RICE)
    desk.work()
    assert desk.said[1] == "received"
    [item] = desk.items()
    assert desk.attached(item) == ["unconfirmed"]
    desk.scan(FINISH)
    assert desk.said == (Signal.ATTENTION, "thanks-unchecked")
    desk.work()
    assert len(carrying(counter.machine, item)) == 1


def test_a_printer_that_says_nothing_still_has_its_empty_roll_told_by_its_plug(
    counter: Counter,
) -> None:
    counter.machine.answers = False
    counter.machine.paper_out = True
    desk = counter.cut_and_back()
    desk.scan(RICE)
    desk.work()
    [item] = desk.items()
    assert desk.attached(item) == []
    assert carrying(counter.machine, item) == []
    counter.machine.paper_out = False
    counter.retry()
    desk.work()
    assert desk.attached(item) == ["unconfirmed"]
    assert desk.lanes.scan_back, "it says of itself no more than before"
    assert len(carrying(counter.machine, item)) == 1


def test_a_paper_that_no_roll_of_this_printer_can_hold_stops_nothing(tmp_path: Path) -> None:
    machine = machine_for("tspl-58mm-gap-native")
    desk = PrintDesk(
        Home(tmp_path / "kiosk"), printer_on(DirectLink(machine), "tspl-58mm-gap-native")
    )
    desk.switch_on()
    desk.scan(RICE, FINISH)
    desk.work()
    desk.scan(SOAP)
    desk.work()
    assert [desk.attached(item) for item in desk.items()] == [["printed"], ["printed"]]
    assert "layout-failed" in [getattr(body, "kind", "") for body in desk.bodies()]
    assert len(machine.pieces) == 2
    desk.off()


def test_a_copy_that_breaks_off_comes_again_as_a_copy_and_nobody_is_asked(counter: Counter) -> None:
    counter.desk.scan(SOAP)
    counter.desk.work()
    counter.machine.arm("disconnect", label_bytes(counter) - 20)
    counter.desk.scan(REPRINT)
    counter.desk.work()
    counter.machine.mend()
    counter.retry()
    assert counter.desk.said[1] == "reprinted"
    item = counter.desk.items()[-1]
    copy = picture_of(counter.profile, item, "F1", copy=True)
    assert is_picture(carrying(counter.machine, item)[-1], copy)
    plain = picture_of(counter.profile, item, "F1", copy=False)
    assert sum(is_picture(piece, plain) for piece in counter.machine.pieces) == 1


# --- cuts of power -------------------------------------------------------------------------------


def keep_image(counter: Counter, kept: list[Home]) -> None:
    """The folder as a cut of power leaves it now."""
    kept.append(counter.image())


def scan_again_is_no_second_record(desk: PrintDesk, card: str, others: set[str]) -> None:
    """Whoever saw no green scans the same tin again; and then another tin, which gets its own."""
    before = desk.items()
    desk.scan(card)
    assert desk.items() == before, "the tin was counted twice"
    desk.scan(SOAP if card == RICE else RICE)
    [fresh] = set(desk.items()) - set(before)
    assert fresh not in others
    assert len(desk.open.issued()) == len(set(desk.open.issued()))
    desk.work()


def test_a_cut_between_commit_and_green_prints_one_label_and_counts_one_tin(
    either: Counter,
) -> None:
    desk = either.desk
    desk.scan(SOAP)
    desk.work()
    issued = set(desk.open.issued())
    images: list[Home] = []
    desk.lamp.before_light = lambda: images.append(either.image())
    desk.take(RICE)
    desk.off()
    after = either.after_the_cut(images[0])
    after.work()
    [item] = set(after.items()) - issued
    either.check(item, "F1")
    scan_again_is_no_second_record(after, RICE, issued)


def test_a_cut_of_the_kiosk_in_a_label_asks_whoever_is_there_after_it(either: Counter) -> None:
    """At each fortieth byte; `tests/drivers/test_printer_recovery.py` takes every one."""
    every = 40
    total = label_bytes(either)
    either.desk.scan(FINISH)
    either.desk.work()
    asked = 0
    for at in range(1, total, every):
        image: list[Home] = []
        either.desk.off()
        wire = CutAtByte(either.machine)
        desk = either.start(wire)
        wire.arm(at, partial(keep_image, either, image))
        issued = set(desk.open.issued())
        pieces = len(either.machine.pieces)
        desk.scan(RICE)
        desk.work()
        if not image:
            break  # the label has no such byte
        desk.off()
        after = either.after_the_cut(image[0])
        after.work()
        assert after.said == ASKED, at
        assert len(carrying(either.machine, after.items()[-1], since=pieces)) <= 1
        [item] = set(after.items()) - issued
        torn = either.answer_honestly(item, "F1")
        either.check(item, "F1", max(pieces, torn))
        scan_again_is_no_second_record(after, RICE, issued)
        after.scan(FINISH)
        after.work()
        asked += 1
    assert asked > 5


def test_a_cut_between_the_printers_word_and_its_record_asks_and_prints_nothing_more(
    either: Counter,
) -> None:
    either.desk.scan(RICE)
    images: list[Home] = []

    def printed() -> bool:
        return len(either.machine.pieces) == 1

    either.desk.wait_for_paper(printed)
    images.append(either.image())
    either.desk.work()
    [item] = either.desk.items()
    assert either.desk.attached(item) == ["printed"]
    either.desk.off()
    after = either.after_the_cut(images[0])
    after.work()
    assert after.said == ASKED
    assert either.answer_honestly(item, "F1") == 0
    either.check(item, "F1")
    scan_again_is_no_second_record(after, RICE, {item})


def test_a_cut_behind_the_record_asks_nothing(either: Counter) -> None:
    either.desk.scan(RICE)
    either.desk.work()
    [item] = either.desk.items()
    after = either.cut_and_back()
    after.work()
    assert after.said == (Signal.IDLE, "resumed")
    either.check(item, "F1")
    scan_again_is_no_second_record(after, RICE, {item})


def test_undo_first_after_a_cut_takes_the_item_back_whatever_came_out(either: Counter) -> None:
    either.desk.scan(RICE)
    either.desk.wait_for_paper(lambda: len(either.machine.pieces) == 1)
    image = either.image()
    either.desk.work()
    either.desk.off()
    after = either.after_the_cut(image)
    assert after.said == ASKED
    after.scan(UNDO)
    assert after.said == (Signal.SAVED, "undone")
    assert after.items() == []
    after.scan(FINISH)
    after.work()
    assert after.said[1] == "closed-empty"
    assert len(either.machine.pieces) == 1, "no receipt, no other label"


def test_a_receipt_that_was_cut_off_comes_no_more_after_the_cut(counter: Counter) -> None:
    counter.desk.scan(RICE)
    counter.desk.work()
    counter.machine.paper_out = True
    counter.desk.scan(FINISH)
    counter.desk.work()
    assert len(counter.machine.pieces) == 1
    counter.machine.mend()
    after = counter.cut_and_back()
    after.work()
    assert after.said == (Signal.IDLE, "rest")
    assert len(counter.machine.pieces) == 1
    assert "receipt-expired" in [getattr(body, "kind", "") for body in after.bodies()]


# --- rolls and roles -----------------------------------------------------------------------------


def test_paper_is_counted_from_the_new_roll_card_through_cuts_until_it_warns(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "kiosk")
    machine = VirtualPrinter()
    printer = printer_on(DirectLink(machine), "58mm-native", roll_mm=1_000.0)
    reserve = reserve_mm(printer)
    assert reserve >= 3 * LABEL_MM
    desk = PrintDesk(home, printer)
    desk.switch_on()
    desk.scan(RICE)
    desk.work()
    assert desk.papers.paper_left() == {}, "nobody said when this roll was new"
    desk.scan(NEW_ROLL)
    assert desk.papers.paper_left() == {"printer": 1_000}
    desk.scan(SOAP)
    desk.work()
    one = 1_000 - desk.papers.paper_left()["printer"]
    rows = machine.pieces[-1].height
    assert rows / 8 <= one <= rows / 8 + 20, "what came out, and the way to the tear bar"
    cards = (RICE, SOAP)
    number = 0
    while not desk.papers.running_low():
        assert desk.papers.paper_left()["printer"] > reserve
        if number == 5:
            desk.off()
            desk = PrintDesk(home, printer_on(DirectLink(machine), "58mm-native", roll_mm=1_000.0))
            desk.switch_on()
        desk.scan(cards[number % 2])
        desk.work()
        number += 1
    assert number > 5
    assert reserve - one <= desk.papers.paper_left()["printer"] <= reserve
    desk.scan(NEW_ROLL)
    assert not desk.papers.running_low()
    desk.off()


def test_labels_wait_for_the_printer_of_labels_and_never_come_out_of_another(
    tmp_path: Path,
) -> None:
    labels, papers = machine_for("tspl-58mm-gap-native"), VirtualPrinter()
    desk = PrintDesk(
        Home(tmp_path / "kiosk"),
        printer_on(
            DirectLink(papers), "58mm-native", called="papers", roles=frozenset({"receipt"})
        ),
        printer_on(
            DirectLink(labels),
            "tspl-58mm-gap-native",
            called="labels",
            roles=frozenset({"label"}),
            roll_mm=2_000.0,
        ),
    )
    labels.paper_out = True
    desk.switch_on()
    desk.scan(RICE)
    assert "its label comes later" in desk.lamp.said[-1][3]
    desk.scan(FINISH)
    desk.work()
    [item] = desk.items()
    [receipt] = papers.pieces
    assert item not in [code.text for code in papers.codes()[0]], "a receipt is no second label"
    assert labels.pieces == []
    desk.scan(NEW_ROLL)
    assert desk.papers.paper_left() == {"labels": 2_000}
    desk.scan(NEW_RECEIPT_ROLL)
    assert set(desk.papers.paper_left()) == {"labels", "papers"}
    desk.work()
    labels.mend()
    desk.wait(RETRY_MS)
    desk.work()
    assert len(carrying(labels, item)) == 1
    assert len(papers.pieces) == 1
    assert receipt.height
    assert desk.papers.paper_left()["labels"] == 2_000 - 42
    desk.off()


def test_a_printer_that_is_found_later_prints_what_waited(tmp_path: Path) -> None:
    desk = PrintDesk(Home(tmp_path / "kiosk"))
    desk.scan(RICE)
    [item] = desk.items()
    machine = VirtualPrinter()
    desk.papers.attach(printer_on(DirectLink(machine), "58mm-native", called="found"))
    desk.work(lambda: desk.attached(item) == ["printed"])
    assert len(carrying(machine, item)) == 1
    desk.papers.detach("found")
    desk.scan(SOAP)
    desk.work()
    assert len(machine.pieces) == 1
    desk.papers.attach(printer_on(DirectLink(machine), "58mm-native", called="found by port"))
    desk.work(lambda: len(machine.pieces) == 2)
    desk.work()
    desk.papers.close()
    desk.journal.close()


# --- on a wire -----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["disconnect", "paper-out"])
@pytest.mark.parametrize("profile", LANGUAGES)
def test_on_a_serial_line_a_fault_in_a_label_leaves_one_or_asks(
    tmp_path: Path, profile: str, fault: Fault
) -> None:
    machine = machine_for(profile)
    with PtyPrinter(tmp_path / "printer", machine) as line:
        url = parse_printer(f"serial:{line.path}?profile={profile}&role=label")
        # Paper that runs ten times as fast is waited for a tenth of the time.
        speed = structs.replace(url.profile, speed_mm_s=400.0, settle_s=0.03)
        desk = PrintDesk(
            Home(tmp_path / "kiosk"), open_printer(structs.replace(url, profile=speed))
        )
        desk.switch_on()
        desk.scan(SOAP)
        desk.work()
        before = machine.taken
        desk.scan(RICE)
        desk.work()
        machine.arm(fault, machine.taken - before - 60)
        desk.scan(SOAP)
        desk.work()
        item = desk.items()[-1]
        torn = len(machine.pieces)
        machine.mend()
        if fault == "disconnect":
            line.plug()
        desk.wait(RETRY_MS)
        desk.work()
        if desk.said == ASKED:
            # With a new roll the printer goes on where it stopped; one that was unplugged forgot.
            desk.scan(item if fault == "paper-out" else REPRINT)
            desk.work()
        assert len(desk.attached(item)) == 1
        reprinted = any(isinstance(body, LabelReprinted) for body in desk.bodies())
        found = carrying(machine, item, since=torn if reprinted else 0)
        assert len(found) == 1
        desk.off()
