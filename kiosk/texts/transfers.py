"""What the kiosk says when goods are checked, sent, arrive, are missing or thrown away."""

from typing import Final

from drivers.ports import Words
from kiosk.state import Phase

_ARRIVED_BUT: Final = {
    "out": Words("登记为已出库", "it was out for delivery"),
    "delivered": Words("登记为已送达", "it was delivered"),
    "quarantined": Words("还在待检", "it still waits to be checked"),
    "sold": Words("登记为已卖出", "it was sold"),
    "missing": Words("登记为找不到", "it was missing"),
    "disposed": Words("登记为已报废", "it was thrown away"),
    "voided": Words("登记已撤销", "its intake was taken back"),
}
_PICKED_BUT: Final = {
    "quarantined": Words(
        "待检，不能送出去；只能放货架或报废",
        "It is in quarantine: it stays here, or goes to the bin",
    ),
    "sold": Words("已记录，但这件已经卖出", "Recorded, but it was sold already"),
    "sent": Words("已记录，但这件已送往别处", "Recorded, but it was sent elsewhere already"),
    "missing": Words("已记录，原来登记为找不到", "Recorded: it was missing"),
    "disposed": Words("已记录，但这件登记为已报废", "Recorded, but it was thrown away already"),
}
_SEEN: Final = {
    "quarantined": Words("这件待检，请放进待检箱", "This item is in quarantine: into the quarantine box"),
    "sold": Words("这件已在义卖卖出", "This item was sold"),
    "sent": Words("这件已送往别处", "This item was sent elsewhere"),
    "missing": Words("这件登记为找不到。找到了请收进来", "This item was missing: take it in if it is found"),
    "disposed": Words("这件登记为已报废", "This item was thrown away"),
}  # fmt: skip

MESSAGES: Final[dict[str, Words]] = {
    "mark-first": Words("请先扫物品，再扫这张卡", "Scan the item first, then this card"),
    "graded": Words("成色：{grade} × {count}", "Condition: {grade} × {count}"),
    "expiry-set": Words("到期 {month} × {count}", "Best before {month} × {count}"),
    "quarantined": Words(
        "待检 × {count}，请放进待检箱", "In quarantine × {count}: into the quarantine box"
    ),
    "released": Words("检查合格 × {count}，可以用了", "Checked and released × {count}"),
    "not-quarantined": Words("这件没有待检", "That is not in quarantine"),
    "marks-done": Words("已记录 {count} 件，留在原处", "Recorded: {count}. They stay where they are"),
    "same-first": Words("请先扫物品，再扫这张卡", "Scan an item first, then this card"),
    "why-disposed": Words("为什么报废？请扫报废原因卡", "Why thrown away? Scan a reason card"),
    "why": Words("原因：{why}", "Why: {why}"),
    "disposed": Words("已报废 {count} 件", "Thrown away: {count}"),
    "sent": Words("已送往别处 {count} 件", "Sent: {count}"),
    "sent-without": Words(
        "已送往别处 {count} 件；待检 {aside} 件留下", "Sent: {count}. In quarantine, staying here: {aside}"
    ),
    "out-without": Words(
        "已出库 {count} 件；待检 {aside} 件留下", "Out: {count}. In quarantine, staying here: {aside}"
    ),
    "quarantined-stays": Words("待检 {aside} 件不能送出去", "In quarantine: {aside} must stay here"),
    "missing": Words("已登记找不到 {count} 件", "Missing: {count}"),
    "missing-unknown": Words(
        "已记录；这里没有这张单的出库记录", "Recorded; nothing was out for this plan from here"
    ),
    "missing-some": Words(
        "找不到 {count} 件，还有 {left} 件在外", "Missing: {count}. Still out: {left}"
    ),
    "delivered-some": Words(
        "已送达 {count} 件，还有 {left} 件在外", "Delivered: {count}. Still out: {left}"
    ),
    "back-some": Words("已收回 {count} 件，还有 {left} 件在外", "Back: {count}. Still out: {left}"),
    "these-only": Words("只算扫过的：{count} 件", "These only: {count}"),
    "picked-not-of-plan": Words(
        "已记录，但这件不在这张单里", "Recorded, but it was not out for this plan"
    ),
    "receive-what": Words("收调拨：请扫到货的标签", "A transfer: scan the labels of what came"),
    "arrived": Words("已收到 {count} 件", "Arrived: {count}"),
    "already-arrived": Words("这件刚才扫过了", "That one was scanned already"),
    "receiving-done": Words("调拨收完：{count} 件", "Transfer received: {count}"),
    "help-receiving": Words(
        "一件一件扫到货的标签，完了按“完成”", "Scan each label that came; then finish"
    ),
    **{
        f"arrived-{status}": Words(f"已收到第 {{count}} 件，但{but.zh}", f"Arrived, {{count}}; but {but.en}")
        for status, but in _ARRIVED_BUT.items()
    },
    **{f"picked-{status}": words for status, words in _PICKED_BUT.items()},
    **{f"seen-{status}": words for status, words in _SEEN.items()},
}  # fmt: skip

NEXT: Final[dict[Phase, Words]] = {
    Phase.RECEIVING: Words("扫下一件，完了按“完成”", "Next label, or finish"),
}

NEXT_AFTER: Final[dict[str, Words]] = {
    "sent": Words("请拿好交接单", "Take the slip with you"),
    "sent-without": Words("待检的请放回待检箱", "Put those back into the quarantine box"),
    "out-without": Words("待检的请放回待检箱", "Put those back into the quarantine box"),
    "receiving-done": Words("请把物品放上货架", "Put the things on the shelf"),
}  # fmt: skip

WHAT: Final[dict[str, Words]] = {
    "sent": Words("调拨单", "Sent"),
    "arrived": Words("调拨到货单", "Arrived"),
    "missing": Words("找不到的物品", "Missing"),
    "disposed": Words("报废单", "Thrown away"),
}
