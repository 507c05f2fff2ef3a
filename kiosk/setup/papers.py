"""What is printed while a kiosk is set up. Pure. In both languages: nobody has chosen one yet."""

from __future__ import annotations

from typing import Final

from contract.enrolling import Enrolled
from drivers.ports import Block, Cut, Document, Feed, Rule, Text, Words
from kiosk.setup.words import NOT_NAMED, ROWS, SETTING_UP, filled

_HEADING: Final = Words("登记好了", "Enrolled")
_DIGITS: Final = Words("请把这六个数字告诉中心", "Read these six digits to the hub")
_THEN: Final = (
    Words("1 中心的人把数字输进网页", "1 The hub types them into its page"),
    Words("2 等终端说“请扫物品”", "2 Wait until the kiosk says: Please scan an item"),
    Words("3 扫一包东西，贴上标签：完成", "3 Scan a pack, stick its label on: done"),
)
_CAREFUL: Final = Words(
    "站名不对？别确认，告诉中心", "Another stop's name? Do not confirm, tell the hub"
)


def slip(key: str, have: int = 0, of: int = 0) -> Document:
    """A short slip for one outcome: what happened, what to do next."""
    row = ROWS[key]
    words = filled(row.words, have=have, of=of)
    return Document(
        "slip",
        (
            Text(f"{SETTING_UP.zh} · {SETTING_UP.en}", size="small", align="centre"),
            Text(words.zh, size="large", align="centre", bold=True),
            Text(words.en, align="centre", bold=True),
            Rule(),
            Text(row.then.zh),
            Text(row.then.en, size="small"),
            Feed(),
            Cut(),
        ),
    )


def grouped(digits: str) -> str:
    """Six digits as people read them out: three and three."""
    return f"{digits[:3]} {digits[3:]}"


def ticket(enrolled: Enrolled, digits: str) -> Document:
    """Whose kiosk this is now, the six digits, and what is left to do."""
    steps: list[Block] = []
    for words in _THEN:
        steps += [Text(words.zh), Text(words.en, size="small")]
    return Document(
        "slip",
        (
            Text(f"{_HEADING.zh} · {_HEADING.en}", size="small", align="centre"),
            Text(enrolled.stop_zh or NOT_NAMED.zh, size="large", align="centre", bold=True),
            Text(enrolled.stop_en or NOT_NAMED.en, align="centre", bold=True),
            Text(enrolled.kiosk, size="small", align="centre"),
            Rule(),
            Text(_DIGITS.zh, align="centre"),
            Text(_DIGITS.en, size="small", align="centre"),
            Text(grouped(digits), size="huge", align="centre", bold=True),
            Rule(),
            *steps,
            Rule(),
            Text(_CAREFUL.zh, size="small"),
            Text(_CAREFUL.en, size="small"),
            Feed(),
            Cut(),
        ),
    )
