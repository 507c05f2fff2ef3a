"""The bodies of events: what can happen, one struct a type. Types are added, never changed."""

from typing import TypeAlias

from contract.bodies.counts import (
    CountClosed,
    Counted,
    CountOpened,
    CountPaused,
    CountResumed,
    FindIdentified,
    FoundUnlabelled,
    ShelfClosed,
    ShelfOpened,
)
from contract.bodies.custody import (
    Arrived,
    Back,
    Delivered,
    Disposed,
    ItemPicked,
    ItemSeen,
    Missing,
    Moved,
    Out,
    Packed,
    PlanSeen,
    Sealed,
    Sent,
    Unpacked,
)
from contract.bodies.goods import (
    BoxReceived,
    ExpirySet,
    FoodRefused,
    Graded,
    LabelAttached,
    LabelReprinted,
    Quarantined,
    Received,
    Released,
    Retail,
    SessionClosed,
    SessionJoined,
    SessionOpened,
)
from contract.bodies.market import MarketClosed, MarketOpened, SaleTakenBack, Sold
from contract.bodies.people import Contributed, TimeOffered, WorkEnded, WorkStarted
from contract.bodies.records import (
    ClockLearned,
    DeviceChanged,
    EpochOpened,
    HelpWanted,
    Noticed,
    Refused,
    RollChanged,
    Unrecognised,
    Voided,
)
from contract.bodies.warehouse import (
    BatchReceived,
    Corrected,
    CountApproved,
    CountCancelled,
    CountJoined,
    CountPlanned,
    IncidentRuled,
    KitBroken,
    KitBuilt,
    LabelVoided,
    MonthClosed,
    MonthRestated,
    PresumedMissing,
    Priced,
    RecallClosed,
    RecallOpened,
    RecountAsked,
    Reserved,
    Unreserved,
)

Body: TypeAlias = (
    EpochOpened
    | ClockLearned
    | SessionOpened
    | SessionJoined
    | SessionClosed
    | Received
    | LabelAttached
    | ItemPicked
    | ItemSeen
    | Moved
    | Packed
    | Unpacked
    | Out
    | PlanSeen
    | Delivered
    | Back
    | Voided
    | Unrecognised
    | Refused
    | HelpWanted
    | DeviceChanged
    | Noticed
    | BoxReceived
    | FoodRefused
    | Graded
    | ExpirySet
    | Quarantined
    | Released
    | LabelReprinted
    | Sealed
    | Sent
    | Arrived
    | Missing
    | Disposed
    | MarketOpened
    | Sold
    | SaleTakenBack
    | MarketClosed
    | CountOpened
    | ShelfOpened
    | Counted
    | FoundUnlabelled
    | ShelfClosed
    | CountPaused
    | CountResumed
    | CountClosed
    | TimeOffered
    | WorkStarted
    | WorkEnded
    | Contributed
    | RollChanged
    | Reserved
    | Unreserved
    | KitBuilt
    | KitBroken
    | Corrected
    | CountPlanned
    | CountJoined
    | RecountAsked
    | CountApproved
    | CountCancelled
    | PresumedMissing
    | MonthClosed
    | MonthRestated
    | RecallOpened
    | RecallClosed
    | IncidentRuled
    | Priced
    | BatchReceived
    | LabelVoided
    | FindIdentified
)

__all__ = [
    "Arrived",
    "Back",
    "BatchReceived",
    "Body",
    "BoxReceived",
    "ClockLearned",
    "Contributed",
    "Corrected",
    "CountApproved",
    "CountCancelled",
    "CountClosed",
    "CountJoined",
    "CountOpened",
    "CountPaused",
    "CountPlanned",
    "CountResumed",
    "Counted",
    "Delivered",
    "DeviceChanged",
    "Disposed",
    "EpochOpened",
    "ExpirySet",
    "FindIdentified",
    "FoodRefused",
    "FoundUnlabelled",
    "Graded",
    "HelpWanted",
    "IncidentRuled",
    "ItemPicked",
    "ItemSeen",
    "KitBroken",
    "KitBuilt",
    "LabelAttached",
    "LabelReprinted",
    "LabelVoided",
    "MarketClosed",
    "MarketOpened",
    "Missing",
    "MonthClosed",
    "MonthRestated",
    "Moved",
    "Noticed",
    "Out",
    "Packed",
    "PlanSeen",
    "PresumedMissing",
    "Priced",
    "Quarantined",
    "RecallClosed",
    "RecallOpened",
    "Received",
    "RecountAsked",
    "Refused",
    "Released",
    "Reserved",
    "Retail",
    "RollChanged",
    "SaleTakenBack",
    "Sealed",
    "Sent",
    "SessionClosed",
    "SessionJoined",
    "SessionOpened",
    "ShelfClosed",
    "ShelfOpened",
    "Sold",
    "TimeOffered",
    "Unpacked",
    "Unrecognised",
    "Unreserved",
    "Voided",
    "WorkEnded",
    "WorkStarted",
]
