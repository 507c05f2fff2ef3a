"""What the kiosk says of a stick that was plugged in."""

from typing import Final

from drivers.ports import Words

MESSAGES: Final[dict[str, Words]] = {
    "stick-writing": Words(
        "正在把 {count} 条记录写到U盘，请不要拔",
        "Writing {count} records onto the stick: leave it in",
    ),
    "stick-done": Words(
        "{count} 条记录已写到U盘，可以拔了，请带给义仓中心",
        "{count} records are on the stick: take it out and bring it to the hub",
    ),
    "stick-nothing": Words(
        "中心什么都有了，U盘可以拔了", "The hub has everything already: take the stick out"
    ),
    "stick-no-key": Words(
        "这台终端还不能写U盘，请告诉工作人员", "This kiosk cannot write sticks yet: tell the staff"
    ),
    "stick-full": Words("U盘满了，请换一个", "The stick is full: use another one"),
    "stick-read-only": Words(
        "U盘不能写，请拨开写保护或换一个",
        "The stick is write-protected: switch that off or use another",
    ),
    "stick-pulled": Words(
        "U盘拔得太早，请再插一次", "The stick was taken out too early: plug it in again"
    ),
    "stick-faulty": Words("U盘坏了，请换一个", "The stick does not work: use another one"),
}
