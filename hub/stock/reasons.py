"""Why somebody did something to goods: closed tables, in both languages.

Events hold the key; nobody's own words ever stand in the log. Keys are for ever.
"""

from collections.abc import Sequence
from typing import Final

from contract.actions import Word

CORRECTIONS: Final = (
    Word("looked", "我看过实物", "I looked at it"),
    Word("found", "找到了", "It was found"),
    Word("not-there", "到处找过，没有", "Looked everywhere, not there"),
    Word("lost-on-the-way", "运送途中丢失", "Lost on the way"),
    Word("not-scanned", "当时没有扫码", "Nobody scanned it then"),
    Word("wrong-label", "扫错了标签", "The wrong label was scanned"),
    Word("asked", "问过经手的人", "Asked who handled it"),
    Word("broken", "坏了，已处理", "Broken, and gone"),
)
"""Why an item is said to be otherwise than its events say."""

SET_ASIDE: Final = (
    Word("damaged", "包装破损", "Its packing is damaged"),
    Word("dirty", "需要清洗", "It must be cleaned"),
    Word("open", "已开封", "It has been opened"),
    Word("expired", "过期", "Past its date"),
    Word("expires-soon", "快过期", "Close to its date"),
    Word("recalled", "批次召回", "Its batch is recalled"),
    Word("perhaps-recalled", "可能属于召回批次", "Perhaps of a recalled batch"),
    Word("date-unsure", "当时不知道日期", "The date was not known then"),
    Word("card", "用卡片标记待检", "Set aside with the card"),
    Word("doubt", "有疑问", "Somebody has doubts"),
)
"""Why something must be checked before it goes out; kiosks write some of these as well."""

BY_HAND: Final = ("damaged", "dirty", "open", "expired", "doubt")
"""Those of `SET_ASIDE` that somebody chooses."""

RELEASES: Final = (
    Word("good", "检查合格", "Checked: it is good"),
    Word("cleaned", "已清洗", "Cleaned"),
    Word("repacked", "已重新包装", "Packed anew"),
    Word("date-read", "看过日期，没有过期", "Read its date: not past"),
    Word("other-lot", "不是召回的批次", "Not of the recalled batch"),
)
"""Why something that was set aside may go out."""

RECALLS: Final = (
    Word("maker", "厂家召回", "The maker recalls it"),
    Word("authority", "监管部门通知", "An authority's notice"),
    Word("complaint", "有人反映问题", "Somebody complained"),
    Word("doubt", "有疑问，先停发", "Doubts: nothing goes out for now"),
)
"""Why goods are recalled."""


def keys(words: Sequence[Word]) -> frozenset[str]:
    """The keys of a table."""
    return frozenset(word.key for word in words)


def named(words: Sequence[Word], key: str) -> Word:
    """The word with this key; one that the table does not have names itself."""
    return next((word for word in words if word.key == key), Word(key, key, key))
