"""What somebody at a stop does when a light shows: one row for each pattern. Pure.

`drivers.patterns` says what a light means; this says what to do about it, whom to ring, and what
will be asked on the telephone. Written for a volunteer who is alone at the stop and has never read
a manual: an order, not an explanation. docs/operate.md and the wall card are drawn from here.

Questions are those that the hub's alarms ask (`hub.alerts.words`), so that both ends of the
telephone line hold the same sheet; a test compares them.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from drivers.ports import Alarm, Signal, Words

NOBODY: Final = Words("-", "-")
HOST: Final = Words("站点负责人", "the host of the stop")
HUB: Final = Words("中心", "the hub")


class Guidance(Struct, frozen=True):
    """``do`` is an order; ``ring`` is `NOBODY` where nobody is needed, and then nothing is
    ``asked``."""

    do: Words
    ring: Words = NOBODY
    asked: Words = NOBODY


SILENT: Final = Words("没有声音", "silent")
DARK_TOLD: Final = Words("灯不亮", "no light at all")
DARK_MEANS: Final = Words("没有电，或者正在启动", "no power, or it is starting")
COLOUR: Final = Words("灯是什么颜色？", "What colour is the light?")

DARK: Final = Guidance(
    Words(
        "看插头和插线板的开关。都好：拔下终端的电源，数到十，再插上，等一等",
        "Look at plug and switch. All well: unplug the kiosk, count to ten, plug in, wait",
    ),
    HUB,
    COLOUR,
)
"""No light at all: no pattern, and the one that most calls are about."""

SIGNALS: Final[dict[Signal, Guidance]] = {
    Signal.SAVED: Guidance(Words("贴上标签，扫下一件", "Stick the label on, scan the next thing")),
    Signal.REFUSED: Guidance(
        Words(
            "什么都没记。听它说什么，换一张卡或再扫一次",
            "Nothing was recorded. Hear what it says; another card, or scan again",
        )
    ),
    Signal.ATTENTION: Guidance(
        Words(
            "已经记下了。听它说什么；这件先别上架，放到一边",
            "It is recorded. Hear what it says; put the thing aside, not on the shelf",
        ),
        HOST,
        Words("标签上印的是什么？", "What does the label say?"),
    ),
    Signal.BUSY: Guidance(Words("等绿灯", "Wait for the green light")),
    Signal.IDLE: Guidance(Words("不用做什么", "There is nothing to do")),
    Signal.IDENTIFY: Guidance(
        Words("电话里说“是这台”", "Say on the telephone: this is the one"),
    ),
    Signal.TEST: Guidance(
        Words(
            "看一遍：红、绿、蓝、白都亮了吗？响了四声吗？",
            "Watch: were there red, green, blue and white, and four beeps?",
        ),
        HUB,
        Words("哪种颜色没亮？", "Which colour was missing?"),
    ),
}

ALARMS: Final[dict[Alarm, Guidance]] = {
    Alarm.UNSAVED: Guidance(
        Words(
            "停下，别再扫。捐的东西收在一个箱子里，写上“没扫”。不要拔电源",
            "Stop scanning. Put what comes into a box marked “not scanned”. Leave the power on",
        ),
        HUB,
        Words("最后一次听到“滴”声是什么时候？", "When did it last beep?"),
    ),
    Alarm.PAPER: Guidance(
        Words(
            "打开打印机看：没纸就换一卷，卡住就取出纸，合上盖子",
            "Open the printer: no paper, a new roll; a jam, take the paper out; close the lid",
        ),
        HOST,
        Words("打印机里还有纸吗？", "Is there paper in the printer?"),
    ),
    Alarm.OFFLINE: Guidance(
        Words(
            "照常收东西，什么都不会丢。一天后还这样，再打电话",
            "Go on as usual, nothing is lost. Ring when it is still so after a day",
        ),
        HOST,
        Words("站点的网络最近换过吗？", "Has the network at the stop changed lately?"),
    ),
}

MODES_DO: Final[dict[str, Words]] = {
    "rest": Words("扫包装上的条码，或品类卡", "Scan a pack's bar code, or a category card"),
    "carded": Words("扫物品", "Scan the things"),
    "intake": Words("贴标签，扫下一件；完了按“完成”", "Label on, next thing; at the end: finish"),
    "asking": Words("扫它问的：多半是品类卡", "Scan what it asks for: mostly a category card"),
    "handover": Words("再扫下一件，或扫送货单、位置", "The next thing, or the plan or place"),
    "plan": Words("扫家庭码，或“没人在家”卡", "Scan the family's code, or the not-home card"),
    "packing": Words("扫下一件；满了扫“封箱”卡", "The next thing; full: the seal card"),
    "receiving": Words("扫下一件；完了按“完成”", "The next label; at the end: finish"),
    "market": Words("扫物品，再扫价格卡", "A thing, then its price card"),
    "stocktake": Words(
        "扫架上每件的标签；数完再扫一次货架", "Each label on the shelf; then the shelf again"
    ),
    "time": Words("扫技能卡和自己的卡；完了按“完成”", "Skill card, own card; at the end: finish"),
    "campaign": Words("再来一勺，或按“完成”", "Another spoon, or finish"),
    "other": Words("扫所问的；不做了按“撤销”", "Scan what it asks for; to leave it: undo"),
}
"""What to scan in each mode of `drivers.patterns.MODES`, and in one that has no light of its own.
The kiosk's own words for it are in `kiosk.texts`."""
