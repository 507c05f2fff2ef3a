"""A journal in memory: builds real, chained lines through `contract.events.encode`.

`Journal` writes what a kiosk would; `deliveries` cuts what several wrote into messages. `Story`
turns a list of small numbers into a plausible life of several kiosks, for Hypothesis.
"""

import copy
import hashlib
from collections.abc import Iterable, Sequence

from contract import batches, codes, events, topics
from contract.codes import Kind
from hub.log.ingest import Message

NEW_YEAR_MS = 1_767_225_600_000
"""2026-01-01, Unix milliseconds."""


def _hex(seed: str, length: int) -> str:
    return hashlib.sha256(seed.encode()).hexdigest()[:length]


class Journal:
    """One kiosk's journal. Times are milliseconds; ``offset`` is the truth it may not know."""

    def __init__(self, kiosk: str, prefix: str, *, name: str = "") -> None:
        self.kiosk = kiosk
        self.prefix = prefix
        self.name = name or kiosk
        self.written: list[events.Event] = []
        self.head = events.ZERO_HASH
        self.epoch: str | None = None
        self.seq = 0
        self.boots = 0
        self.boot = _hex(f"{self.name} boot 0", 32)
        self.mono = 1_000
        self.offset = NEW_YEAR_MS
        self.serial = 0
        self.branch = ""

    def start(self, *, reboot: bool = False, off_ms: int = 60_000) -> events.Event:
        """A process start: a new epoch; after a reboot the monotonic clock begins again."""
        if reboot:
            self.boots += 1
            self.boot = _hex(f"{self.name} boot {self.boots}{self.branch}", 32)
            self.offset += self.mono + off_ms
            self.mono = 1_000
        before = self.epoch
        self.epoch = _hex(f"{self.name} {self.head} epoch{self.branch}", 16)
        self.seq = 0
        body = events.EpochOpened(
            journal=_hex(f"{self.name} journal", 16), prefix=self.prefix, prev_epoch=before
        )
        return self.add(body)

    def add(
        self, body: events.Body, *, family: str | None = None, after_ms: int = 700
    ) -> events.Event:
        """Append an event."""
        assert self.epoch is not None, "start the journal first"
        self.seq += 1
        self.mono += after_ms
        public = events.Public(
            v=events.VERSION,
            kiosk=self.kiosk,
            epoch=self.epoch,
            seq=self.seq,
            boot=self.boot,
            mono=self.mono,
            wall=self.mono + 1_000_000_000_000,  # a clock without battery: long ago
            clock=False,
            lane="lane-1",
            body=body,
        )
        salt = hashlib.sha256(f"{self.name}{self.head}{self.branch}".encode()).digest()[:16]
        event = events.encode(public, events.Private(family=family), prev=self.head, salt=salt)
        self.head = event.hash
        self.written.append(event)
        return event

    def new_item(self) -> str:
        """The next code of this journal's prefix."""
        self.serial += 1
        return codes.serial_code(Kind.ITEM, self.prefix, self.serial)

    def learn_time(self) -> events.Event:
        """The hub or a network said what time it is."""
        return self.add(events.ClockLearned(offset=self.offset, source="welcome"))

    def receive(
        self, session: str = "5e55000000000001", category: str = "H1", *, label: bool = True
    ) -> str:
        """An item comes in, with its label."""
        item = self.new_item()
        self.add(
            events.Received(session=session, item=item, category=category, place=codes.PLACE_IN)
        )
        if label:
            self.add(events.LabelAttached(item=item, how="printed"))
        return item

    def clone(self, branch: str) -> "Journal":
        """A copied card: the same story so far, told on by itself from here."""
        other = copy.copy(self)
        other.written = []
        other.branch = branch
        return other


def batch_of(line: Sequence[events.Event]) -> tuple[batches.Header, bytes]:
    """Header and payload of consecutive events of one epoch."""
    public = line[0].public
    header = batches.Header(public.epoch, public.seq, len(line), line[-1].hash)
    return header, batches.encode(header, [event.raw for event in line])


def message_of(line: Sequence[events.Event]) -> Message:
    """The MQTT message with these consecutive events, as their kiosk would send it."""
    header, payload = batch_of(line)
    return message(line[0].public.kiosk, payload, header)


def message(kiosk: str, payload: bytes, header: batches.Header | None = None) -> Message:
    """An events message of ``kiosk``."""
    properties = dict(batches.properties(header)) if header is not None else {}
    return Message(topics.up(kiosk, topics.EVENTS), payload, properties)


def runs(
    written: Iterable[events.Event], size: int = batches.MAX_BATCH_EVENTS
) -> list[list[events.Event]]:
    """Events cut where the epoch changes, a seq is left out, or ``size`` is reached."""
    cut: list[list[events.Event]] = []
    for event in written:
        last = cut[-1][-1].public if cut else None
        public = event.public
        if (
            last is not None
            and len(cut[-1]) < size
            and (last.kiosk, last.epoch, last.seq + 1) == (public.kiosk, public.epoch, public.seq)
            and event.prev == cut[-1][-1].hash
        ):
            cut[-1].append(event)
        else:
            cut.append([event])
    return cut


SESSION = "5e55000000000001"
"""Of a market or a stocktake."""


class Story:
    """Several kiosks' lives, driven by numbers; whatever the numbers are, it can have happened."""

    def __init__(self) -> None:
        self.journals = [Journal("kiosk-a", "00AA"), Journal("kiosk-b", "00BB")]
        for journal in self.journals:
            journal.start()
        self.items = [codes.serial_code(Kind.ITEM, "00ZZ", 7)]  # one that never came in
        self.boxes = [codes.serial_code(Kind.BOX, "00AA", serial) for serial in range(3)]
        self.plans = [codes.serial_code(Kind.PLAN, "00AA", serial) for serial in range(3)]
        self.places = [codes.place_code(f"00000{digit}") for digit in "123"]
        self.clones = 0

    @property
    def written(self) -> list[events.Event]:
        """Everything that all journals wrote."""
        return [event for journal in self.journals for event in journal.written]

    def act(self, action: int, who: int, what: int, other: int) -> None:
        """One more thing happens: ``action`` chooses it, the others choose its parts."""
        journal = self.journals[who % len(self.journals)]
        item = self.items[what % len(self.items)]
        box = self.boxes[other % len(self.boxes)]
        plan = self.plans[other % len(self.plans)]
        place = self.places[other % len(self.places)]
        family = events.family_hash(f"F{other}")
        thing = box if what % 5 == 4 else item
        match action % 48:
            case 0 | 1:
                self.items.append(journal.receive(category="H1" if what % 2 else "F2"))
            case 2:
                self.items.append(journal.receive(label=False))
            case 3:
                journal.add(events.Out(plan=plan, items=(thing,)))
            case 4:
                journal.add(events.Delivered(plan=plan), family=family)
            case 5:
                journal.add(events.Delivered(plan=plan, items=(thing,)), family=family)
            case 6:
                journal.add(events.Back(plan=plan, why="not-home"))
            case 7:
                journal.add(events.Moved(place=place, items=(thing,)))
            case 8:
                journal.add(events.Packed(box=box, items=(item,)))
            case 9:
                inner = self.boxes[what % len(self.boxes)]
                journal.add(events.Packed(box=box, items=(inner,)))
            case 10:
                journal.add(events.Unpacked(box=box, items=(item,)))
            case 11:
                target = journal.written[what % len(journal.written)] if journal.written else None
                if target is not None:
                    journal.add(events.Voided(events=(target.id,)))
            case 12:
                journal.start(reboot=bool(what % 2))
            case 13:
                journal.learn_time()
            case 14:
                seen = events.ItemSeen(item=item, outcome="unknown")
                journal.add(seen)
            case 15:
                device = f"scanner-{other % 2}"
                journal.add(events.DeviceChanged(device=device, kind="scanner", ok=bool(what % 2)))
            case 16:
                journal.add(events.HelpWanted())
            case 17:
                words = ("hash-disputed", "no-prefix-left", "plan-dropped", "a-new-word")
                noticed = words[what % len(words)]
                disputed = journal.epoch if other % 2 else None
                journal.add(events.Noticed(kind=noticed, epoch=disputed, seq=other % 3))
            case 20:
                journal.add(events.Sent(to=place, kind="stop", items=(thing,)))
            case 21:
                journal.add(events.Arrived(place=place, items=(thing,)))
            case 22:
                journal.add(events.Missing(items=(thing,), plan=plan if other % 2 else None))
            case 23:
                journal.add(events.Disposed(items=(thing,), why="B"))
            case 24:
                journal.add(events.Sold(market=SESSION, price=50, item=thing))
            case 25:
                journal.add(events.SaleTakenBack(market=SESSION, price=50, item=thing))
            case 26:
                journal.add(events.Counted(count=SESSION, place=place, item=thing, outcome="ok"))
            case 27:
                journal.add(events.Quarantined(items=(thing,), why="card"))
            case 28:
                journal.add(events.Released(items=(thing,)))
            case 29:
                journal.add(events.Graded(items=(thing,), grade="AB"[other % 2]))
                journal.add(events.ExpirySet(items=(thing,), month="2027-03"))
            case 30:
                journal.add(
                    events.BoxReceived(
                        session=SESSION, box=box, category="F1", place=place, quantity=2 + other % 5
                    )
                )
            case 32:
                journal.add(events.Contributed(session=SESSION, campaign=1 + what % 2, count=3))
            case 31:
                serial = len(self.items) + 500
                found = codes.serial_code(Kind.ITEM, "00AA", serial)
                self.items.append(found)
                journal.add(
                    events.FoundUnlabelled(count=SESSION, place=place, item=found, category="ZZ")
                )
            case 36:
                journal.add(events.Reserved(plan=plan, items=(thing,)))
            case 37:
                journal.add(events.Unreserved(items=(thing,)))
            case 38:
                journal.add(events.KitBuilt(box=box, kit="winter", items=(item,)))
            case 39:
                journal.add(events.KitBroken(box=box, items=(item,)))
            case 40 | 41:
                weighed = journal.written[-(1 + other % 20) :]
                journal.add(
                    events.Corrected(
                        items=(thing,),
                        status=("in_stock", "delivered", "sold", "missing")[what % 4],
                        why="seen",
                        place=place if other % 2 else None,
                        compared=tuple(event.id for event in weighed),
                    )
                )
            case 42 | 43:
                since = max(0, journal.offset + journal.mono - 1_000 * (other % 60))
                journal.add(events.PresumedMissing(count=SESSION, items=(thing,), since=since))
            case 44:
                journal.add(events.Priced(items=(thing,), price=50))
            case 46:
                opened = events.RecallOpened(recall=f"{1 + what % 3:016x}", gtin="06901234567892")
                journal.add(opened)
            case 47:
                journal.add(events.RecallClosed(recall=f"{1 + what % 3:016x}"))
            case 45:
                joined = events.CountJoined(count=SESSION, part="5e55000000000002")
                journal.add(joined)
            case _:
                if len(self.journals) < 4:
                    self.clones += 1
                    copied = journal.clone(f"clone {self.clones}")
                    if what % 2:
                        copied.start(reboot=True)
                    self.journals.append(copied)
