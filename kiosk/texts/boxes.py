"""What the kiosk says when boxes come in, are packed, opened and sealed."""

from typing import Final

from drivers.ports import Words
from kiosk.state import Phase

MESSAGES: Final[dict[str, Words]] = {
    "how-many-in-box": Words(
        "整箱：里面几件？请在 {seconds} 秒内扫数量卡", "A whole box: how many? Quantity card within {seconds} s"
    ),
    "box-received": Words("已保存：{category}，整箱 × {count}", "Saved: {category}, a box of {count}"),
    "box-received-uncounted": Words(
        "已保存：{category}，整箱，数量没说", "Saved: {category}, a whole box, not counted"
    ),
    "box-once": Words("这已经是整箱了", "That is a whole box already"),
    "box-goods-first": Words("请先扫箱里的东西", "First scan what is in the box"),
    "pack-which": Words(
        "装箱：请扫箱子的标签；没有就直接扫物品", "Packing: scan the box's label; none yet: scan the first item"
    ),
    "unpack-which": Words("开箱：请扫箱子的标签", "Taking out: scan the box's label"),
    "box-open": Words("箱子已打开，里面有 {count} 件", "The box is open. In it: {count}"),
    "box-unsealed": Words(
        "封条已打开，里面有 {count} 件，完了请再封箱", "The seal is broken. In it: {count}. Seal it again after"
    ),
    "box-elsewhere": Words(
        "已记录，但这箱登记在别处；里面有 {count} 件", "Recorded, but this box should be elsewhere. In it: {count}"
    ),
    "box-first": Words("请先扫箱子的标签", "First scan the box's label"),
    "packed": Words("已装箱", "Packed"),
    "packed-unknown": Words(
        "已装箱，但本机没有登记过这件", "Packed; but it was never taken in here"
    ),
    "packed-gone": Words("已装箱，但这件登记为已离开", "Packed; but it should have left already"),
    "not-packed-itself": Words("箱子不能装进自己", "A box cannot go into itself"),
    "not-packed-packed": Words("这件已经在箱里了", "That one is in the box already"),
    "not-packed-quarantined": Words("待检的不能装箱", "In quarantine: it must not be packed"),
    "sealed": Words("已封箱，里面 {count} 件", "Sealed. In it: {count}"),
    "packing-done": Words("装箱完成，里面 {count} 件，没有封箱", "Packed, not sealed. In it: {count}"),
    "unpacked": Words("已取出", "Taken out"),
    "unpacked-unlisted": Words("已取出，但没登记在这箱里", "Taken out; but it was not listed in this box"),
    "unpacked-all": Words("全部取出：{count} 件", "All taken out: {count}"),
    "unpacking-done": Words("完成，其余的还在箱里", "Finished. The rest is still in the box"),
    "help-packing": Words(
        "扫物品装箱；满了扫“封箱”卡；不封就按“完成”", "Scan what goes in; full: seal card; else finish"
    ),
    "help-unpacking": Words(
        "扫取出的物品；一件不扫就按“完成”是全部取出", "Scan what comes out; finish without a scan: all of it"
    ),
}  # fmt: skip

NEXT: Final[dict[Phase, Words]] = {
    Phase.PACKING: Words("扫下一件；满了扫“封箱”卡", "Next item; full: the seal card"),
    Phase.UNPACKING: Words("扫取出的物品；全部取出就按“完成”", "Scan what comes out; all of it: finish"),
}  # fmt: skip

NEXT_AFTER: Final[dict[str, Words]] = {
    "sealed": Words("把条子贴在箱子上；下一箱请扫标签", "Stick the slip on the box. Next box: its label"),
    "unpacked-all": Words("请把物品放回货架", "Put the things on the shelf"),
}  # fmt: skip

WHAT: Final[dict[str, Words]] = {
    "sealed": Words("装箱单", "In this box"),
}
