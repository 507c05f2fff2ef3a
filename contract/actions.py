"""What an action card can say: the closed table of verbs and arguments behind the letter ``K``.

A card's text is ``K``, the verb, its argument and a check character. Every action is in `ACTIONS`,
and no verb that takes an argument is the beginning of a plain one, so that an action that lost a
character is no other action (`tests/contract/test_codes.py` tries every loss).

Keys and numbers are for ever: events name them.
"""

import enum
from typing import Final

from msgspec import Struct

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32 alphabet; the index is the value, 0 to 31."""


class Verb(enum.StrEnum):
    """Kiosk actions; the value is what stands between ``K`` and the check character.

    Those in `ARGUMENTS` are followed by an argument.
    """

    FINISH = "FN"
    UNDO = "VD"
    HELP = "HP"
    SAME = "SA"
    """Same again: one more of the last item."""
    WHOLE_BOX = "WB"
    """What was just scanned is a whole box of it, with one label."""
    NOT_HOME = "NH"
    MISSING = "NF"
    """What should be here or out is not to be found."""
    RECEIVE = "RV"
    """A transfer from another stop arrives."""
    PACK = "PK"
    UNPACK = "VP"
    SEAL = "BS"
    REPRINT = "RP"
    WHERE = "WH"
    QUARANTINE = "QR"
    RELEASE = "RE"
    MARKET = "MK"
    """Opens the charity market on this lane, or comes back to it; `CLOSE` ends it."""
    TAKE_BACK = "TB"
    COUNT = "ST"
    """Begins a stocktake on this lane, or goes on with it; `CLOSE` ends it."""
    NO_LABEL = "NB"
    """In a stocktake: something stands here that has no readable label."""
    PAUSE = "ZP"
    CLOSE = "EN"
    """Closes the market or the stocktake for good."""
    OFFER_TIME = "TF"
    NEW_ROLL = "NR"
    """A fresh roll is in the label printer, or in the only one."""
    NEW_RECEIPT_ROLL = "NS"
    """A fresh roll is in the receipt printer."""
    WORK = "WK"
    """Time worked: the card that follows comes in, or goes out."""
    QUANTITY = "Q"
    CATEGORY = "C"
    GRADE = "G"
    EXPIRY = "X"
    PRICE = "Y"
    PAY = "H"
    SKILL = "J"
    DISPOSE = "D"
    CAMPAIGN = "M"


class Category(Struct, frozen=True):
    """A kind of goods, as a donor would name it. ``key`` is two base32 characters."""

    key: str
    zh: str
    en: str


CATEGORIES: Final = (
    Category("F1", "米面粮油", "Rice, flour, oil"),
    Category("F2", "食品饮料", "Food and drinks"),
    Category("H1", "洗涤清洁", "Laundry and cleaning"),
    Category("H2", "洗护卫生", "Personal care"),
    Category("C1", "大人衣物", "Adults' clothing"),
    Category("C2", "儿童衣物", "Children's clothing"),
    Category("S1", "鞋帽箱包", "Shoes, hats, bags"),
    Category("B1", "床上用品", "Bedding"),
    Category("K1", "厨房餐具", "Kitchen and tableware"),
    Category("E1", "小家电", "Small appliances"),
    Category("T1", "玩具", "Toys"),
    Category("R1", "书籍文具", "Books and stationery"),
    Category("M1", "婴幼用品", "Baby things"),
    Category("N1", "辅具护理", "Mobility and care aids"),
    Category("Z1", "其他", "Other"),
)
"""The categories of this release. Keys are for ever: events name them."""

UNSORTED: Final = Category("ZZ", "待分类", "To be sorted")
"""What an item gets when nobody said its category in time; no card carries it."""

CATEGORY_BY_KEY: Final = {category.key: category for category in (*CATEGORIES, UNSORTED)}

FOOD_CATEGORIES: Final = frozenset({"F1", "F2", "M1"})
"""Categories whose goods are eaten: the food gate looks at their dates."""

MAX_QUANTITY: Final = 24
"""Largest quantity card: a case of two dozen. Larger lots are entered at the hub."""


class Word(Struct, frozen=True):
    """An argument of one verb with its everyday name."""

    key: str
    zh: str
    en: str


GRADES: Final = (
    Word("A", "全新", "As new"),
    Word("B", "良好", "Good"),
    Word("C", "旧，能用", "Worn, but usable"),
    Word("D", "破损", "Damaged"),
)
"""Condition grades, best first."""

DISPOSALS: Final = (
    Word("X", "过期", "Past its date"),
    Word("B", "破损", "Broken"),
    Word("V", "不安全", "Not safe"),
    Word("R", "回收", "To be recycled"),
)
"""Why something is thrown away."""

PAYMENTS: Final = (
    Word("C", "现金", "Cash"),
    Word("W", "微信", "WeChat Pay"),
    Word("A", "支付宝", "Alipay"),
)
"""Ways to pay at the market; cash where no card says otherwise."""

CASH: Final = "C"

SKILLS: Final = (
    Word("01", "搬运整理", "Carrying and sorting"),
    Word("02", "送货上门", "Bringing things home"),
    Word("03", "做饭", "Cooking"),
    Word("04", "陪伴聊天", "Company"),
    Word("05", "修理", "Repairs"),
    Word("06", "理发", "Hairdressing"),
    Word("07", "教手机", "Help with the phone"),
    Word("08", "缝补", "Sewing"),
    Word("09", "照看孩子", "Minding children"),
    Word("10", "其他", "Anything else"),
)
"""What somebody can offer to do. Numbers are for ever."""

MAX_CAMPAIGN: Final = 99
"""Campaign cards are numbered from 1; the hub says what each is for."""

FIRST_EXPIRY_YEAR: Final = 2024
EXPIRY_YEARS: Final = 16
"""Expiry cards name a month from January 2024 to December 2039."""

PRICES: Final = tuple(sorted({*range(5, 501, 5), *range(510, 5_001, 10)}))
"""Prices that a card or label can carry, in jiao (0.1 yuan): every half yuan to 50 yuan, every
yuan to 500. Price cards add up, so every sum of these can be paid."""


def quantity_argument(quantity: int) -> str:
    """Two decimal digits, as a quantity card carries them."""
    return f"{quantity:02d}"


def campaign_argument(number: int) -> str:
    """Three decimal digits, as a campaign card carries them."""
    return f"{number:03d}"


def price_argument(jiao: int) -> str:
    """Three base32 characters of a price in jiao (0.1 yuan)."""
    return "".join(ALPHABET[jiao >> 5 * place & 31] for place in (2, 1, 0))


def price_of(argument: str) -> int:
    """The price in jiao that `price_argument` wrote."""
    value = 0
    for char in argument:
        value = value << 5 | ALPHABET.index(char)
    return value


def expiry_argument(month: str) -> str:
    """Two base32 characters of a month ``YYYY-MM``.

    Raises:
        ValueError: a month before 2024 or after 2039, or none.
    """
    year, number = int(month[:4]), int(month[5:])
    index = (year - FIRST_EXPIRY_YEAR) * 12 + number - 1
    if not (1 <= number <= 12 and 0 <= index < EXPIRY_YEARS * 12):
        raise ValueError(f"no expiry card for {month}")
    return ALPHABET[index >> 5] + ALPHABET[index & 31]


def expiry_of(argument: str) -> str:
    """The month ``YYYY-MM`` that `expiry_argument` wrote."""
    index = ALPHABET.index(argument[0]) * 32 + ALPHABET.index(argument[1])
    return f"{FIRST_EXPIRY_YEAR + index // 12}-{index % 12 + 1:02d}"


def _months() -> tuple[str, ...]:
    return tuple(
        f"{year}-{month:02d}"
        for year in range(FIRST_EXPIRY_YEAR, FIRST_EXPIRY_YEAR + EXPIRY_YEARS)
        for month in range(1, 13)
    )


ARGUMENTS: Final[dict[Verb, tuple[str, ...]]] = {
    Verb.QUANTITY: tuple(quantity_argument(number) for number in range(2, MAX_QUANTITY + 1)),
    Verb.CATEGORY: tuple(category.key for category in CATEGORIES),
    Verb.GRADE: tuple(grade.key for grade in GRADES),
    Verb.EXPIRY: tuple(expiry_argument(month) for month in _months()),
    Verb.PRICE: tuple(price_argument(jiao) for jiao in PRICES),
    Verb.PAY: tuple(way.key for way in PAYMENTS),
    Verb.SKILL: tuple(skill.key for skill in SKILLS),
    Verb.DISPOSE: tuple(why.key for why in DISPOSALS),
    Verb.CAMPAIGN: tuple(campaign_argument(number) for number in range(1, MAX_CAMPAIGN + 1)),
}
"""The arguments that each verb with one can carry."""


class Action(Struct, frozen=True):
    """A verb and its argument ("" where it takes none)."""

    verb: Verb
    argument: str = ""


ACTIONS: Final[dict[str, Action]] = {
    verb.value + argument: Action(verb, argument)
    for verb in Verb
    for argument in ARGUMENTS.get(verb, ("",))
}
"""Every action that a card of this release may carry, by its text between ``K`` and the check."""


VERB_WORDS: Final[dict[Verb, tuple[str, str]]] = {
    Verb.FINISH: ("完成", "Finish"),
    Verb.UNDO: ("撤销上一步", "Undo the last step"),
    Verb.HELP: ("帮助", "Help"),
    Verb.SAME: ("再来一件一样的", "One more of the same"),
    Verb.WHOLE_BOX: ("整箱", "A whole box of it"),
    Verb.NOT_HOME: ("没人在家", "Not home"),
    Verb.MISSING: ("找不到", "Not to be found"),
    Verb.RECEIVE: ("收调拨", "Receive a transfer"),
    Verb.PACK: ("装箱", "Pack a box"),
    Verb.UNPACK: ("开箱取出", "Take out of a box"),
    Verb.SEAL: ("封箱", "Seal the box"),
    Verb.REPRINT: ("补打标签", "Print a label again"),
    Verb.WHERE: ("在哪里", "Where is this?"),
    Verb.QUARANTINE: ("待检", "Quarantine"),
    Verb.RELEASE: ("检查合格", "Checked and released"),
    Verb.MARKET: ("义卖", "Charity market"),
    Verb.TAKE_BACK: ("退货", "Take back"),
    Verb.COUNT: ("盘点", "Stocktake"),
    Verb.NO_LABEL: ("没有可读的标签", "No readable label"),
    Verb.PAUSE: ("暂停", "Pause"),
    Verb.CLOSE: ("结束并结算", "Close for good"),
    Verb.OFFER_TIME: ("我愿出时间", "I offer my time"),
    Verb.NEW_ROLL: ("换了新纸卷", "New roll of labels"),
    Verb.NEW_RECEIPT_ROLL: ("收据换了新纸卷", "New receipt roll"),
    Verb.WORK: ("上工、下工", "Start or end work"),
    Verb.QUANTITY: ("数量", "Quantity"),
    Verb.CATEGORY: ("品类", "Category"),
    Verb.GRADE: ("成色", "Condition"),
    Verb.EXPIRY: ("到期月份", "Best before"),
    Verb.PRICE: ("价格", "Price"),
    Verb.PAY: ("付款方式", "Paid by"),
    Verb.SKILL: ("技能", "Skill"),
    Verb.DISPOSE: ("报废", "Throw away"),
    Verb.CAMPAIGN: ("活动", "Campaign"),
}
"""What a verb is called on its card, Chinese and English."""


def words_of(action: Action) -> tuple[str, str]:
    """What an action is called, Chinese and English, argument included."""
    zh, en = VERB_WORDS[action.verb]
    match action.verb:
        case Verb.QUANTITY:
            return f"一共 {int(action.argument)} 件", f"{int(action.argument)} in all"
        case Verb.CATEGORY:
            category = CATEGORY_BY_KEY[action.argument]
            return category.zh, category.en
        case Verb.PRICE:
            yuan = f"{price_of(action.argument) / 10:g}"
            return f"{yuan} 元", f"{yuan} yuan"
        case Verb.EXPIRY:
            month = expiry_of(action.argument)
            return f"{int(month[:4])} 年 {int(month[5:])} 月到期", f"Best before {month}"
        case Verb.CAMPAIGN:
            return f"{zh} {int(action.argument)}", f"{en} {int(action.argument)}"
        case Verb.GRADE | Verb.PAY | Verb.SKILL | Verb.DISPOSE:
            word = next(w for w in _NAMED[action.verb] if w.key == action.argument)
            return f"{zh}：{word.zh}", f"{en}: {word.en}"
        case _:
            return zh, en


_NAMED: Final[dict[Verb, tuple[Word, ...]]] = {
    Verb.GRADE: GRADES,
    Verb.PAY: PAYMENTS,
    Verb.SKILL: SKILLS,
    Verb.DISPOSE: DISPOSALS,
}
