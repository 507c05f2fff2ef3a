"""A plausible load: what kiosks send on a busy day, as ready-made MQTT messages.

Of every 50 events: donations (a session, three items with their labels, its end with a claim) and
handovers of items received a little earlier (picked, out, delivered).
"""

import hashlib
from collections.abc import Sequence

from msgspec import Struct

from contract import actions, batches, codes, events
from contract.codes import Kind

EVENTS_A_MESSAGE = 50
_START_MS = 1_767_225_600_000


class Ready(Struct, frozen=True):
    """One message: topic's kiosk, payload, user properties, and the events in it."""

    kiosk: str
    payload: bytes
    properties: list[tuple[str, str]]
    lines: tuple[bytes, ...]
    epoch: str
    last: int


class _Kiosk:
    def __init__(self, number: int, salt: str) -> None:
        self.name = f"kiosk-{number:03d}"
        self.prefix = codes.to_base32(number + 32_768, 4)
        self.epoch = hashlib.sha256(f"{salt}{number}".encode()).hexdigest()[:16]
        self.boot = hashlib.sha256(f"boot{salt}{number}".encode()).hexdigest()[:32]
        self.head = events.ZERO_HASH
        self.seq = 0
        self.serial = 0
        self.sessions = 0
        self.stock: list[str] = []
        self.made: list[events.Event] = []

    def add(self, body: events.Body, private: events.Private = events.Private()) -> None:  # noqa: B008 (frozen)
        self.seq += 1
        mono = 1_000 + self.seq * 900
        public = events.Public(
            v=events.VERSION,
            kiosk=self.name,
            epoch=self.epoch,
            seq=self.seq,
            boot=self.boot,
            mono=mono,
            wall=_START_MS + mono,
            clock=True,
            lane="lane-1",
            body=body,
        )
        salt = hashlib.sha256(self.head.encode()).digest()[:16]
        event = events.encode(public, private, prev=self.head, salt=salt)
        self.head = event.hash
        self.made.append(event)

    def session(self) -> str:
        self.sessions += 1
        return hashlib.sha256(f"{self.name}{self.sessions}".encode()).hexdigest()[:16]

    def donate(self) -> None:
        session = self.session()
        self.add(events.SessionOpened(session=session))
        for _ in range(3):
            self.serial += 1
            item = codes.serial_code(Kind.ITEM, self.prefix, self.serial)
            category = actions.CATEGORIES[self.serial % len(actions.CATEGORIES)].key
            retail = events.Retail(gtin=f"{69_000_000_000_000 + self.serial % 500:014d}"[:14])
            self.add(
                events.Received(
                    session=session,
                    item=item,
                    category=category,
                    place=codes.PLACE_IN,
                    retail=retail,
                )
            )
            self.add(events.LabelAttached(item=item, how="printed"))
            self.stock.append(item)
        claim = events.claim_hash(session.upper())
        self.add(events.SessionClosed(session=session, why="finish", items=3, claim=claim))

    def hand_over(self) -> None:
        session = self.session()
        person = events.Private(person=hashlib.sha256(session.encode()).hexdigest())
        plan = codes.serial_code(Kind.PLAN, self.prefix, self.sessions)
        items, self.stock = tuple(self.stock[:6]), self.stock[6:]
        self.add(events.SessionOpened(session=session), person)
        for item in items:
            self.add(events.ItemPicked(session=session, item=item, outcome="ok"))
        self.add(events.Out(plan=plan, items=items, session=session), person)
        family = hashlib.sha256(plan.encode()).hexdigest()
        self.add(events.Delivered(plan=plan, items=items), events.Private(family=family))
        self.add(events.SessionClosed(session=session, why="finish"))


def make(kiosks: int, messages_each: int, salt: str) -> list[Ready]:
    """Messages of `EVENTS_A_MESSAGE` events, the kiosks by turns; ``salt`` makes a fresh set."""
    ready: list[list[Ready]] = []
    for number in range(kiosks):
        kiosk = _Kiosk(number, salt)
        kiosk.add(events.EpochOpened(journal=kiosk.epoch, prefix=kiosk.prefix))
        kiosk.add(events.ClockLearned(offset=_START_MS, source="welcome"))
        while len(kiosk.made) < messages_each * EVENTS_A_MESSAGE:
            kiosk.donate()
            kiosk.donate()
            kiosk.donate()
            kiosk.hand_over()
        ready.append(
            [
                _message(kiosk.name, kiosk.made[start : start + EVENTS_A_MESSAGE])
                for start in range(0, messages_each * EVENTS_A_MESSAGE, EVENTS_A_MESSAGE)
            ]
        )
    return [one for turn in zip(*ready, strict=True) for one in turn]


def _message(kiosk: str, line: Sequence[events.Event]) -> Ready:
    public = line[0].public
    header = batches.Header(public.epoch, public.seq, len(line), line[-1].hash)
    raws = tuple(event.raw for event in line)
    payload = batches.encode(header, raws)
    last = public.seq + len(line) - 1
    return Ready(kiosk, payload, batches.properties(header), raws, public.epoch, last)
