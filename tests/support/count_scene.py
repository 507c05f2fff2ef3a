"""Counts of the scene: one that goes on, with a kiosk's lane in it and another that could be, and
one that was approved, told differently since."""

from collections.abc import Sequence

from sqlalchemy import Connection

from contract import codes, events
from hub.access.audit import By
from hub.counts import counting
from hub.counts import stocktakes as judged
from hub.counts.counting import Plan
from hub.log.recording import Actor
from hub.queries import stocktakes
from tests.support.hub_site import HubSite, Place

PLANNER = "00000000000000ee"
"""An account that is gone: whoever looks may approve."""
SHELF, ROOM = codes.PLACES[1].code, codes.place_code("0000R1")


class Counts:
    """Puts them there; their ids."""

    def __init__(self, site: HubSite, here: Place, account: str) -> None:
        self._site, self._here, self._by = site, here, By(account)
        items = [site.intake(here, category) for category in ("C1", "C1", "H1", "H1", "T1", "B1")]
        self._write(events.Moved(place=ROOM, items=tuple(items)))
        self.approved = self._plan(1, (ROOM,))
        self._lane(1, ROOM, items[:3])
        self._join(self.approved, 1)
        self._approve()
        self._write(events.Moved(place=SHELF, items=(items[3],)))
        self._late(items[4])
        self.going = self._plan(2, ())
        self._lane(2, ROOM, [items[0], items[3]], closed=False)
        self._join(self.going, 2)
        self._lane(3, SHELF, [items[5]])
        self.to_approve = self._plan(3, (SHELF,))
        self._lane(4, SHELF, [items[3]], closed=False)
        self.bare = bare = here.journal.code()
        self._write(
            events.FoundUnlabelled(count=f"{4:016x}", place=SHELF, item=bare, category="T1"),
            events.ShelfClosed(count=f"{4:016x}", place=SHELF, seen=2, expected=2),
        )
        self._join(self.to_approve, 4)

    def _write(self, *bodies: events.Body) -> None:
        journal = self._here.journal
        written = []
        for body in bodies:
            self._site.now_ms += 1_000
            written.append(journal.write(body, self._site.now_ms))
        self._site.receive(journal, written)

    def _late(self, item: str) -> None:
        """Something left while the count went on, as another kiosk tells afterwards."""
        body = events.Moved(place=SHELF, items=(item,))
        at_ms = self._began_ms + 500
        journal = self._here.journal
        self._site.receive(journal, [journal.write(body, at_ms)])

    def _plan(self, n: int, places: tuple[str, ...]) -> str:
        asked = f"00000000-0000-4000-8000-00000000000{n}"
        plan, by = Plan(self._here.stop, places, recount="never"), Actor(PLANNER)
        self._site.now_ms += 1_000
        now_ms = self._site.now_ms
        return self._site.writer.call(lambda here: counting.plan(here, plan, by, now_ms, asked))

    def _lane(self, n: int, place: str, items: Sequence[str], *, closed: bool = True) -> None:
        part = f"{n:016x}"
        self._began_ms = self._site.now_ms + 2_000
        self._write(
            events.CountOpened(count=part),
            events.ShelfOpened(count=part, place=place),
            *(events.Counted(count=part, place=place, item=one, outcome="ok") for one in items),
        )
        if closed:
            end = events.ShelfClosed(count=part, place=place, seen=len(items), expected=0)
            self._write(end)

    def _join(self, count: str, n: int) -> None:
        by, now_ms = Actor(PLANNER), self._site.now_ms
        self._site.writer.call(lambda here: counting.join(here, count, [f"{n:016x}"], by, now_ms))

    def _approve(self) -> None:
        self._site.now_ms += 60_000
        now_ms = self._site.now_ms

        def work(here: Connection) -> None:
            taken = stocktakes.stocktake(here, self.approved)
            assert taken is not None
            seal = judged.seal(stocktakes.found(here, taken))
            counting.approve(here, self.approved, seal, self._by, now_ms)

        self._site.writer.call(work)
