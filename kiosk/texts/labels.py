"""What the kiosk says about labels: ready-made ones, reprints, where something is."""

from typing import Final

from drivers.ports import Words
from kiosk.state import Phase

MESSAGES: Final[dict[str, Words]] = {
    "label-waits": Words(
        "预印标签已读。请扫它要贴的物品", "A ready-made label. Now scan what it is stuck on"
    ),
    "label-bound": Words("已保存：{category}，用这张标签", "Saved: {category}, under this label"),
    "label-used": Words("这张标签已经用过了", "This label is on something already"),
    "label-of-item": Words("整箱要用箱子的标签", "A whole box needs a box label"),
    "thanks-unchecked": Words(
        "谢谢您！还有 {count} 张标签没扫：{labels}", "Thank you! Labels not scanned back: {count} ({labels})"
    ),
    "label-later": Words(
        "打印机没好，标签等一会儿出来", "The printer needs somebody: its label comes later"
    ),
    "label-unsure": Words(
        "{label} 的标签出来了吗？请看打印机",
        "Did label {label} come out? Look at the printer",
    ),
    "label-stays": Words(
        "{label} 现在不能撤销：扫它的标签，或扫“补打”",
        "{label} cannot be taken back now: scan its label, or the reprint card",
    ),
    "saved-already": Words(
        "{category} 已经保存了。还有一件一样的，请再扫一次",
        "{category} is saved already. One more of it: scan again",
    ),
    "reprint-which": Words("补打哪一张？请扫它的标签", "Print which label again? Scan it"),
    "reprint-nothing": Words("还没有可以补打的标签", "There is no label yet to print again"),
    "reprint-voided": Words(
        "这件的登记已撤销，不补打", "Its intake was taken back: no label for it"
    ),
    "reprinted": Words("正在补打标签", "The label prints again"),
    "reprinted-unknown": Words(
        "正在补打，只有编号：本机不认识这件", "It prints again, code only: not known here"
    ),
    "where-which": Words("找什么？请扫它的标签", "Where is what? Scan its label"),
    "where-here": Words("在本站，位置没有登记", "At this stop; nobody said where"),
    "where-here-at": Words("在本站：{place}", "At this stop: {place}"),
    "where-quarantined": Words("在本站，待检", "At this stop, in quarantine"),
    "where-quarantined-at": Words("待检，在：{place}", "In quarantine: {place}"),
    "where-in-box": Words("在箱子里：{label}", "In the box {label}"),
    "where-box": Words("箱子在本站，里面有 {count} 件", "The box is at this stop. In it: {count}"),
    "where-box-at": Words(
        "箱子在：{place}，里面有 {count} 件", "The box is at {place}. In it: {count}"
    ),
    "where-out": Words("已出库，还没送达", "Out for delivery"),
    "where-out-plan": Words("已出库，送货单 {label}", "Out for delivery, plan {label}"),
    "where-delivered": Words("已送达", "Delivered"),
    "where-delivered-plan": Words("已送达，送货单 {label}", "Delivered, plan {label}"),
    "where-sent": Words("已送往别处", "Sent elsewhere"),
    "where-sent-at": Words("已送往：{place}", "Sent to {place}"),
    "where-sold": Words("已在义卖卖出", "Sold at the charity market"),
    "where-missing": Words("找不到了", "Missing"),
    "where-disposed": Words("已报废", "Thrown away"),
    "where-voided": Words("登记已撤销", "Its intake was taken back"),
    "where-unknown": Words("这个编号没有登记过", "This code was never taken in here"),
    "where-foreign": Words("来自别的义仓站，本机不知道", "From another stop: not known here"),
    "help-binding": Words(
        "请扫这张标签要贴的物品，不用了按“撤销”", "Scan what the label is stuck on; not needed: undo"
    ),
    "help-reprinting": Words(
        "扫要补打的标签，扫不了就在屏幕上输编号", "Scan the label to print again; unreadable: type its code"
    ),
    "help-looking": Words(
        "扫物品或箱子的标签，会打一张条子", "Scan the label of an item or box; the answer prints"
    ),
}  # fmt: skip

NEXT: Final[dict[Phase, Words]] = {
    Phase.BINDING: Words("请扫包装条码或品类卡", "Scan the pack or a category card"),
    Phase.REPRINTING: Words("请扫要补打的标签", "Scan the label to print again"),
    Phase.LOOKING: Words("请扫要找的标签", "Scan the label to look for"),
}

NEXT_AFTER: Final[dict[str, Words]] = {
    "label-unsure": Words(
        "出来了：扫这张标签。没有：扫“补打”或“撤销”",
        "It is there: scan it. It is not: the reprint card, or undo",
    ),
    "reprinted": Words("旧标签请撕掉", "Take the old label off"),
}

WHAT: Final[dict[str, Words]] = {
    "where": Words("在哪里", "Where it is"),
}
