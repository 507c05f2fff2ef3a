"""A printer that fails at any byte: one label a code, or somebody is asked.

Each position of a label's bytes is tried. What was left to a person is answered as an honest person
would: a whole label is kept, anything else is thrown away. In the end there is exactly one piece of
paper that a scanner reads the code from and that does not say that it is a copy.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
import pytest
from PIL import Image

from drivers.layout import Page, lay_out
from drivers.ports import PROFILES, Code128, Cut, Document, PrinterProfile, Text
from drivers.printer_escpos import EscposLanguage
from drivers.printer_tspl import TsplLanguage
from drivers.printer_wire import Job, Language, WirePrinter
from kiosk.print_recovery import Again, decide
from tests.drivers.documents import ITEM
from tests.support.paper import read_codes
from tests.support.virtual_printer import DirectLink, Fault, VirtualPrinter

PLAIN = Document(
    "label",
    (Text("米", "small", "centre"), Code128(ITEM, 4), Text(ITEM, "small", "centre"), Cut()),
)
COPY = Document("label", (*PLAIN.blocks[:-1], Text("副本 COPY", "small"), Cut()))
NAMES = ("58mm", "58mm-native", "58mm-gap-gb18030", "tspl-58mm", "tspl-58mm-gap-native")
FAULTS: tuple[Fault, ...] = (
    "disconnect", "paper-out", "cover-open", "power-cut", "silence", "garbage",
)  # fmt: skip


class Remembering:
    """A language that encodes each document once: there are thousands of tries."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._jobs: dict[tuple[Page, ...], Job] = {}
        self.prints_at_end = language.prints_at_end
        self.guard = language.guard
        self.filler = language.filler
        self.status = language.status
        self.status_in_order = language.status_in_order
        self.busy = language.busy

    def encode(self, pages: Sequence[Page], profile: PrinterProfile) -> Job:
        key = tuple(pages)
        if key not in self._jobs:
            self._jobs[key] = self._language.encode(pages, profile)
        return self._jobs[key]


class Scene:
    """One kind of printer, and what whole labels look like on it."""

    def __init__(self, name: str) -> None:
        self.profile = msgspec.structs.replace(
            PROFILES[name], speed_mm_s=1e9, settle_s=0.0, label_mm=15.0
        )
        plain: Language = EscposLanguage() if self.profile.language == "escpos" else TsplLanguage()
        self.language = Remembering(plain)
        self.job = self.language.encode(lay_out(PLAIN, self.profile), self.profile)
        self.whole = self._alone(PLAIN)
        self.copy = self._alone(COPY)
        assert _readable(self.whole)
        assert _readable(self.copy)

    def machine(self) -> VirtualPrinter:
        rows = None if self.profile.media == "continuous" else 136
        return VirtualPrinter(
            self.profile.language, label_rows=rows, chinese=self.profile.drawing == "gb18030"
        )

    def printer(self, machine: VirtualPrinter, *, ahead: int = 0) -> WirePrinter:
        link = DirectLink(machine, ahead=ahead)
        return WirePrinter("p", link, self.language, profile=self.profile)

    def _alone(self, document: Document) -> Image.Image:
        machine = self.machine()
        assert self.printer(machine).print(document).progress == "confirmed"
        [piece] = machine.pieces
        assert machine.strays == b""
        return piece

    def labels(self, machine: VirtualPrinter, thrown_away: int) -> list[Image.Image]:
        """Pieces that pass for the item's label, of those that nobody threw away."""
        return [
            piece
            for piece in machine.pieces[thrown_away:]
            if _readable(piece) and piece.tobytes() != self.copy.tobytes()
        ]


def _readable(piece: Image.Image) -> bool:
    return _codes(piece.size, piece.tobytes())


@lru_cache(maxsize=100_000)
def _codes(size: tuple[int, int], dots: bytes) -> bool:
    picture = Image.frombytes("1", size, dots)
    return any(code.text == ITEM for code in read_codes(picture))


@pytest.fixture(scope="module", params=NAMES)
def scene(request: pytest.FixtureRequest) -> Scene:
    return Scene(request.param)


EVERY_BYTE = pytest.mark.parametrize(
    "step", [pytest.param(1, marks=pytest.mark.proof), 5], ids=["every byte", "each fifth byte"]
)


@EVERY_BYTE
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_any_byte_leaves_one_label_or_somebody_is_asked(
    scene: Scene, fault: Fault, step: int
) -> None:
    decided = dict.fromkeys(Again, 0)
    for at in range(1, len(scene.job.data) + 12, step):
        machine = scene.machine()
        printer = scene.printer(machine)
        printer.status()
        machine.arm(fault, at)
        again = decide("label", printer.print(PLAIN))
        decided[again] += 1
        machine.mend()
        thrown_away = 0
        if again is Again.ASK:
            pieces = [piece.tobytes() for piece in machine.pieces]
            if scene.whole.tobytes() in pieces:
                again = Again.DONE
            else:
                again, thrown_away = Again.PLAIN, len(pieces)
        if again is Again.PLAIN:
            assert printer.print(PLAIN).progress == "confirmed", at
        elif again is Again.COPY:
            assert printer.print(COPY).progress == "confirmed", at
        found = scene.labels(machine, thrown_away)
        assert len(found) == 1, f"{fault} at byte {at}: {len(found)} labels"
    assert decided[Again.COPY] == 0
    if fault == "disconnect":
        # Up to its first bar nobody need be bothered.
        assert decided[Again.PLAIN] >= scene.job.safe // step


@pytest.mark.parametrize("ahead", [1, 100, 4096])
def test_bytes_that_the_kernel_took_and_the_printer_never_had_cost_a_question_not_a_label(
    scene: Scene, ahead: int
) -> None:
    for at in range(10, len(scene.job.data), 53):
        machine = scene.machine()
        printer = scene.printer(machine, ahead=ahead)
        printer.status()
        machine.arm("disconnect", at)
        result = printer.print(PLAIN)
        machine.mend()
        if decide("label", result) is Again.PLAIN:
            printer.print(PLAIN)
            assert len(scene.labels(machine, 0)) == 1
        else:
            assert result.taken > scene.job.safe


@EVERY_BYTE
def test_a_power_cut_of_the_kiosk_at_any_byte_asks_and_spoils_no_later_label(
    scene: Scene, step: int
) -> None:
    assert decide("label", None) is Again.ASK
    for at in range(1, len(scene.job.data), step):
        machine = scene.machine()
        scene.printer(machine).status()
        machine.take(scene.job.data[:at])
        torn = len(machine.pieces)
        fresh = scene.printer(machine)
        fresh.status()
        assert fresh.print(PLAIN).progress == "confirmed"
        assert machine.pieces[-1].tobytes() == scene.whole.tobytes(), at
        assert len(machine.pieces) <= torn + 2
