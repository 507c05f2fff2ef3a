"""Documents that look like the real ones, for tests of whatever draws or prints them."""

from typing import Final

from drivers.ports import Code128, Cut, Document, Feed, Qr, Row, Rule, Text

ITEM: Final = "G7K2M0001XA"
TOKEN: Final = "F0123456789ABCDEFG"
CLAIM: Final = "https://stop.example/c/ABCDEFGH12345678#k9Jx0aBcDeFg"

LABEL: Final = Document(
    "label",
    (
        Text("洗涤清洁", "huge", "centre", bold=True),
        Text("Laundry and cleaning", align="centre"),
        Feed(1),
        Code128(ITEM, 11),
        Text("G7K2 M0001 XA", "large", "centre", bold=True),
        Row("义仓驿站", "2026-11-21", "small"),
        Cut(),
    ),
)
RECEIPT: Final = Document(
    "receipt",
    (
        Text("义仓驿站收据", "large", "centre", bold=True),
        Text("Yicang Stop receipt", align="centre"),
        Rule(),
        Row("洗涤清洁 Laundry and cleaning", "×3"),
        Row("米面粮油，名称特别长的时候要换行（标点不能在行首）", "×12"),
        Rule(),
        Row("合计 Total", "16", "large", bold=True),
        Text("谢谢您！扫一扫，看看它们去了哪里。"),
        Qr(CLAIM),
        Text("ABCD EFGH 1234 5678", "large", "centre"),
        Cut(),
    ),
)
SLIP: Final = Document(
    "slip",
    (
        Text("交接单", "large", "centre"),
        Code128(TOKEN, 14, along=True),
        Qr(TOKEN),
        Text("F0123 45678 9ABCD EFG", align="centre"),
        Cut(),
    ),
)
