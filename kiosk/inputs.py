"""What the kiosk's loop takes from its queue, and what a scan means once it is interpreted.

Devices, the MQTT client and the printer threads only post these values; one thread takes them.
The interpreted scans hold no bearer token: cards, family tokens and claims are hashes already.
"""

import enum
from typing import Final, TypeAlias

from msgspec import Struct

from contract.actions import Verb
from contract.codes import CodeProblem
from contract.events import Retail
from drivers.ports import DeviceState, Printer, PrintResult, ScanRead, ScanUnreadable


class InputKind(enum.StrEnum):
    """The columns of the workflow table."""

    CARD = "card"
    RETAIL = "retail"
    CATEGORY = "category"
    QUANTITY = "quantity"
    ITEM = "item"
    BOX = "box"
    PLAN = "plan"
    FAMILY = "family"
    PLACE = "place"
    NOT_HOME = "not-home"
    FINISH = "finish"
    UNDO = "undo"
    HELP = "help"
    SAME = "same"
    WHOLE_BOX = "whole-box"
    MISSING = "missing"
    RECEIVE = "receive"
    PACK = "pack"
    UNPACK = "unpack"
    SEAL = "seal"
    REPRINT = "reprint"
    WHERE = "where"
    QUARANTINE = "quarantine"
    RELEASE = "release"
    MARKET = "market"
    TAKE_BACK = "take-back"
    COUNT = "count"
    NO_LABEL = "no-label"
    PAUSE = "pause"
    CLOSE = "close"
    OFFER_TIME = "offer-time"
    WORK = "work"
    GRADE = "grade"
    EXPIRY = "expiry"
    PRICE = "price"
    PAY = "pay"
    SKILL = "skill"
    DISPOSE = "dispose"
    CAMPAIGN = "campaign"
    NEW_ROLL = "new-roll"
    NEW_RECEIPT_ROLL = "new-receipt-roll"
    READY_MADE = "ready-made"
    CLAIM = "claim"
    DAMAGED = "damaged"
    FOREIGN = "foreign"
    TIMEOUT = "timeout"
    UNSURE = "unsure"
    THERE = "there"
    AGAIN = "again"
    TAKE_OUT = "take-out"


class Card(Struct, frozen=True, tag=True):
    """A person's card; ``person`` is the domain-separated hash of its token."""

    person: str
    kind = InputKind.CARD


class Family(Struct, frozen=True, tag=True):
    """A family's delivery token, as its hash."""

    family: str
    kind = InputKind.FAMILY


class RetailCode(Struct, frozen=True, tag=True):
    """A valid GS1 retail code."""

    retail: Retail
    kind = InputKind.RETAIL


class StoreGoods(Struct, frozen=True, tag=True):
    """Goods with a number that one shop gave them (weighed, priced, packed there): it means
    nothing elsewhere and may even be a customer's, so nothing of it is kept."""

    kind = InputKind.RETAIL


class CategoryCard(Struct, frozen=True, tag=True):
    """A category card; ``category`` is the key."""

    category: str
    kind = InputKind.CATEGORY


class QuantityCard(Struct, frozen=True, tag=True):
    """A quantity card, 2 to 24."""

    quantity: int
    kind = InputKind.QUANTITY


class ItemLabel(Struct, frozen=True, tag=True):
    """An item's own label."""

    code: str
    kind = InputKind.ITEM


class BoxLabel(Struct, frozen=True, tag=True):
    """A box's label."""

    code: str
    kind = InputKind.BOX


class ReadyMade(Struct, frozen=True, tag=True):
    """A label printed ahead that this kiosk has not seen bound to anything; item or box."""

    code: str
    kind = InputKind.READY_MADE

    def as_label(self) -> "ItemLabel | BoxLabel":
        """The same scan where binding has no meaning."""
        return (ItemLabel if self.code.startswith("G") else BoxLabel)(self.code)


class PlanSlip(Struct, frozen=True, tag=True):
    """A delivery plan."""

    code: str
    kind = InputKind.PLAN


class PlaceSheet(Struct, frozen=True, tag=True):
    """A shelf, room or stop."""

    code: str
    kind = InputKind.PLACE


class ActionCard(Struct, frozen=True, tag=True):
    """An action from a card, a button or the page; ``argument`` as the card carries it, see
    `contract.actions`. Quantities and categories have kinds of their own."""

    verb: Verb
    argument: str = ""

    @property
    def kind(self) -> InputKind:
        """The table's column for this action."""
        return _ACTION_KINDS[self.verb]


_ACTION_KINDS: Final[dict[Verb, InputKind]] = {
    verb: InputKind(verb.name.lower().replace("_", "-"))
    for verb in Verb
    if verb not in (Verb.QUANTITY, Verb.CATEGORY)
}


class ClaimScan(Struct, frozen=True, tag=True):
    """A receipt's private QR, which belongs into a phone. Its content is dropped."""

    kind = InputKind.CLAIM


class Damaged(Struct, frozen=True, tag=True):
    """Looks like one of our codes but a character is wrong or missing; content is dropped."""

    problem: CodeProblem
    length: int
    symbology: str = ""
    kind = InputKind.DAMAGED


class Foreign(Struct, frozen=True, tag=True):
    """Neither ours nor valid GS1: symbology and length are all that is kept of it."""

    length: int
    problem: str
    symbology: str = ""
    kind = InputKind.FOREIGN


class Timeout(Struct, frozen=True, tag=True):
    """The lane's deadline passed."""

    kind = InputKind.TIMEOUT


class Unsure(Struct, frozen=True, tag=True):
    """A printer's word, not a person's: nobody knows whether this label came out."""

    code: str
    kind = InputKind.UNSURE


class There(Struct, frozen=True, tag=True):
    """The answer to that: the label was scanned."""

    code: str
    kind = InputKind.THERE


class Again(Struct, frozen=True, tag=True):
    """The answer to that: print it again."""

    code: str
    kind = InputKind.AGAIN


class TakeOut(Struct, frozen=True, tag=True):
    """The answer to that: this item was not taken in."""

    code: str
    kind = InputKind.TAKE_OUT


Scan: TypeAlias = (
    Card
    | Family
    | RetailCode
    | StoreGoods
    | CategoryCard
    | QuantityCard
    | ReadyMade
    | ItemLabel
    | BoxLabel
    | PlanSlip
    | PlaceSheet
    | ActionCard
    | ClaimScan
    | Damaged
    | Foreign
    | Timeout
    | Unsure
    | There
    | Again
    | TakeOut
)


class MqttConnected(Struct, frozen=True):
    """The broker took us in (again)."""


class MqttDisconnected(Struct, frozen=True):
    """The broker is gone; ``reason`` is a machine word."""

    reason: str


class MqttMessage(Struct, frozen=True):
    """A message for us."""

    topic: str
    payload: bytes


class MqttRefused(Struct, frozen=True):
    """The broker refused one of our publishes; ``reason`` is its reason code's name."""

    reason: str


class PrintDone(Struct, frozen=True):
    """A printer thread finished a job. ``fits``: its paper can hold such a document."""

    job: int
    printer: str
    result: PrintResult
    fits: bool = True


class PrinterFound(Struct, frozen=True):
    """A printer was plugged in; nobody has touched it yet."""

    printer: Printer


class PrinterLost(Struct, frozen=True):
    """A printer that was found goes by another name from now on."""

    name: str


class StickFound(Struct, frozen=True):
    """A stick was plugged in and can be written to, below the path ``folder``."""

    folder: str


class StickLost(Struct, frozen=True):
    """That stick is there no more."""

    folder: str


class Written(Struct, frozen=True):
    """What became of a bundle for the stick at ``folder``: ``why`` is empty when ``events`` are on
    it, else a word of `kiosk.bundles`."""

    folder: str
    events: int
    why: str


class Stop(Struct, frozen=True):
    """End the loop after what is already queued before it."""


LoopInput: TypeAlias = (
    ScanRead
    | ScanUnreadable
    | DeviceState
    | MqttConnected
    | MqttDisconnected
    | MqttMessage
    | MqttRefused
    | PrintDone
    | PrinterFound
    | PrinterLost
    | StickFound
    | StickLost
    | Written
    | Stop
)
