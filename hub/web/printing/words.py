"""What kiosks answer to commands, in plain words."""

from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from contract.messages import CANCEL, PRINT_LABELS, CommandState
from hub.kiosks.kiosk_commands import WAITING, Order

NAMES: Final = {
    PRINT_LABELS: _l("Print labels"),
    CANCEL: _l("Print no more"),
}
_STATES: Final = {
    WAITING: _l("not answered yet"),
    CommandState.ACCEPTED: _l("taken, nothing printed yet"),
    CommandState.PRINTING: _l("printing"),
    CommandState.DONE: _l("done"),
    CommandState.CANCELLED: _l("ended before its end"),
    CommandState.EXPIRED: _l("its time was over"),
    CommandState.FAILED: _l("failed"),
    CommandState.REFUSED: _l("refused"),
    CommandState.UNKNOWN: _l("refused"),
}
_WHY: Final = {
    "printer-waits": _l("The kiosk’s label printer needs somebody: look at its paper and cover."),
    "no-printer": _l("No label printer is connected to this kiosk."),
    "no-time": _l("The kiosk does not know what time it is yet."),
    "not-supported": _l("The kiosk’s software is too old for this. Update it."),
    "forgotten": _l(
        "The kiosk’s memory was lost meanwhile. Labels that it had not reported count as spoilt."
    ),
    "layout": _l("The label does not fit on this printer’s paper."),
    "lost": _l("What was to be printed can no longer be read at the kiosk."),
    "printed-before": _l("One of these labels was printed at this kiosk before."),
    "bound": _l("One of these labels is on something already."),
    "twice": _l("One label was asked for twice."),
    "bad-code": _l("One of the codes is not a code."),
    "unknown-code": _l("One of the codes was never given to anything by this kiosk."),
    "blank-copy": _l("A copy of a blank label was asked for."),
    "too-many": _l("Too many labels wait at this kiosk already."),
    "too-far-ahead": _l("The clocks of the hub and the kiosk differ by weeks."),
    "no-labels": _l("There was nothing to print."),
    "no-target": _l("There was nothing to end."),
}
REFUSED: Final = {
    "unknown-kiosk": _l("There is no such kiosk."),
    "no-labels": _l("Say how many labels."),
    "too-many": _l("There are not that many labels left to print, or more than 1,200 at once."),
    "on-sheets": _l("These labels are on sheets already. Make a roll of new ones."),
    "unknown": _l("There is no such order."),
    "over": _l("It is over already."),
    "not-received": _l("This list was not taken in."),
    "taken-back": _l("This list was taken back."),
}
"""Why an order was not made."""


def name(command: str) -> str:
    """What a command is called."""
    return str(NAMES.get(command, command))


def state(order: Order, now_ms: int) -> str:
    """How far it is."""
    if order.cancel_ms is not None and not order.told.is_final:
        return _("being ended")
    if order.is_late(now_ms) and order.told.state == WAITING:
        return _("no answer in time")
    known = _STATES.get(order.told.state)
    return order.told.state if known is None else str(known)


def why(order: Order, *, online: bool | None) -> str:
    """What it waits for, or why it failed; "" when there is nothing to say."""
    if not order.told.is_final and not online:
        return _("The kiosk is away. It prints them when it is back within a day.")
    known = _WHY.get(order.told.detail)
    return order.told.detail if known is None else str(known)
