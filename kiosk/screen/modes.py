"""What the page calls each phase, and its pictogram. The colour is that of the lane's lamp.

Words tell people what the kiosk is doing now, so that a volunteer who comes back to it with full
hands sees at a glance whose turn it is. Icons are symbols of ``static/icons.svg``; tasks that have
a card carry the card's own pictogram.
"""

from __future__ import annotations

from typing import Final

import msgspec

from drivers.patterns import Colour, mode_pattern
from drivers.ports import Words
from kiosk.lights import mode_of
from kiosk.state import Phase


class ModeView(msgspec.Struct, frozen=True):
    """What a lane is used for now. ``light`` is a colour of `drivers.patterns.Colour`, in small
    letters."""

    zh: str
    en: str
    icon: str
    light: str


_P = Phase

_FACES: Final[dict[Phase, tuple[Words, str]]] = {
    _P.REST: (Words("请扫码", "Ready to scan"), "barcode-scan"),
    _P.CARDED: (Words("已刷卡", "Card read"), "card-account-details"),
    _P.INTAKE: (Words("收捐赠", "Taking in"), "inbox-arrow-down"),
    _P.ASKING: (Words("选品类", "Which kind?"), "shape"),
    _P.HANDOVER: (Words("交接", "Handover"), "hand-extended"),
    _P.PLAN: (Words("送货单", "Delivery plan"), "moped"),
    _P.PACKING: (Words("装箱", "Packing"), "package-down"),
    _P.UNPACKING: (Words("开箱取出", "Unpacking"), "package-up"),
    _P.RECEIVING: (Words("收调拨", "Receiving"), "truck-check"),
    _P.REPRINTING: (Words("补打标签", "Print again"), "printer"),
    _P.LOOKING: (Words("找物品", "Where is it?"), "map-marker-question"),
    _P.BINDING: (Words("贴预印标签", "Ready-made label"), "sticker-check"),
    _P.MARKET: (Words("义卖", "Market"), "storefront"),
    _P.SELLING: (Words("义卖：卖出", "Market: selling"), "tag"),
    _P.RETURNING: (Words("义卖：退货", "Market: return"), "cash-refund"),
    _P.CASHING: (Words("义卖：数钱", "Market: cash"), "cash-multiple"),
    _P.COUNTING: (Words("盘点", "Stocktake"), "clipboard-list"),
    _P.SHELF: (Words("盘点：数这一架", "Counting a shelf"), "library-shelves"),
    _P.UNLABELLED: (Words("盘点：补标签", "No label"), "tag-off"),
    _P.OFFERING: (Words("我愿出时间", "Offering time"), "clock-plus-outline"),
    _P.WORKING: (Words("上工、下工", "Time worked"), "account-clock"),
    _P.GIVING: (Words("一勺米", "Spoons of rice"), "rice"),
}

_DARK: Final = Colour.OFF


def _light(phase: Phase) -> str:
    """The colour that the lane's lamp shows in this phase."""
    steps = mode_pattern(mode_of(phase)).loop
    return next((step.light.name.lower() for step in steps if step.light is not _DARK), "white")


MODES: Final[dict[Phase, ModeView]] = {
    phase: ModeView(words.zh, words.en, icon, _light(phase))
    for phase, (words, icon) in _FACES.items()
}
"""Every phase's face; a test walks `Phase`."""
