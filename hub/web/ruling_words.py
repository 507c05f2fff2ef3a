"""The buttons that settle incidents, in words."""

from typing import Final

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from msgspec import Struct

from hub.rulings import RECEIVE, SEEN


class Words(Struct, frozen=True):
    """What stands on the button, and what follows from it."""

    button: LazyString
    follows: LazyString


WORDS: Final = {
    "here": Words(_l("It is here"), _l("It counts as in stock at its stop from now on.")),
    "delivered": Words(_l("A household has it"), _l("It counts as delivered from now on.")),
    "sold": Words(_l("It was sold"), _l("It counts as sold from now on.")),
    "missing": Words(
        _l("It cannot be found"),
        _l("It counts as missing until somebody scans it again."),
    ),
    "disposed": Words(_l("It was thrown away"), _l("It counts as thrown away from now on.")),
    RECEIVE: Words(
        _l("Take it in now"), _l("It becomes an item of the stop and category that you choose.")
    ),
    SEEN: Words(_l("I have seen it"), _l("Nothing changes; the incident says who has seen it.")),
}
"""By the key of a `hub.rulings.Ruling`."""
