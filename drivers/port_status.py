"""What a USB printer's interface says of the printer, whatever language it prints.

The printing class has one question of its own, GET_PORT_STATUS, answered beside the data: so it
comes through where the printer takes no more bytes. Three bits are in the answer: paper, selected
(on line), error. Hence the rules:

* **It speaks of faults only.** Printers that do not know must answer "paper, selected, no error"
  (Printing Devices 1.1, 4.2.2): all well is therefore the same as silence, never "ready".
* **Every bit set is noise**, of a board that never filled the byte in.
* **A printer that takes bytes is stopped by an empty roll alone.** "Not selected" may be a constant
  of its firmware; that it explains why no byte is taken, is only asked when none is.

Sources: linux/lp.h (``LPGETSTATUS``, ``LP_POUTPA``, ``LP_PSELECD``, ``LP_PERRORP``); the kernel's
drivers/usb/class/usblp.c, which asks for at most five seconds and reports a failure as EIO.
"""

from __future__ import annotations

from typing import Final

import msgspec

LPGETSTATUS: Final = 0x060B
"""The question to usblp's node, which answers with an int (`drivers.transports.ask_node`)."""
GET_PORT_STATUS: Final = 1
"""bRequest of the printing class; to the interface, one byte comes back."""
NO_ERROR: Final = 0x08
SELECTED: Final = 0x10
PAPER_EMPTY: Final = 0x20
_NOISE: Final = 0xFF


class PortStatus(msgspec.Struct, frozen=True):
    """The faults that the interface names; with none, nobody knows."""

    paper_out: bool
    off_line: bool
    error: bool


def port_status(answer: int) -> PortStatus | None:
    """What the byte says; None where it says nothing."""
    if answer == _NOISE:
        return None
    return PortStatus(
        paper_out=bool(answer & PAPER_EMPTY),
        off_line=not answer & SELECTED,
        error=not answer & NO_ERROR,
    )
