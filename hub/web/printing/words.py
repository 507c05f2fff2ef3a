"""What kiosks answer to commands, in plain words."""

from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from contract.messages import (
    CANCEL,
    CONFIGURE,
    IDENTIFY,
    LOGS,
    OPEN_STOCKTAKE,
    PRINT_LABELS,
    REBOOT,
    REPRINT,
    RESTART,
    SELF_TEST,
    SUPPORT_BUNDLE,
    CommandState,
)
from hub.kiosks.kiosk_commands import WAITING, Order

NAMES: Final = {
    PRINT_LABELS: _l("Print labels"),
    CANCEL: _l("Print no more"),
    REPRINT: _l("Print a label again"),
    IDENTIFY: _l("Blink and beep"),
    SELF_TEST: _l("Self-test"),
    LOGS: _l("Fetch its log"),
    SUPPORT_BUNDLE: _l("Fetch a support bundle"),
    RESTART: _l("Restart the program"),
    REBOOT: _l("Restart the machine"),
    OPEN_STOCKTAKE: _l("Open the count of a shelf"),
    CONFIGURE: _l("Another configuration"),
}
_STATES: Final = {
    WAITING: _l("not answered yet"),
    CommandState.ACCEPTED: _l("taken, nothing printed yet"),
    CommandState.PRINTING: _l("printing"),
    CommandState.RUNNING: _l("going on"),
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
    "serving": _l("It waits until nobody is being served there."),
    "interrupted": _l("The kiosk’s program or power ended in the middle of it."),
    "no-disk": _l("The kiosk’s disk takes no data."),
    "trouble": _l("Something did not pass: see below."),
    "no-reboot-here": _l("This machine does not let its kiosk restart it."),
    "no-reboot": _l("The machine did not restart within two minutes."),
    "no-place": _l("No shelf was named."),
    "no-lane": _l("The kiosk has no such lane."),
    "not-a-shelf": _l("That is no shelf of a stop."),
    "not-saved": _l("The kiosk cannot save now."),
    "voided": _l("That thing was taken back: it has no label any more."),
    "bad-version": _l("What arrived is not what was sent."),
    "bad-configuration": _l("The kiosk refuses it: see below."),
    "died": _l("The kiosk’s program ended twice with it, and went back to the one before."),
    "no-hub": _l("With it the kiosk no longer reached the hub, and went back to the one before."),
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
    "unknown-command": _l("Kiosks know no such command."),
    "bad-code": _l("That is not the code of an item or a box."),
    "bad-place": _l("That is not the code of a shelf."),
    "bad-lane": _l("That is not the name of a scanner’s lane."),
    "bad-lines": _l("From 1 to 5,000 lines."),
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
    if order.told.state == CommandState.ACCEPTED and order.name not in (PRINT_LABELS, REPRINT):
        return _("taken, not begun yet")
    known = _STATES.get(order.told.state)
    return order.told.state if known is None else str(known)


def why(order: Order, *, online: bool | None) -> str:
    """What it waits for, or why it failed; "" when there is nothing to say."""
    if not order.told.is_final and not online:
        if order.name in (PRINT_LABELS, REPRINT):
            return _("The kiosk is away. It prints them when it is back within a day.")
        return _("The kiosk is away. It does it when it is back in time.")
    return configuration_why(order.told.detail)


_DEVICES: Final = {
    "scanner": _l("the scanner"),
    "printer": _l("the printer"),
    "panel": _l("the lights and buttons"),
    "speaker": _l("the voice"),
}


def configuration_why(detail: str) -> str:
    """What a kiosk says of a command or of a configuration that it gave up."""
    known = _WHY.get(detail)
    if known is not None:
        return str(known)
    word, _space, device = detail.partition(" ")
    kind, hyphen, how = word.rpartition("-")
    if hyphen and kind in _DEVICES:
        named = f"{_DEVICES[kind]} {device}".strip()
        match how:
            case "fails":
                return _("With it %(device)s did not work.", device=named)
            case "silent":
                return _("With it nothing was heard of %(device)s.", device=named)
            case "gone":
                return _("With it %(device)s was gone.", device=named)
    if word == "refused":
        return _("The kiosk could not use it: %(key)s.", key=device)
    return detail


_CHECKS: Final = {
    "scanner": _l("Scanner"),
    "printer": _l("Printer"),
    "lights": _l("Lights: red, green, blue, white"),
    "buzzer": _l("Buzzer"),
    "speaker": _l("Voice"),
    "disk": _l("Disk"),
    "clock": _l("Clock"),
    "network": _l("Connection to the hub"),
}


def check(name: str) -> str:
    """What a line of a result is about."""
    kind, _space, device = name.partition(" ")
    words = str(_CHECKS.get(kind, kind))
    return _("%(part)s (%(device)s)", part=words, device=device) if device else str(words)
