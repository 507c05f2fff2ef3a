"""Stocktakes in plain words: what lanes, phones and whoever decides did."""

from collections.abc import Callable, Sequence

from flask_babel import gettext as _
from flask_babel import ngettext

from contract import events as contract


def about_counts(body: contract.Body, place: Callable[[str | None], str]) -> str:
    """One sentence for an event of a stocktake; empty for any other. ``place`` names places."""
    match body:
        case contract.CountOpened():
            return _("A stocktake began at this lane")
        case contract.ShelfOpened(place=code):
            return _("Counting began at %(place)s", place=place(code))
        case contract.ShelfClosed(place=code, seen=seen):
            return ngettext(
                "%(place)s is counted: %(num)d label",
                "%(place)s is counted: %(num)d labels",
                seen,
                place=place(code),
            )
        case contract.CountPaused():
            return _("The stocktake rests")
        case contract.CountResumed():
            return _("The stocktake goes on")
        case contract.CountClosed(seen=seen):
            return ngettext(
                "The stocktake of this lane ended: %(num)d label",
                "The stocktake of this lane ended: %(num)d labels",
                seen,
            )
        case _:
            return _decided(body, place)


def _decided(body: contract.Body, place: Callable[[str | None], str]) -> str:
    match body:
        case contract.CountPlanned(places=()):
            return _("A stocktake of the whole stop was planned")
        case contract.CountPlanned(places=codes):
            return _("A stocktake was planned: %(places)s", places=_named(codes, place))
        case contract.CountJoined():
            return _("A lane’s count belongs to a planned stocktake")
        case contract.RecountAsked(places=codes):
            return _("To be counted again: %(places)s", places=_named(codes, place))
        case contract.CountApproved(missing=missing):
            return ngettext(
                "A stocktake was approved: %(num)d item not found",
                "A stocktake was approved: %(num)d items not found",
                missing,
            )
        case contract.CountCancelled():
            return _("A stocktake was given up")
        case _:
            return ""


def _named(codes: Sequence[str], place: Callable[[str | None], str]) -> str:
    return _(", ").join(place(code) for code in codes)
