"""What the kiosk says when a pack's code cannot be used, and when food may not go straight out."""

from typing import Final

from drivers.ports import Words
from kiosk.retail_numbers import RetailProblem

_DATES: Final = {
    "expiry": Words("有效期", "use-by date"),
    "best-before": Words("保质期", "best-before date"),
    "produced": Words("生产日期", "production date"),
    "date": Words("日期", "date"),
}
_WRONG: Final = {
    "short": Words("不完整", "is cut short"),
    "month": Words("里没有这个月", "has a month that does not exist"),
    "day": Words("里没有这一天", "has a day that does not exist"),
}
_INSTEAD: Final = Words("请扫另一个条码或品类卡", "Scan another code on it, or a category card")


def _refusal(zh: str, en: str) -> Words:
    return Words(f"{zh}；{_INSTEAD.zh}", f"{en}. {_INSTEAD.en}")


_REASONS: Final[dict[RetailProblem, Words]] = {
    RetailProblem.CHECK_DIGIT: Words(
        "条码校验位不对，请再扫一次或扫品类卡",
        "The code's check digit is wrong: scan again, or a category card",
    ),
    RetailProblem.GTIN_LENGTH: _refusal("条码的位数不对", "The code has too few or too many digits"),
    RetailProblem.GTIN_DIGITS: _refusal("商品编号不是数字", "The product number is not a number"),
    RetailProblem.NO_GTIN: _refusal("这个码里没有商品编号", "This code names no product"),
    RetailProblem.COUPON: Words("这是优惠券或退款单，不是物品", "That is a coupon or a refund, not goods"),
    RetailProblem.UNASSIGNED: _refusal("没有国家发过这种编号", "No country gave out such a number"),
    RetailProblem.UNKNOWN_AI: _refusal("条码里有不认识的字段", "The code holds a field nobody knows"),
    RetailProblem.NO_SEPARATOR: Words(
        "扫码枪丢了分隔符，批号和日期连在一起；请扫另一个条码，并告诉工作人员",
        "The scanner lost a separator, so lot and date run together. "
        "Scan another code on it, and tell the staff",
    ),
    RetailProblem.REPEATED_FIELD: _refusal(
        "同一字段有两个不同的内容", "The code says two different things in one field"
    ),
    RetailProblem.FIELD_EMPTY: _refusal("条码里有空字段", "The code has an empty field"),
    RetailProblem.FIELD_SHORT: _refusal("条码里有字段不完整", "A field of the code is cut short"),
    RetailProblem.FIELD_CHARACTERS: _refusal(
        "条码里有不允许的字符", "The code holds a character it must not hold"
    ),
    RetailProblem.LINK_PATH: _refusal("商品链接写得不对", "The product's link is not well formed"),
    **{
        RetailProblem(f"{name}-{wrong}"): _refusal(
            f"条码上的{date.zh}{fault.zh}", f"The {date.en} in the code {fault.en}"
        )
        for name, date in _DATES.items()
        for wrong, fault in _WRONG.items()
    },
}  # fmt: skip

MESSAGES: Final[dict[str, Words]] = {
    **{f"retail-{problem}": words for problem, words in _REASONS.items()},
    "food-expired": Words(
        "没有收：已过期（{day}）。请不要放进货架", "Not taken: past its date ({day}). Keep it off the shelf"
    ),
    "food-expires-soon": Words(
        "没有收：快到期了（{day}）。请告诉工作人员", "Not taken: too near its date ({day}). Tell the staff"
    ),
    "quarantined-expired": Words(
        "待检 × {count}：已过期（{day}）。请放进待检箱",
        "To be checked × {count}: past its date ({day}). Into the quarantine box",
    ),
    "quarantined-expires-soon": Words(
        "待检 × {count}：快到期了（{day}）。请放进待检箱",
        "To be checked × {count}: near its date ({day}). Into the quarantine box",
    ),
    "quarantined-date-unsure": Words(
        "待检 × {count}：本机还不知道今天的日期。请放进待检箱",
        "To be checked × {count}: this kiosk does not know today's date. Into the quarantine box",
    ),
    "quarantined-recalled": Words(
        "待检 × {count}：这个批次被召回！请放进待检箱",
        "To be checked × {count}: this batch is recalled! Into the quarantine box",
    ),
    "quarantined-perhaps-recalled": Words(
        "待检 × {count}：这种商品有批次被召回，请核对批号",
        "To be checked × {count}: a batch of this is recalled. Check the lot on the pack",
    ),
}  # fmt: skip

NOTES: Final[dict[str, Words]] = {"quarantine": Words("待检", "quarantine")}
"""What a label says beside the category."""


def refusal_key(problem: str) -> str:
    """The message for a refused scan: its own where the problem is a retail code's; of half a code
    (``noise``) that it is to be scanned again."""
    key = f"retail-{problem}"
    if key in MESSAGES:
        return key
    return "damaged" if problem == "noise" else "foreign"
