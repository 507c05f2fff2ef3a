"""What stands on the page's list in each phase: what came in, what was sold, what was counted.

Pure, and free of people: a card's hash is in a lane's state, and never on a list. Codes stand here
because labels carry them for everybody to see.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from contract.actions import CASH, GRADES, PAYMENTS, SKILLS
from drivers.ports import Words
from kiosk.state import Count, Entry, LaneState, Market, Phase, Sale, Seen, Shelf, ShelfResult
from kiosk.texts import category_words, label_words, place_words
from kiosk.texts.figures import clock, yuan
from kiosk.workflow.codeset import size

NEWEST: Final = 60
"""Lines of one list; a longer one shows its end, and how many there are in all."""


class LineView(msgspec.Struct, frozen=True):
    """One thing of the list, as its person would name it."""

    code: str
    """Its item or box code, empty while it has none."""
    zh: str
    en: str
    note_zh: str = ""
    """What became of it, where that needs saying: "label not printed yet", "taken back"."""
    note_en: str = ""
    undone: bool = False
    """Taken back: shown struck through."""
    value: str = ""
    """A price or a time that goes with it."""


class FigureView(msgspec.Struct, frozen=True):
    """A number that matters now: the sum so far, how many were counted."""

    zh: str
    en: str
    value: str


class ListView(msgspec.Struct, frozen=True):
    """The list of a lane. ``count`` is how many there are, lines that are not shown included."""

    zh: str = "这次的物品"
    en: str = "This visit"
    lines: tuple[LineView, ...] = ()
    figures: tuple[FigureView, ...] = ()
    count: int = 0


_HALF_HOUR: Final = 30
_ITEM: Final = Words("物品", "Item")
_BOX: Final = Words("箱子", "Box")
_GRADE: Final = {grade.key: Words(grade.zh, grade.en) for grade in GRADES}
_SKILL: Final = {skill.key: Words(skill.zh, skill.en) for skill in SKILLS}
_PAY: Final = {way.key: Words(way.zh, way.en) for way in PAYMENTS}
_MARKET_PHASES: Final = frozenset({Phase.MARKET, Phase.SELLING, Phase.RETURNING, Phase.CASHING})
_COUNT_PHASES: Final = frozenset({Phase.COUNTING, Phase.SHELF, Phase.UNLABELLED})
_BOX_PHASES: Final = frozenset({Phase.PACKING, Phase.UNPACKING})


def list_of(state: LaneState) -> ListView:
    """The list of a lane in this state. Nothing of a session that has ended: at rest there is
    none."""
    phase = state.phase
    if phase is Phase.REST:
        return ListView()
    if phase in _MARKET_PHASES and state.market is not None:
        return _market(state.market, phase)
    if phase in _COUNT_PHASES and state.count is not None:
        return _count(state.count)
    if phase in _BOX_PHASES:
        return _box(state)
    if phase is Phase.RECEIVING:
        return _shown("到货", "Arrived", [_pick(p.code, p.outcome) for p in state.picks])
    if phase in (Phase.OFFERING, Phase.GIVING):
        return _given(state)
    if phase is Phase.WORKING:
        return _clocked(state)
    if state.picks:
        return _shown("选好的物品", "Chosen", [_pick(p.code, p.outcome) for p in state.picks])
    return _intake(state)


def _shown(
    zh: str,
    en: str,
    lines: Iterable[LineView],
    figures: tuple[FigureView, ...] = (),
    count: int | None = None,
) -> ListView:
    every = tuple(lines)
    live = sum(not line.undone for line in every)
    return ListView(zh, en, every[-NEWEST:], figures, live if count is None else count)


# --- goods -----------------------------------------------------------------------------------


def _intake(state: LaneState) -> ListView:
    lines = [_entry(entry) for entry in state.entries]
    pending = state.pending
    if pending is not None:
        words = (
            category_words(pending.category)
            if pending.category is not None
            else Words("这一件是什么？", "What is this one?")
        )
        waits = Words("还没有保存", "not saved yet")
        lines.append(LineView("", *_times(words, pending.quantity), waits.zh, waits.en))
    return _shown("这次的物品", "This visit", lines)


def _entry(entry: Entry) -> LineView:
    words = category_words(entry.category)
    notes = [note for said in entry.said if (note := _said(said.what, said.value)) is not None]
    if entry.quantity > 1:
        notes.insert(0, Words(f"整箱 {entry.quantity} 件", f"a box of {entry.quantity}"))
    if entry.attached:
        notes.append(Words("标签已确认", "label checked"))
    return LineView(
        entry.code,
        words.zh,
        words.en,
        "，".join(note.zh for note in notes),
        ", ".join(note.en for note in notes),
    )


def _said(what: str, value: str) -> Words | None:
    match what:
        case "graded":
            return _GRADE.get(value, Words(value, value))
        case "expiry.set":
            return Words(f"{value} 到期", f"best before {value}")
        case "quarantined":
            return Words("待检", "in quarantine")
        case "released":
            return Words("检查合格", "released")
    return None


def _times(words: Words, quantity: int) -> tuple[str, str]:
    if quantity < 2:
        return words.zh, words.en
    return f"{words.zh} × {quantity}", f"{words.en} × {quantity}"


def _named(code: str) -> Words:
    return _BOX if code.startswith("B") else _ITEM


def _pick(code: str, outcome: str) -> LineView:
    words = _named(code)
    if outcome == "ok":
        return LineView(code, words.zh, words.en)
    if outcome == "quarantined":
        return LineView(code, words.zh, words.en, "待检，留在本站", "in quarantine: it stays")
    return LineView(code, words.zh, words.en, "需要核对", "to be checked")


def _trail_lines(state: LaneState) -> list[LineView]:
    return [
        LineView(code, _named(code).zh, _named(code).en)
        for action in state.trail
        for part in action.parts
        for code in part.items
    ]


def _box(state: LaneState) -> ListView:
    words = (
        label_words(state.box) if state.box is not None else Words("还没有扫", "not scanned yet")
    )
    box = FigureView("箱子", "Box", words.zh if state.box is not None else "—")
    lines = [line for line in _trail_lines(state) if line.code != state.box]
    if state.phase is Phase.PACKING:
        return _shown("刚装进箱的", "Just packed", lines, (box,))
    return _shown("刚取出的", "Just taken out", lines, (box,))


# --- market ----------------------------------------------------------------------------------


def _market(market: Market, phase: Phase) -> ListView:
    total = sum(market.takings.values())
    if phase is Phase.CASHING:
        counted = FigureView("数到的现金", "Cash counted", _money(sum(market.prices)))
        # What should be there is not shown: who counts must not be led by it.
        lines = [LineView("", "", "", value=_money(price)) for price in market.prices]
        return _shown("数过的", "Counted so far", lines, (counted,))
    figures = [
        FigureView("已卖", "Sold", str(market.sold)),
        FigureView("一共", "Total", _money(total)),
    ]
    if market.item is not None or market.prices:
        making = _money(sum(market.prices)) if market.prices else "？"
        figures.append(FigureView("这一笔", "This one", making))
    lines = [_sale(sale) for sale in market.sales]
    return _shown("刚卖的", "Last sales", lines, tuple(figures), market.sold)


def _money(jiao: int) -> str:
    return f"¥{yuan(jiao)}"


def _sale(sale: Sale) -> LineView:
    known = sale.category or (sale.before.category if sale.before is not None else None)
    words = category_words(known) if known is not None else Words("没有标签", "No label")
    if known is None and sale.item is not None:
        words = _named(sale.item)
    notes = [] if sale.pay == CASH else [_PAY.get(sale.pay, Words(sale.pay, sale.pay))]
    if sale.taken_back:
        notes.insert(0, Words("退货", "taken back"))
    return LineView(
        sale.item or "",
        words.zh,
        words.en,
        "，".join(note.zh for note in notes),
        ", ".join(note.en for note in notes),
        value=_money(-sale.price if sale.taken_back else sale.price),
    )


# --- stocktake -------------------------------------------------------------------------------


def _count(count: Count) -> ListView:
    if count.shelf is not None:
        return _shelf(count.shelf)
    lines = [_result(result) for result in count.results]
    seen = sum(result.seen for result in count.results)
    missing = sum(result.missing for result in count.results)
    figures = (
        FigureView("数到", "Counted", str(seen)),
        FigureView("缺少", "Missing", str(missing)),
    )
    return _shown("数过的货架", "Shelves done", lines, figures)


def _result(result: ShelfResult) -> LineView:
    code, zh, en = _place(result.place)
    missing = result.missing
    return LineView(
        code,
        zh,
        en,
        f"缺 {missing} 件" if missing else "",
        f"{missing} missing" if missing else "",
        value=str(result.seen),
    )


def _place(place: str) -> tuple[str, str, str]:
    """A place's code, where it has no name, and its name."""
    words = place_words(place)
    return (words.zh, "货架", "Shelf") if words.zh == words.en else ("", words.zh, words.en)


def _shelf(shelf: Shelf) -> ListView:
    seen = size(shelf.seen)
    code, zh, en = _place(shelf.place)
    figures = [
        FigureView("已数", "Counted", str(seen)),
        FigureView("应有", "Expected", str(shelf.expected)),
    ]
    if code:
        figures.append(FigureView(zh, en, code))
        zh, en = "这一架", "This shelf"
    lines = [_seen(one) for one in shelf.last]
    return _shown(zh, en, lines, tuple(figures), seen)


def _seen(seen: Seen) -> LineView:
    words = category_words(seen.before.category) if seen.before.category else _named(seen.code)
    if seen.printed:
        return LineView(seen.code, words.zh, words.en, "补了新标签", "a new label")
    if seen.surplus:
        return LineView(seen.code, words.zh, words.en, "不该在这里", "not expected here")
    return LineView(seen.code, words.zh, words.en)


# --- people ----------------------------------------------------------------------------------


def _given(state: LaneState) -> ListView:
    total = sum(given.count for given in state.given)
    if state.phase is Phase.GIVING:
        lines = [
            LineView("", "一勺米", "Spoons of rice", value=f"× {given.count}")
            for given in state.given
        ]
        return _shown(
            "这次的", "This visit", lines, (FigureView("勺", "Spoons", str(total)),), total
        )
    lines = []
    if state.skill is not None:
        words = _SKILL.get(state.skill, Words(state.skill, state.skill))
        time = clock(state.half_hours * _HALF_HOUR)
        lines.append(
            LineView(
                "",
                f"{words.zh}　{time} 小时",
                f"{words.en} {time} h",
                "等您的卡",
                "waits for your card",
            )
        )
    for given in state.given:
        words = _SKILL.get(given.key, Words(given.key, given.key))
        time = clock(given.count * _HALF_HOUR)
        lines.append(LineView("", words.zh, words.en, value=time))
    figure = FigureView("一共（小时）", "In all (h)", clock(total * _HALF_HOUR))
    return _shown("这次的时间", "Time offered", lines, (figure,))


def _clocked(state: LaneState) -> ListView:
    """Who came or went is nobody's business here: only that somebody did."""
    lines = [
        LineView("", "下工", "Ended work") if one.before is not None
        else LineView("", "上工", "Started work")
        for one in state.clocked
    ]  # fmt: skip
    return _shown("刚才记的", "Just recorded", lines)
