"""What the made-up city knows of itself while its year goes by: stores, their stock, the agenda.

Everything random comes from one generator in one order: the same seed gives the same year.
"""

import heapq
import random
from collections.abc import Callable, Sequence
from datetime import date
from typing import Final, TypeAlias, TypeVar

from msgspec import Struct

from contract import codes, events
from contract.codes import PLACES, Kind
from contract.events import PlanCode
from contract.reference import Plan
from hub.demo.goods import Packaged
from hub.demo.journal import Journal
from hub.demo.places import COLOURS, FLOWERS, DemoStop
from hub.log.ingest import Message
from hub.log.recording import Draft

MINUTE_MS: Final = 60_000
DAY_MS: Final = 24 * 60 * MINUTE_MS
SHELVES: Final = tuple(place.code for place in PLACES[1:-1])
STALL: Final = PLACES[-1].code
VOLUNTEERS: Final = 6
"""Cards of volunteers at each stop."""

T = TypeVar("T")
Deed: TypeAlias = Callable[[int], None]
"""Something that happens, called with its time in Unix milliseconds."""


class Thing(Struct):
    """An item on a shelf. ``box`` was packed as a whole; ``vanished`` things are not where the
    hub believes them, and nobody knows yet."""

    code: str
    category: str
    place: str
    last_day: date | None = None
    vanished: bool = False
    quarantined: bool = False


class Store(Struct):
    """A stop at work."""

    spec: DemoStop
    place: str
    journals: list[Journal]
    opens: date
    people: tuple[str, ...]
    stock: list[Thing] = []


class Decision(Struct, frozen=True):
    """What somebody decides at the hub, under this account's id: ``make`` gives the events from the
    log's newest position."""

    make: Callable[[int], tuple[Draft, ...]]
    account: str


class World:
    """See the module. ``volume`` is how busy the city is against the usual 200,000 events of 30
    stops in a year."""

    def __init__(
        self,
        rng: random.Random,
        stores: Sequence[Store],
        products: Sequence[Packaged],
        blank_prefix: str,
        volume: float,
    ) -> None:
        self.rng: Final = rng
        self.stores: Final = tuple(stores)
        self.products: Final = tuple(products)
        self.packaged: Final[dict[str, list[Packaged]]] = {}
        for product in products:
            self.packaged.setdefault(product.category, []).append(product)
        self.food: Final = tuple(product for product in products if product.days)
        self.volume: Final = volume
        self.journals: Final = [journal for store in stores for journal in store.journals]
        self.offline: Final[set[Journal]] = set()
        self.posts: Final[list[Message]] = []
        """Messages that leave besides what the journals hold."""
        self.decisions: Final[list[Decision]] = []
        """What people decide at the hub next."""
        self.plans: Final[dict[PlanCode, Plan]] = {}
        self.planned_ms: Final[dict[PlanCode, int]] = {}
        self.today = date.min
        self.items = 0
        self.claim = ""
        """The newest donor's private link, to show what one sees."""
        self._blank_prefix: Final = blank_prefix
        self._blanks = 0
        self._agenda: list[tuple[int, int, Deed]] = []
        self._deeds = 0

    # --- the agenda --------------------------------------------------------------------------

    def at(self, at_ms: int, deed: Deed) -> None:
        """``deed`` will happen then."""
        self._deeds += 1
        heapq.heappush(self._agenda, (at_ms, self._deeds, deed))

    def run_until(self, end_ms: int) -> None:
        """Everything before ``end_ms`` happens, in order."""
        while self._agenda and self._agenda[0][0] < end_ms:
            at_ms, _, deed = heapq.heappop(self._agenda)
            deed(at_ms)

    @property
    def written(self) -> int:
        """Events so far."""
        return sum(journal.written for journal in self.journals)

    # --- chance ------------------------------------------------------------------------------

    def chance(self, probability: float) -> bool:
        """Whether something happens that does with this probability."""
        return self.rng.random() < probability

    def about(self, mean: float) -> int:
        """A whole number with this mean, one of the two beside it."""
        whole = int(mean)
        return whole + (self.rng.random() < mean - whole)

    def between(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + self.rng.randrange(high - low + 1)

    def one_of(self, choices: Sequence[T]) -> T:
        """One of these."""
        return choices[self.rng.randrange(len(choices))]

    # --- things ------------------------------------------------------------------------------

    def open_stores(self) -> list[Store]:
        """Those that have opened by now."""
        return [store for store in self.stores if store.opens <= self.today]

    def take(
        self, store: Store, count: int, wanted: Callable[[Thing], bool] = lambda _: True
    ) -> list[Thing]:
        """Up to ``count`` things off a store's shelves; they are no longer in its stock."""
        found: list[Thing] = []
        stock = store.stock
        for _ in range(4 * count):
            if not stock or len(found) == count:
                break
            at = self.rng.randrange(len(stock))
            thing = stock[at]
            if thing.vanished or thing.quarantined or not wanted(thing):
                continue
            stock[at] = stock[-1]
            stock.pop()
            found.append(thing)
        return found

    def blank(self) -> str:
        """The code of the next item label that was printed ahead."""
        self._blanks += 1
        return codes.serial_code(Kind.ITEM, self._blank_prefix, self._blanks)

    def plan(self, journal: Journal, count: int, at_ms: int) -> str:
        """A new delivery plan for so many items, named by colour and flower."""
        code = journal.code(Kind.PLAN)
        (colour_zh, colour_en), (flower_zh, flower_en) = self.one_of(COLOURS), self.one_of(FLOWERS)
        number = len(self.plans) + 1
        self.plans[code] = Plan(
            code, f"{colour_zh}{flower_zh}{number}", f"{colour_en} {flower_en} {number}", count
        )
        self.planned_ms[code] = at_ms
        return code

    def decide(self, store: Store, account: str, body: events.Body) -> None:
        """Somebody decides this at the hub, about this store."""
        draft = Draft(body, store.spec.id)
        self.decide_at_position(account, lambda _: (draft,))

    def decide_at_position(self, account: str, make: Callable[[int], tuple[Draft, ...]]) -> None:
        """The same, of events that name the log's newest position."""
        self.decisions.append(Decision(make, account))

    def close_plan(self, plan: str) -> None:
        """It is done."""
        old = self.plans[plan]
        self.plans[plan] = Plan(old.code, old.zh, old.en, old.items, open=False)

    def family(self) -> str:
        """The hash of a new family's token."""
        return events.family_hash(codes.token_code(Kind.FAMILY, self.rng.randbytes(10)))
