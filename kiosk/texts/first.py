"""What the kiosk says at intake and handover, and everywhere."""

from typing import Final

from drivers.ports import Words
from kiosk.state import Phase

MESSAGES: Final[dict[str, Words]] = {
    "rest": Words("您好", "Hello"),
    "resumed": Words("刚才中断过；扫过的都在，请继续", "That was a break. All you scanned is kept: go on"),
    "identify": Words("我在这里：义仓中心在找这台终端", "Here I am: the hub is looking for this kiosk"),
    "self-test": Words("正在自检，请稍等", "Self-test: one moment"),
    "refused": Words("现在不能扫这个", "Not now: that card does nothing here"),
    "received": Words("已保存：{category} × {count}", "Saved: {category} × {count}"),
    "to-be-sorted": Words("已保存：待分类 × {count}", "Saved, to be sorted × {count}"),
    "which-category": Words(
        "这是什么？请在 {seconds} 秒内扫品类卡", "What is it? Scan a category card within {seconds} s"
    ),
    "too-many": Words("太多了，最多 {most} 件，请先完成", "Too many: {most} at most. Finish first"),
    "no-codes": Words(
        "编号用完了，请用预印标签，并告诉工作人员", "No codes left: use ready-made labels and tell the staff"
    ),
    "quantity-once": Words("数量已经扫过了", "The quantity was given already"),
    "quantity-first": Words("请先扫物品，再扫数量", "Scan the item first, then how many"),
    "label-checked": Words("标签已确认", "Label checked"),
    "finish-intake-first": Words(
        "这件不是刚收的；请先完成收货", "That item is not one of these; finish this intake first"
    ),
    "thanks": Words("谢谢您！共 {count} 件", "Thank you! {count} in all"),
    "closed-empty": Words("已完成", "Finished"),
    "nothing-to-undo": Words("没有可以撤销的", "There is nothing to take back"),
    "undone": Words("已撤销 {count} 件", "Taken back: {count}"),
    "welcome": Words("您好，卡已读", "Hello, your card is read"),
    "handover-dropped": Words(
        "没有目的地，{count} 件留在原处", "No destination: {count} stay where they are"
    ),
    "already-picked": Words("这件已经选了", "That one is chosen already"),
    "picked": Words("已选 {count} 件", "Chosen: {count}"),
    "picked-unknown": Words(
        "已记录，但这个编号没有登记过", "Recorded, but this code was never taken in here"
    ),
    "picked-foreign": Words("已记录：这件来自别的义仓站", "Recorded: this item is from another stop"),
    "picked-delivered": Words("已记录，但这件已经送达过", "Recorded, but it was delivered already"),
    "picked-out": Words("已记录，但这件已经出库", "Recorded, but it was out already"),
    "picked-voided": Words("已记录，但这件登记后被撤销", "Recorded, but its intake was taken back"),
    "out": Words("已出库 {count} 件，路上小心", "Out: {count}. Take care on the way"),
    "moved": Words("已移动 {count} 件", "Moved: {count}"),
    "delivered": Words("已送达 {count} 件，辛苦了", "Delivered: {count}. Thank you"),
    "delivered-unknown": Words(
        "已记录送达；这里没有这张单的出库记录", "Delivery recorded; nothing was out for this plan from here"
    ),
    "back": Words("已收回 {count} 件", "Back: {count}"),
    "back-unknown": Words(
        "已记录收回；这里没有这张单的出库记录", "Return recorded; nothing was out for this plan from here"
    ),
    "plan-open": Words("这张单有 {count} 件在外", "{count} are out for this plan"),
    "handover-undone": Words("已撤销刚才的交接，{count} 件", "The handover was taken back: {count}"),
    "seen-here": Words("这件在本站", "This item is here"),
    "seen-out": Words("这件已出库，还没送达", "This item is out for delivery"),
    "seen-delivered": Words("这件已送达", "This item was delivered"),
    "seen-voided": Words("这件的登记已撤销", "This item's intake was taken back"),
    "seen-unknown": Words("这个编号没有登记过", "This code was never taken in here"),
    "seen-foreign": Words("这件来自别的义仓站", "This item is from another stop"),
    "calibration": Words("扫码枪检查", "Scanner check"),
    "new-roll": Words("新纸卷已记录", "New roll noted"),
    "claim": Words("这是您的收据码，请用手机扫", "That is your receipt: scan it with a phone"),
    "unknown-card": Words("这张卡本机不认识", "This kiosk does not know that card"),
    "damaged": Words("没读清楚，请再扫一次", "Not read clearly: scan again"),
    "foreign": Words("这不是我们的码", "That is not one of our codes"),
    "not-saved": Words("没有保存！请叫工作人员", "NOT SAVED! Call the staff"),
    "help-rest": Words(
        "捐东西：扫包装条码或品类卡。志愿者：先扫自己的卡", "To give: scan the pack or a category card. "
        "Volunteers: scan your card first",
    ),
    "help-carded": Words(
        "扫物品条码收货，或扫物品标签出库", "Scan a pack to take it in, or an item label to hand it over"
    ),
    "help-intake": Words(
        "继续扫；几件一样的扫数量卡；完了扫“完成”卡", "Go on scanning; equal ones: quantity card; then finish"
    ),
    "help-asking": Words("请扫这件的品类卡", "Scan the category card of this item"),
    "help-handover": Words(
        "继续扫物品标签，再扫送货单或位置", "Scan more labels, then the plan or the place"
    ),
    "help-plan": Words("送到了扫家庭码，没人在扫没人卡", "Delivered: family code. Nobody home: that card"),
}  # fmt: skip

NEXT: Final[dict[Phase, Words]] = {
    Phase.REST: Words("请扫包装上的条码，或者品类卡", "Scan the bar code on the pack, or a category card"),
    Phase.CARDED: Words("请扫物品", "Now scan an item"),
    Phase.INTAKE: Words("贴上标签，再扫下一件；完了请按“完成”", "Stick the label on. Next item, or finish"),
    Phase.ASKING: Words("请扫品类卡", "Scan a category card"),
    Phase.HANDOVER: Words("再扫下一件，或者扫送货单、位置", "Next item, or the plan or place"),
    Phase.PLAN: Words("请扫家庭码，或者“没人在家”卡", "Scan the family's code, or the not-home card"),
}  # fmt: skip

NEXT_AFTER: Final[dict[str, Words]] = {
    "thanks": Words("请拿好收据", "Take your receipt"),
    "out": Words("请拿好交接单", "Take the slip with you"),
    "moved": Words("请拿好交接单", "Take the slip with you"),
    "delivered": Words("请拿好交接单", "Take the slip"),
    "back": Words("请把物品放回货架", "Put the items back on the shelf"),
    "handover-undone": Words("物品还在本站", "The items are still here"),
}
"""What to do next where the message matters more than the phase."""

LABELS_GONE: Final = Words(
    "标签如已印出，请扔掉；再扫下一件，完了请按“完成”",
    "Throw its label away if it came out. Next item, or finish",
)
"""What to do next where goods were taken back, which `Message.values` tell as ``labels``."""

WHAT: Final[dict[str, Words]] = {
    "out": Words("出库单", "Out for delivery"),
    "delivered": Words("送达单", "Delivered"),
    "back": Words("收回单", "Back at the stop"),
    "moved": Words("移动单", "Moved"),
}
