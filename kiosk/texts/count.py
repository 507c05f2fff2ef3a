"""What the kiosk says in a stocktake."""

from typing import Final

from drivers.ports import Words
from kiosk.state import Phase
from kiosk.texts.figures import Figure

_CLOSED: Final = {
    "shelf-closed": Words("这一架数完：{seen} 件", "This shelf is done: {seen}"),
    "shelf-missing": Words(
        "这一架数完：{seen} 件，缺 {missing} 件",
        "This shelf is done: {seen}, and {missing} are missing",
    ),
}
_THEN: Final = {
    "": Words("", ""),
    "-now-in": Words("。只剩入库区", ". Only the intake shelf is left"),
    "-all": Words("。全部数完了", ". Everything is counted"),
}

MESSAGES: Final[dict[str, Words]] = {
    "count-opened": Words("盘点开始", "The stocktake begins"),
    "count-resumed": Words("盘点继续，已数 {shelves} 架", "The stocktake goes on: {shelves} shelves done"),
    "count-resumed-shelf": Words(
        "盘点继续，这一架已数 {seen} 件", "The stocktake goes on: {seen} counted on this shelf"
    ),
    "count-paused": Words("盘点暂停", "The stocktake rests"),
    "shelf-first": Words("请先扫货架的码", "Scan the shelf first"),
    "not-a-shelf": Words("这不是本站的货架", "That is no shelf of this stop"),
    "shelf-opened": Words("开始数这一架，应有 {expected} 件", "This shelf: {expected} should be here"),
    "shelf-again": Words("这一架已经数过，再数一次", "This shelf was counted already; counting it again"),
    "shelf-next-missing": Words(
        "上一架缺 {missing} 件；这一架应有 {expected} 件",
        "{missing} missing on the last shelf. This shelf: {expected} should be here",
    ),
    "in-last": Words(
        "入库区最后数：收货还在放进来。还有 {left} 架没数",
        "The intake shelf comes last, goods still arrive there. {left} shelves are left",
    ),
    "in-last-unknown": Words(
        "入库区最后数：收货还在放进来", "The intake shelf comes last: goods still arrive there"
    ),
    **{
        key + end: Words(words.zh + then.zh, words.en + then.en)
        for key, words in _CLOSED.items()
        for end, then in _THEN.items()
    },
    "counted": Words("第 {count} 件", "{count} counted"),
    "counted-unchecked": Words(
        "第 {count} 件，封箱：里面没有检查", "{count} counted; a sealed box, contents not checked"
    ),
    "counted-already": Words("这件数过了，不重复算", "Counted already: it counts once"),
    "counted-elsewhere": Words(
        "已记录，但它应该在别处", "Recorded; but it should be somewhere else"
    ),
    "counted-out": Words("已记录，但这件已经出库", "Recorded; but it was out"),
    "counted-delivered": Words("已记录，但这件已经送达过", "Recorded; but it was delivered"),
    "counted-sold": Words("已记录，但这件已经卖出", "Recorded; but it was sold"),
    "counted-missing": Words("已记录，找到了原来缺的一件", "Recorded; it was missing and is found"),
    "counted-voided": Words("已记录，但它的登记被撤销", "Recorded; but its intake was taken back"),
    "counted-unknown": Words("已记录，但这个编号没有登记过", "Recorded; but its code was never taken in here"),
    "counted-foreign": Words("已记录：这件来自别的义仓站", "Recorded: it is from another stop"),
    "counted-other": Words("已记录，但它不应该在这里", "Recorded; but it should not be here"),
    "which-unlabelled": Words("没有标签的是什么？请扫品类卡", "What has no label? Scan its category card"),
    "found-labelled": Words(
        "已记录：{category}，请贴上新标签", "Recorded: {category}. Stick the new label on it"
    ),
    "shelf-undone": Words("已撤销：这一架没有打开", "Taken back: the shelf is not open"),
    "shelf-reopened": Words("已撤销：这一架接着数，已数 {seen} 件", "Taken back: go on with it, {seen} counted"),
    "count-undone": Words("已撤销：没有盘点", "Taken back: no stocktake"),
    "count-closed": Words("盘点结束：{seen} 件，没有缺少", "Stocktake closed: {seen}, none missing"),
    "count-closed-missing": Words(
        "盘点结束：{seen} 件，缺 {missing} 件", "Stocktake closed: {seen}, {missing} missing"
    ),
    "help-counting": Words(
        "扫货架的码开始数；入库区最后数。暂停、结束有卡",
        "Scan a shelf to count it, the intake shelf last. Cards: pause, close",
    ),
    "help-shelf": Words(
        "扫每件的标签；没标签用“没有可读的标签”卡；数完再扫货架",
        "Scan each label; no label: its card. When done, scan the shelf again",
    ),
    "help-unlabelled": Words("扫它的品类卡，会打出新标签", "Scan its category card: a new label is printed"),
}  # fmt: skip

NEXT: Final[dict[Phase, Words]] = {
    Phase.COUNTING: Words("扫下一个货架；入库区最后数", "Scan the next shelf; the intake shelf comes last"),
    Phase.SHELF: Words("扫每件的标签；数完再扫货架", "Each label; when done, scan the shelf again"),
    Phase.UNLABELLED: Words("请扫品类卡", "Scan a category card"),
}  # fmt: skip

NEXT_AFTER: Final[dict[str, Words]] = {
    "count-closed": Words("请拿好盘点单", "Take the slip"),
    "count-closed-missing": Words("请拿好盘点单，交给负责人", "Take the slip to the lead"),
    "shelf-closed-all": Words("请扫“结束并结算”卡", "Scan the card that closes it"),
    "shelf-missing-all": Words("请扫“结束并结算”卡", "Scan the card that closes it"),
    "shelf-closed-now-in": Words("请扫入库区的码", "Scan the intake shelf"),
    "shelf-missing-now-in": Words("请扫入库区的码", "Scan the intake shelf"),
    "count-paused": Words("扫“盘点”卡继续", "The stocktake card goes on with it"),
}

STILL_OPEN: Final = Words(
    "盘点还没完：扫“盘点”卡继续", "A stocktake is not done: its card goes on with it"
)
"""Said at rest for as long as it is so."""

WHAT: Final[dict[str, Words]] = {"count": Words("盘点单", "Stocktake")}

FIGURES: Final[dict[str, Figure]] = {
    "shelves": Figure(Words("货架", "Shelves")),
    "seen": Figure(Words("看到", "Seen")),
    "expected": Figure(Words("应有", "Expected")),
    "missing": Figure(Words("缺少", "Missing")),
    "surplus": Figure(Words("多出", "Not expected")),
}
