"""Events about goods in plain words: condition, travels, boxes, decisions."""

from collections.abc import Callable
from typing import Any, Final

from flask_babel import gettext as _

from contract import events as contract
from contract.actions import DISPOSALS, GRADES, Word
from hub.stock import reasons
from hub.web import i18n, status_words
from hub.web.story import category_name

ItemsSaid = Callable[[tuple[str, ...]], str]
PlaceSaid = Callable[[str | None], str]


def _said(words: tuple[Word, ...], key: str) -> str:
    word = reasons.named(words, key)
    return i18n.pick(word.zh, word.en)


def about_goods(body: Any, held: ItemsSaid, place_name: PlaceSaid) -> str:
    """One sentence; empty for what this module does not know."""
    told = _TOLD.get(type(body))
    return "" if told is None else told(body, held, place_name)


def _quarantined(body: contract.Quarantined, held: ItemsSaid, _place: PlaceSaid) -> str:
    why = _said(reasons.SET_ASIDE, body.why)
    return _("%(items)s set aside to be checked: %(why)s", items=held(body.items), why=why)


def _released(body: contract.Released, held: ItemsSaid, _place: PlaceSaid) -> str:
    if not body.why:
        return _("%(items)s checked and released", items=held(body.items))
    why = _said(reasons.RELEASES, body.why)
    return _("%(items)s checked and released: %(why)s", items=held(body.items), why=why)


def _graded(body: contract.Graded, held: ItemsSaid, _place: PlaceSaid) -> str:
    grade = _said(GRADES, body.grade)
    return _("Condition of %(items)s: %(grade)s", items=held(body.items), grade=grade)


def _expiry(body: contract.ExpirySet, held: ItemsSaid, _place: PlaceSaid) -> str:
    return _("%(items)s good to the end of %(month)s", items=held(body.items), month=body.month)


def _sent(body: contract.Sent, held: ItemsSaid, place: PlaceSaid) -> str:
    return _("%(items)s sent on to %(place)s", items=held(body.items), place=place(body.to))


def _arrived(body: contract.Arrived, held: ItemsSaid, place: PlaceSaid) -> str:
    return _("%(items)s arrived at %(place)s", items=held(body.items), place=place(body.place))


def _missing(body: contract.Missing, held: ItemsSaid, _place: PlaceSaid) -> str:
    return _("%(items)s could not be found", items=held(body.items))


def _disposed(body: contract.Disposed, held: ItemsSaid, _place: PlaceSaid) -> str:
    why = _said(DISPOSALS, body.why)
    return _("%(items)s thrown away: %(why)s", items=held(body.items), why=why)


def _sealed(body: contract.Sealed, _held: ItemsSaid, _place: PlaceSaid) -> str:
    return _("Box %(box)s was sealed", box=body.box)


def _box_received(body: contract.BoxReceived, _held: ItemsSaid, _place: PlaceSaid) -> str:
    return _(
        "Received a whole box %(box)s: %(category)s × %(quantity)s",
        box=body.box,
        category=category_name(body.category),
        quantity=body.quantity,
    )


def _reserved(body: contract.Reserved, held: ItemsSaid, _place: PlaceSaid) -> str:
    return _("%(items)s reserved for plan %(plan)s", items=held(body.items), plan=body.plan)


def _unreserved(body: contract.Unreserved, held: ItemsSaid, _place: PlaceSaid) -> str:
    return _("%(items)s free again", items=held(body.items))


def _kit_built(body: contract.KitBuilt, held: ItemsSaid, _place: PlaceSaid) -> str:
    return _("%(items)s put together as a kit in box %(box)s", items=held(body.items), box=body.box)


def _kit_broken(body: contract.KitBroken, held: ItemsSaid, _place: PlaceSaid) -> str:
    return _("Kit %(box)s taken apart: %(items)s", items=held(body.items), box=body.box)


def _corrected(body: contract.Corrected, held: ItemsSaid, _place: PlaceSaid) -> str:
    status = _("in stock") if body.status == "in_stock" else status_words.status(body.status)
    why = _said(reasons.CORRECTIONS, body.why)
    return _(
        "%(items)s corrected to “%(status)s”: %(why)s",
        items=held(body.items),
        status=status,
        why=why,
    )


def _presumed(body: contract.PresumedMissing, held: ItemsSaid, _place: PlaceSaid) -> str:
    return _("A stocktake did not find %(items)s", items=held(body.items))


def _counted(body: contract.Counted, _held: ItemsSaid, place: PlaceSaid) -> str:
    return _("Stocktake saw %(item)s at %(place)s", item=body.item, place=place(body.place))


def _found(body: contract.FoundUnlabelled, _held: ItemsSaid, place: PlaceSaid) -> str:
    where = place(body.place)
    return _("Stocktake found %(item)s without a label at %(place)s", item=body.item, place=where)


def _identified(body: contract.FindIdentified, _held: ItemsSaid, place: PlaceSaid) -> str:
    return _(
        "%(find)s, found without a label at %(place)s, is %(item)s",
        find=body.find,
        place=place(body.place),
        item=body.item,
    )


def _sold(body: contract.Sold, _held: ItemsSaid, _place: PlaceSaid) -> str:
    price = f"{body.price / 10:g}"
    if body.item is None:
        return _("Something without a label was sold for %(price)s yuan", price=price)
    return _("%(item)s sold for %(price)s yuan", item=body.item, price=price)


def _taken_back(body: contract.SaleTakenBack, _held: ItemsSaid, _place: PlaceSaid) -> str:
    return _("A sale was taken back: %(item)s", item=body.item or _("something without a label"))


def _priced(body: contract.Priced, held: ItemsSaid, _place: PlaceSaid) -> str:
    price = f"{body.price / 10:g}"
    return _("%(items)s priced at %(price)s yuan", items=held(body.items), price=price)


def _recall_opened(body: contract.RecallOpened, _held: ItemsSaid, _place: PlaceSaid) -> str:
    if body.lot is None:
        return _("Recall of every lot of %(gtin)s", gtin=body.gtin)
    return _("Recall of %(gtin)s, lot %(lot)s", gtin=body.gtin, lot=body.lot)


def _recall_closed(_body: contract.RecallClosed, _held: ItemsSaid, _place: PlaceSaid) -> str:
    return _("A recall is over")


def _reprinted(body: contract.LabelReprinted, _held: ItemsSaid, _place: PlaceSaid) -> str:
    return _("Another label of %(item)s was asked for", item=body.item)


_TOLD: Final[dict[type, Callable[[Any, ItemsSaid, PlaceSaid], str]]] = {
    contract.Quarantined: _quarantined,
    contract.Released: _released,
    contract.Graded: _graded,
    contract.ExpirySet: _expiry,
    contract.Sent: _sent,
    contract.Arrived: _arrived,
    contract.Missing: _missing,
    contract.Disposed: _disposed,
    contract.Sealed: _sealed,
    contract.BoxReceived: _box_received,
    contract.Reserved: _reserved,
    contract.Unreserved: _unreserved,
    contract.KitBuilt: _kit_built,
    contract.KitBroken: _kit_broken,
    contract.Corrected: _corrected,
    contract.PresumedMissing: _presumed,
    contract.Counted: _counted,
    contract.FoundUnlabelled: _found,
    contract.FindIdentified: _identified,
    contract.Sold: _sold,
    contract.SaleTakenBack: _taken_back,
    contract.Priced: _priced,
    contract.RecallOpened: _recall_opened,
    contract.RecallClosed: _recall_closed,
    contract.LabelReprinted: _reprinted,
}
