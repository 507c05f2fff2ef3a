"""What the kiosk says at the charity market."""

from typing import Final

from contract.actions import PAYMENTS
from drivers.ports import Words
from kiosk.state import Phase
from kiosk.texts.figures import Figure

MESSAGES: Final[dict[str, Words]] = {
    "no-market": Words("本站没有义卖", "There is no charity market at this stop"),
    "market-opened": Words("义卖开始", "The market is open"),
    "market-resumed": Words(
        "义卖继续：已卖 {sales} 笔，{yuan} 元", "Market: {sales} sold so far, {yuan} yuan"
    ),
    "market-rests": Words("义卖先放一放，还没有结束", "The market rests. It is still open"),
    "market-waits": Words("义卖进行中", "The market is open"),
    "now-the-price": Words("请扫它的价格", "Now scan its price"),
    "price-so-far": Words("一共 {yuan} 元，还没有卖出", "{yuan} yuan so far, not sold yet"),
    "price-first": Words("先扫价格；不卖了请按“撤销”", "The price first; not for sale after all: undo"),
    "too-many-prices": Words("价格卡太多了，请先完成", "Too many price cards: finish first"),
    "market-full": Words("金额太大了，请先结束这场义卖", "Too much money: close this market first"),
    "sold": Words("已卖出：{yuan} 元", "Sold: {yuan} yuan"),
    "sold-unknown": Words(
        "已卖出 {yuan} 元，但这个编号没有登记过", "Sold, {yuan} yuan; but its code was never taken in here"
    ),
    "sold-foreign": Words(
        "已卖出 {yuan} 元：这件来自别的义仓站", "Sold, {yuan} yuan: the item is from another stop"
    ),
    "sold-quarantined": Words(
        "已卖出 {yuan} 元，但这件还在待检！", "Sold, {yuan} yuan; but it is QUARANTINED"
    ),
    "sold-sold": Words("已卖出 {yuan} 元，但这件以前卖过", "Sold, {yuan} yuan; but it was sold before"),
    "sold-out": Words("已卖出 {yuan} 元，但这件已经出库", "Sold, {yuan} yuan; but it was out"),
    "sold-delivered": Words(
        "已卖出 {yuan} 元，但这件已经送达过", "Sold, {yuan} yuan; but it was delivered before"
    ),
    "sold-other": Words(
        "已卖出 {yuan} 元，但这件本来不在架上", "Sold, {yuan} yuan; but it should not be here"
    ),
    "not-sold": Words("没有价格，这件没有卖出", "No price: that item was not sold"),
    **{f"pay-{way.key}": Words(f"付款：{way.zh}", f"Paid by: {way.en}") for way in PAYMENTS},
    "no-sale-yet": Words("先扫卖的是什么，再扫付款卡", "Scan what is sold first, then how it is paid"),
    "pay-not-here": Words("本站不收这种付款", "This stop does not take that"),
    "what-comes-back": Words("退的是哪一件？扫它的标签或价格", "What comes back? Its label or its price"),
    "taken-back": Words("已退货，请退 {yuan} 元", "Taken back: give {yuan} yuan"),
    "sale-undone": Words("已撤销：{yuan} 元", "Taken back from the record: {yuan} yuan"),
    "count-cash": Words(
        "请数钱箱里的现金，用价格卡相加，再按“完成”",
        "Count the cash in the box: add it up with price cards, then finish",
    ),
    "cash-so-far": Words("数到 {yuan} 元", "{yuan} yuan counted so far"),
    "market-closed": Words("义卖结束，现金正好：{yuan} 元", "Market closed. The cash is right: {yuan} yuan"),
    "market-closed-short": Words(
        "义卖结束，现金少了 {yuan} 元", "Market closed. {yuan} yuan of cash are missing"
    ),
    "market-closed-over": Words(
        "义卖结束，现金多了 {yuan} 元", "Market closed. There are {yuan} yuan too much"
    ),
    "market-uncounted": Words(
        "义卖结束，现金没有清点，应有 {yuan} 元", "Market closed, cash not counted: it should be {yuan} yuan"
    ),
    "market-not-closed": Words("没有数完，义卖还没有结束", "Not counted to the end: the market is still open"),
    "help-market": Words(
        "先扫物品，再扫价格。没标签：只扫价格，再按“完成”。退货、结束有卡",
        "Item, then its price. No label: prices alone, then finish. Cards: take back, close",
    ),
    "help-selling": Words(
        "扫价格就卖出；没标签的按“完成”；不卖了按“撤销”",
        "Its price sells it; without a label: finish. Not for sale: undo",
    ),
    "help-returning": Words(
        "扫退回的标签；没标签的扫价格，再按“完成”", "The label of what comes back; or its price, then finish"
    ),
    "help-cashing": Words(
        "用价格卡加出现金总数，再按“完成”；不数就直接按“完成”",
        "Add the cash up with price cards, then finish. Not counting: finish at once",
    ),
}  # fmt: skip

NEXT: Final[dict[Phase, Words]] = {
    Phase.MARKET: Words("扫物品，再扫价格", "An item, then its price"),
    Phase.SELLING: Words("扫价格；没标签的按“完成”", "Its price; without a label: finish"),
    Phase.RETURNING: Words("扫退回的标签，或价格", "The label of what comes back, or its price"),
    Phase.CASHING: Words("扫价格卡加总，再按“完成”", "Price cards for all the cash, then finish"),
}

NEXT_AFTER: Final[dict[str, Words]] = {
    "market-closed": Words("请拿好结算单", "Take the slip"),
    "market-closed-short": Words("请再数一次，拿好结算单", "Count once more, take the slip"),
    "market-closed-over": Words("请再数一次，拿好结算单", "Count once more, take the slip"),
    "market-uncounted": Words("请拿好结算单", "Take the slip"),
    "sold-quarantined": Words("请追回这件，或叫工作人员", "Get it back, or call the staff"),
}

STILL_OPEN: Final = Words(
    "义卖还开着：扫“义卖”卡回去", "A market is still open: its card goes back to it"
)
"""Said at rest for as long as it is so."""

WHAT: Final[dict[str, Words]] = {"market": Words("义卖结算单", "Charity market")}

FIGURES: Final[dict[str, Figure]] = {
    "sales": Figure(Words("卖出笔数", "Sales")),
    "recorded": Figure(Words("共记录", "Recorded"), "jiao"),
    **{f"pay-{way.key}": Figure(Words(way.zh, way.en), "jiao") for way in PAYMENTS},
    "counted": Figure(Words("清点", "Counted"), "jiao"),
    "difference": Figure(Words("相差", "Difference"), "jiao"),
}
"""``counted`` and ``difference`` are left out when nobody counted."""
