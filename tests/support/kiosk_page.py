"""A kiosk's page with nothing behind it but what a test says: real server, real printer."""

import queue
from types import TracebackType
from typing import Self

from contract.actions import CATEGORIES, Verb
from drivers.ports import Code128, Document, Feed, Qr, Text
from drivers.printer_screen import ScreenPrinter
from kiosk.screen.answers import Entered
from kiosk.screen.app import create_app
from kiosk.screen.lists import LineView
from kiosk.screen.offers import Offer, Pad, card_of
from kiosk.screen.server import ScreenServer
from kiosk.screen.view import DeviceView, KioskView, LaneView, Language, ScreenView

ITEM = "G4K2P00042C"


class PageKiosk:
    """Takes the scans that the page posts into `scans`; shows what is published into `view`.
    Without ``printer`` its papers come out of a real one, as on a wall."""

    def __init__(
        self,
        language: Language = "both",
        now_ms: int = 1_000_000,
        port: int = 0,
        *,
        printer: bool = True,
    ) -> None:
        self.scans: queue.Queue[str] = queue.Queue()
        self.entries: list[Entered] = []
        self.takes_scans = True
        self.now_ms = now_ms
        self.printer = ScreenPrinter(now_ms=lambda: self.now_ms)
        self.kiosk = KioskView(
            "春晓社区小站",
            "Chunxiao Stop",
            language,
            online=True,
            devices=(
                DeviceView("screen:", "scanner", True, "屏幕可用", "the screen is ready"),
                DeviceView("screen:", "printer", True, "已显示在屏幕上", "shown on the screen"),
            ),
        )
        self.view = ScreenView(self.kiosk, lambda: self.now_ms)
        self._app = create_app(self.view, self.printer if printer else None, self._post)
        self._server = ScreenServer(self._app, self.view, port)

    def _post(self, entered: Entered) -> bool:
        if self.takes_scans:
            self.entries.append(entered)
            self.scans.put(entered.text)
        return self.takes_scans

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def port(self) -> int:
        return self._server.port

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._server.close()

    def scan(self) -> str:
        """The next scan that the page posted."""
        return self.scans.get(timeout=60)

    def print_label(self, code: str = ITEM) -> None:
        self.printer.print(
            Document(
                "label",
                (
                    Text("米面粮油", size="large", bold=True),
                    Text("Rice, flour, oil", size="small"),
                    Code128(code),
                    Text(code, align="centre", bold=True),
                    Feed(2),
                ),
            )
        )

    def print_receipt(self) -> None:
        self.printer.print(
            Document(
                "receipt",
                (
                    Text("春晓社区小站 Chunxiao Stop", bold=True),
                    Text("谢谢您！ Thank you!"),
                    Qr("https://hub.example/c/0000000000000000"),
                ),
            )
        )


def offered(*verbs: Verb) -> Offer:
    """What an intake offers to touch, and the buttons of ``verbs``."""
    finish, undo, help_ = (
        card_of(verb) if verb in verbs else None for verb in (Verb.FINISH, Verb.UNDO, Verb.HELP)
    )
    return Offer(
        finish=finish,
        undo=undo,
        help=help_,
        pads=(
            Pad(
                "category",
                "选品类",
                "Choose a kind",
                "shape",
                tuple(card_of(Verb.CATEGORY, category.key) for category in CATEGORIES),
            ),
            Pad("quantity", "几件？", "How many?", "numeric"),
        ),
        cards=(card_of(Verb.SAME), card_of(Verb.WHOLE_BOX)),
        first=("category", "quantity"),
    )


EVERYTHING = offered(Verb.FINISH, Verb.UNDO, Verb.HELP)

IDLE = LaneView(
    "rest",
    "idle",
    "您好，请扫物品上的条码",
    "Welcome. Scan the barcode",
    offer=offered(Verb.HELP),
    greets=True,
)

SAVED = LaneView(
    "intake",
    "saved",
    "已保存：米面粮油",
    "Saved: rice, flour, oil",
    "撕下标签，贴在物品上。还有东西就接着扫，没有就按“完成”。",
    "Tear off the label and stick it on. Scan the next thing, or press Finish.",
    (
        LineView(ITEM, "米面粮油", "Rice, flour, oil"),
        LineView("G4K2P00043Q", "洗涤清洁", "Laundry and cleaning", undone=True),
        LineView(
            "G4K2P000445",
            "待分类",
            "To be sorted",
            "标签还没有确认，请扫一下标签",
            "Label not confirmed yet: scan it, please",
        ),
    ),
    person=True,
    deadline_mono_ms=1_000_000 + 18_000,
    beep=1,
    offer=EVERYTHING,
)

REFUSED = LaneView(
    "carded",
    "refused",
    "没有记录：这个码坏了或读错了",
    "Not taken: this code is damaged or misread",
    "请再扫一次，或者扫一张品类卡。",
    "Scan it again, or scan a category card.",
    SAVED.lines[:1],
    beep=2,
    offer=EVERYTHING,
)

ATTENTION = LaneView(
    "intake",
    "attention",
    "已保存，但是打印机没有纸了",
    "Saved, but the printer is out of paper",
    "请叫志愿者换一卷纸。您的东西已经记下了。",
    "Ask a volunteer to change the roll. Your things are recorded.",
    SAVED.lines,
    deadline_mono_ms=1_000_000 + 7_000,
    beep=3,
    offer=EVERYTHING,
)
