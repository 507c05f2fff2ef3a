"""A kiosk without a disk: lanes, an allocator and what it knows, driven as the loop drives them.

Nothing of the workflow is imitated here. `World` hands `kiosk.workflow.step` the facts that a
journal would, keeps what the turn decided, and seals every event, so that a turn whose event
would leave the contract fails the test that made it.
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Final

from contract import events
from contract.actions import Verb
from contract.codes import (
    BLOCK,
    CodeProblem,
    Kind,
    parse,
    place_code,
    serial_code,
    token_code,
)
from contract.events import Retail, family_hash, person_hash
from contract.reference import Campaign, Recall, StopSettings
from kiosk.food_gate import Today
from kiosk.inputs import (
    ActionCard,
    Again,
    BoxLabel,
    Card,
    CategoryCard,
    ClaimScan,
    Damaged,
    Family,
    Foreign,
    InputKind,
    ItemLabel,
    PlaceSheet,
    PlanSlip,
    QuantityCard,
    ReadyMade,
    RetailCode,
    Scan,
    TakeOut,
    There,
    Timeout,
    Unsure,
)
from kiosk.state import Allocator, Draft, EventRef, ItemFacts, LaneState, Outcome, through_boxes
from kiosk.workflow import Facts, restored, step
from kiosk.workflow.asked import took_in
from kiosk.workflow.turn import Work

PREFIX: Final = "7K2M"
ELSEWHERE: Final = "9ZZZ"
"""A prefix of another journal."""
KIOSK: Final = "stop-1"
EPOCH: Final = "0123456789abcdef"
WALL: Final = 1_760_000_000_000
TODAY: Final = date(2025, 10, 9)
"""The day that `WALL` is in, at a stop in China."""

RICE: Final = RetailCode(Retail("06901234567892"))
"""Its category is known, see `PRODUCTS`."""
MYSTERY: Final = RetailCode(Retail("04006381333931"))
OTHER_MYSTERY: Final = RetailCode(Retail("00036000291452"))
PRODUCTS: Final = {RICE.retail.gtin: "F1"}

ANN: Final = Card(person_hash(token_code(Kind.PERSON, b"ann-ann-an")))
BOB: Final = Card(person_hash(token_code(Kind.PERSON, b"bob-bob-bo")))
FAMILY: Final = Family(family_hash(token_code(Kind.FAMILY, b"family-one")))
CLOTHES: Final = CategoryCard("C1")
TOYS: Final = CategoryCard("T1")
PLAN: Final = PlanSlip(serial_code(Kind.PLAN, ELSEWHERE, 1))
OTHER_PLAN: Final = PlanSlip(serial_code(Kind.PLAN, ELSEWHERE, 2))
SHELF: Final = PlaceSheet(place_code("SHE1F1"))
TEAM: Final = PlaceSheet(place_code("TEAM01"))
OTHER_STOP: Final = PlaceSheet(place_code("ST0P02"))
BIN: Final = PlaceSheet(place_code("B1N001"))
PLACE_KINDS: Final = {TEAM.code: "team", OTHER_STOP.code: "stop", BIN.code: "disposal"}
"""What the hub told of these places."""
STRANGER: Final = ItemLabel(serial_code(Kind.ITEM, ELSEWHERE, 7))
"""An item of another stop."""
NEVER: Final = ItemLabel(serial_code(Kind.ITEM, PREFIX, 9))
"""Our prefix, but no item ever got this code."""
FINISH: Final = ActionCard(Verb.FINISH)
UNDO: Final = ActionCard(Verb.UNDO)
HELP: Final = ActionCard(Verb.HELP)
NOT_HOME: Final = ActionCard(Verb.NOT_HOME)
CLAIM: Final = ClaimScan()
DAMAGED: Final = Damaged(CodeProblem.CHECK, 11)
FOREIGN: Final = Foreign(18, "foreign")
TIMEOUT: Final = Timeout()
BLANK: Final = ReadyMade(serial_code(Kind.ITEM, "ZAAA", 1))
"""A label printed ahead."""
BLANK_BOX: Final = ReadyMade(serial_code(Kind.BOX, "ZAAA", 2))
LABELS: Final = (ItemLabel, BoxLabel, ReadyMade)
ANSWERS: Final = (Unsure, There, Again, TakeOut)


def times(quantity: int) -> QuantityCard:
    """A quantity card."""
    return QuantityCard(quantity)


class _Known(dict[str, ItemFacts]):
    """What a world knows of any label, looked up when it is asked for."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def __missing__(self, code: str) -> ItemFacts:
        return self._world.item(code)


class _Own(_Known):
    """What a world knows of any label by itself."""

    def __missing__(self, code: str) -> ItemFacts:
        return self._world.by_itself(code)


class _History:
    """A world's events, all of which are kept."""

    def __init__(self, world: "World") -> None:
        self._world = world

    @property
    def whole(self) -> bool:
        """Whether events tell all that is known: a test may have put something there instead."""
        return not self._world.more_known

    def unheard(self, code: str) -> ItemFacts:
        """What nothing is known of."""
        return self._world.unheard(code)

    def about(self, texts: Collection[str]) -> list[tuple[int, events.Event]]:
        """Those in which one of these stands."""
        wanted = [text.encode() for text in texts]
        return [
            (at, event)
            for at, event in enumerate(self._world.events)
            if any(text in event.raw for text in wanted)
        ]


class World:
    """One kiosk: its clock, lanes and knowledge. ``now`` is monotonic milliseconds."""

    def __init__(self, *, prefix: str | None = PREFIX, block: int = 100) -> None:
        self.now = 1_000_000
        self.allocator = Allocator(prefix, block * BLOCK, (block + 1) * BLOCK if prefix else 0)
        self.lanes: dict[str, LaneState] = {}
        self.known: dict[str, ItemFacts] = {}
        self.told: dict[str, ItemFacts] = {}
        """What of ``known`` events tell; the rest is from before any that are kept."""
        self.more_known = False
        self.products: Mapping[str, str] = PRODUCTS
        self.works: dict[str, EventRef | None] = {}
        self.place_kinds: dict[str, str] = dict(PLACE_KINDS)
        self.capabilities: dict[str, frozenset[str]] = {}
        self.campaigns: dict[int, Campaign] = {}
        self.settings = StopSettings()
        self.scan_back = False
        self.asked: set[str] = set()
        """Items of whose label nobody knows whether it came out."""
        self.today: Today | None = Today(TODAY, TODAY)
        self.recalls: tuple[Recall, ...] = ()
        self.events: list[events.Event] = []
        self._ids: dict[EventRef, str] = {}
        self._head = events.ZERO_HASH
        self._turns = 0

    def state(self, lane: str = "door") -> LaneState:
        """What the lane remembers."""
        return self.lanes.get(lane, LaneState())

    def scan(self, scan: Scan, lane: str = "door") -> Outcome:
        """One turn, kept as a commit would keep it."""
        if isinstance(scan, ReadyMade) and self.item(scan.code).status != "foreign":
            scan = scan.as_label()  # something was bound to it
        self.more_known = self.more_known or self.known != self.told
        outcome = step(self.state(lane), self.allocator, scan, self.facts(scan, lane))
        for draft in outcome.drafts:
            self._seal(draft, lane)
        self.lanes[lane] = outcome.state
        self.allocator = outcome.allocator
        self.known |= outcome.known
        self.told |= outcome.known
        self.works |= outcome.works
        return outcome

    def after(self, milliseconds: int, *, cut: bool) -> None:
        """So long nothing happens, at the end of a cut of power the kiosk starts again."""
        self.now += milliseconds
        if cut:
            self.lanes = {lane: restored(state, self.now) for lane, state in self.lanes.items()}

    def _took_in(self, scan: Scan) -> tuple[tuple[EventRef, tuple[str, ...]], ...] | None:
        if not isinstance(scan, TakeOut):
            return None
        return took_in(scan.code, [e for e in self.events if scan.code.encode() in e.raw])

    def scans(self, *scans: Scan) -> Outcome:
        """Several turns at the door; the last one's outcome."""
        return [self.scan(scan) for scan in scans][-1]

    def wait(self, milliseconds: int, lane: str = "door") -> list[Outcome]:
        """Time passes; each deadline that is met on the way is a `Timeout`, on time."""
        until = self.now + milliseconds
        timeouts: list[Outcome] = []
        while (due := self.state(lane).deadline) is not None and due <= until:
            self.now = max(self.now, due)
            timeouts.append(self.scan(TIMEOUT, lane))
        self.now = until
        return timeouts

    def facts(self, scan: Scan, lane: str = "door") -> Facts:
        """What the journal would tell."""
        self._turns += 1
        state = self.state(lane)
        plan = scan.code if isinstance(scan, PlanSlip) else state.plan
        return Facts(
            now=self.now,
            next=EventRef(EPOCH, len(self.events) + 1),
            sessions=(f"{self._turns:015x}a", f"{self._turns:015x}b"),
            claim=self._turns.to_bytes(10),
            wall=WALL + self.now,
            item=self.item(scan.code) if isinstance(scan, (*LABELS, *ANSWERS)) else None,
            plan_items=self.out_for(plan) if plan is not None else (),
            category=self.products.get(scan.retail.gtin) if isinstance(scan, RetailCode) else None,
            event_ids=dict(self._ids),
            blocks=(self.allocator.end // BLOCK,) if self.allocator.prefix else (),
            place_kind=self.place_kinds.get(scan.code, "shelf")
            if isinstance(scan, PlaceSheet)
            else "shelf",
            shelf=self.standing_at(scan.code) if isinstance(scan, PlaceSheet) else (),
            open_shelf=self.standing_at(self._open_shelf(state)),
            shelves=self.shelves(),
            contents=self.inside(scan, state),
            known=_Known(self),
            own=_Own(self),
            history=_History(self),
            work=self._work(scan, state),
            campaign=self.campaigns.get(self._campaign(scan, state)),
            given_to=self.campaigns.get(state.campaign or 0),
            capabilities=self.capabilities.get(state.person or "", frozenset())
            if self.capabilities
            else None,
            settings=self.settings,
            scan_back=self.scan_back,
            today=self.today,
            recalls=self.recalls,
            took_in=self._took_in(scan),
            unsure=isinstance(scan, LABELS) and scan.code in self.asked,
        )

    def item(self, code: str) -> ItemFacts:
        """What this kiosk knows of an item or box."""
        return through_boxes(code, self.by_itself)

    def by_itself(self, code: str) -> ItemFacts:
        """What was said of this label itself."""
        return self.known.get(code) or self.unheard(code)

    def unheard(self, code: str) -> ItemFacts:
        """What is known of a label of which no event tells."""
        own = parse(code).prefix == self.allocator.prefix
        return ItemFacts("unknown" if own else "foreign")

    def out_for(self, plan: str) -> tuple[str, ...]:
        """The items that are out for a plan."""
        return tuple(
            sorted(c for c, f in self.known.items() if f.plan == plan and f.status == "out")
        )

    def standing_at(self, place: str | None) -> tuple[str, ...]:
        """What is known to stand at a place."""
        return tuple(sorted(c for c, f in self._standing() if place and f.place == place))

    def shelves(self) -> tuple[str, ...]:
        """The places where something is known to stand."""
        return tuple(sorted({f.place for _, f in self._standing() if f.place}))

    def _standing(self) -> list[tuple[str, ItemFacts]]:
        return [
            (code, facts)
            for code, facts in self.known.items()
            if facts.box is None and facts.status in ("here", "quarantined")
        ]

    @staticmethod
    def _open_shelf(state: LaneState) -> str | None:
        shelf = state.count.shelf if state.count is not None else None
        return None if shelf is None else shelf.place

    def inside(self, scan: Scan, state: LaneState) -> tuple[str, ...]:
        """What is known to be in the scanned box, or in the open one."""
        box = self._box(scan, state)
        return tuple(sorted(c for c, f in self.known.items() if box and f.box == box))

    def _box(self, scan: Scan, state: LaneState) -> str | None:
        return scan.code if isinstance(scan, BoxLabel) else state.box

    @staticmethod
    def _campaign(scan: Scan, state: LaneState) -> int:
        if isinstance(scan, ActionCard) and scan.verb is Verb.CAMPAIGN:
            return int(scan.argument)
        return state.campaign or 0

    def _work(self, scan: Scan, state: LaneState) -> Work | None:
        person = scan.person if isinstance(scan, Card) else None
        if scan.kind is InputKind.WORK:
            person = state.person
        elif scan.kind is InputKind.UNDO and state.clocked:
            person = state.clocked[-1].person
        ref = self.works.get(person) if person is not None else None
        if ref is None:
            return None
        began = self.events[ref.seq - 1].public.mono
        return Work(ref, (self.now - began) // 60_000)

    def bodies(self) -> list[events.Body]:
        """Every event's body, oldest first."""
        return [event.public.body for event in self.events]

    def types(self) -> list[str]:
        """Every event's type, oldest first."""
        return [events.type_of(body) for body in self.bodies()]

    def issued(self) -> list[str]:
        """Every item code that was given to an item, voided or not."""
        return [body.item for body in self.bodies() if isinstance(body, events.Received)]

    def boxes(self) -> list[str]:
        """Every box code of this kiosk that something came in under or was packed into."""
        codes = (b.box for b in self.bodies() if isinstance(b, events.BoxReceived | events.Packed))
        own = (code for code in codes if parse(code).prefix == PREFIX)
        return list(dict.fromkeys(own))

    def _seal(self, draft: Draft, lane: str) -> None:
        public = events.Public(
            v=1,
            kiosk=KIOSK,
            epoch=EPOCH,
            seq=len(self.events) + 1,
            boot="b" * 32,
            mono=self.now,
            wall=WALL + self.now,
            clock=True,
            lane=lane,
            body=draft.body,
        )
        event = events.encode(public, draft.private, prev=self._head, salt=bytes(16))
        if events.decode(event.raw) != event:
            raise AssertionError("the event does not come back as it was")
        self._head = event.hash
        self.events.append(event)
        self._ids[EventRef(EPOCH, public.seq)] = event.id


def types_of(outcome: Outcome) -> list[str]:
    """The types of the events that a turn appends."""
    return [events.type_of(draft.body) for draft in outcome.drafts]
