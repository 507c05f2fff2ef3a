"""A kiosk's journal without the kiosk: consecutive events, chained as a real one chains them.

A start opens an epoch that names the last event before it; a boot has its own monotonic clock and
learns the time, or does not. What was written waits in the outbox until `send` makes messages of
it, as the kiosk's relay would: batches of one epoch's consecutive lines.
"""

import random
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Raw

from contract import batches, codes, events, messages, topics
from contract.codes import BLOCK, BLOCKS_PER_PREFIX, Kind
from hub.log.ingest import Message

BOOT_MS: Final = 40_000
"""From the kernel's start to a kiosk's first event."""

BATCH_EVENTS: Final = 100
SOFTWARE: Final = "0.1.0"


class Journal:
    """See the module. Times given are true Unix milliseconds; a boot that never learns them writes
    what a machine without a battery believes."""

    def __init__(self, kiosk: str, prefix: str, rng: random.Random) -> None:
        self.kiosk: Final = kiosk
        self.prefix: Final = prefix
        self._rng: Final = rng
        self._journal = self._hex(8)
        self._blocks: set[int] = set()
        self._serial = 0
        self._prev = events.ZERO_HASH
        self._epoch: str | None = None
        self._boot = ""
        self._boot_at_ms = 0
        self._clock = True
        self._seq = 0
        self._outbox: list[events.Event] = []
        self.at_ms = 0
        """When the last event happened."""
        self.written = 0
        """Events of this journal so far."""

    # --- starts ------------------------------------------------------------------------------

    def start(self, at_ms: int, *, clock: bool = True, reboot: bool = True) -> None:
        """The process starts, and with ``reboot`` the machine; ``clock``: it learns the time."""
        before, self._epoch = self._epoch, self._hex(8)
        if reboot or not self._boot:
            self._boot, self._boot_at_ms, self._clock = self._hex(16), at_ms - BOOT_MS, clock
        self._seq = 0
        self._take_block()
        opened = events.EpochOpened(
            journal=self._journal, prefix=self.prefix, prev_epoch=before, software=SOFTWARE
        )
        learns, self._clock = self._clock, False
        self.write(opened, at_ms)
        self._clock = learns
        if learns:
            learnt = events.ClockLearned(offset=self._boot_at_ms, source="welcome")
            self.write(learnt, at_ms + 1_500)

    def copy(self) -> "Journal":
        """What somebody has who copied this kiosk's memory card now: the same past and prefix."""
        twin = Journal(self.kiosk, self.prefix, self._rng)
        twin._journal, twin._prev, twin._epoch = self._journal, self._prev, self._epoch
        twin._blocks = set(self._blocks)
        twin.at_ms = self.at_ms
        return twin

    def _take_block(self) -> None:
        block = self._rng.randrange(BLOCKS_PER_PREFIX)
        while block in self._blocks:
            block = self._rng.randrange(BLOCKS_PER_PREFIX)
        self._blocks.add(block)
        self._serial = block * BLOCK

    # --- writing -----------------------------------------------------------------------------

    def code(self, kind: Kind = Kind.ITEM) -> str:
        """A new code of this journal."""
        self._serial += 1
        if self._serial % BLOCK == 0:
            self._take_block()
        return codes.serial_code(kind, self.prefix, self._serial)

    def session(self) -> str:
        """A new session's name."""
        return self._hex(8)

    def write(
        self,
        body: events.Body,
        at_ms: int,
        *,
        person: str | None = None,
        family: str | None = None,
        lane: str = "lane-1",
    ) -> events.Event:
        """Append what happened at ``at_ms``, or right after what happened before it."""
        public = self._frame(body, at_ms, lane)
        private = events.Private(person, family)
        event = events.encode(public, private, prev=self._prev, salt=self._rng.randbytes(16))
        return self._append(event)

    def write_unknown(self, body_type: str, at_ms: int) -> events.Event:
        """Append an event of a type that a later release may bring; this one cannot read it."""
        public = self._frame(events.HelpWanted(), at_ms, "lane-1")
        frame = {**msgspec.to_builtins(public), "body": {"type": body_type}}
        parts = Raw(msgspec.json.encode(frame)), Raw(b"{}")
        salt = self._hex(16)
        raw = msgspec.json.encode(events.Line(self._prev, salt, *parts))
        digest = events.chain_hash(self._prev, salt, *map(bytes, parts))
        return self._append(events.Event(raw, self._prev, digest, public, events.Private()))

    def _frame(self, body: events.Body, at_ms: int, lane: str) -> events.Public:
        self.at_ms = at_ms = max(at_ms, self.at_ms + 400)
        self._seq += 1
        mono = at_ms - self._boot_at_ms
        assert self._epoch is not None, "a journal is written from its first start on"
        return events.Public(
            v=events.VERSION,
            kiosk=self.kiosk,
            epoch=self._epoch,
            seq=self._seq,
            boot=self._boot,
            mono=mono,
            wall=at_ms if self._clock else mono,
            clock=self._clock,
            lane=lane,
            body=body,
        )

    def _append(self, event: events.Event) -> events.Event:
        self._prev = event.hash
        self._outbox.append(event)
        self.written += 1
        return event

    @property
    def boot(self) -> str:
        """The machine's boot."""
        return self._boot

    @property
    def knows_time(self) -> bool:
        """Whether this boot learnt the time."""
        return self._clock

    def uptime_s(self, now_ms: int) -> int:
        """Seconds since the boot."""
        return max(0, now_ms - self._boot_at_ms) // 1000

    # --- sending -----------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many events wait to be sent."""
        return len(self._outbox)

    def send(self) -> list[Message]:
        """Everything that waits, as messages; the outbox is empty then."""
        outbox, self._outbox = self._outbox, []
        return [
            self.message([event.raw for event in run], run[0].public, run[-1].hash)
            for run in _runs(outbox)
        ]

    def send_damaged(self) -> list[Message]:
        """Everything that waits, one line of which a failing card has damaged."""
        run = _runs(self._outbox)[-1]
        sent = self.send()[:-1]
        lines = [event.raw for event in run]
        at = len(lines) // 2
        lines[at] = lines[at][: len(lines[at]) // 2] + b"\0\0"
        return [*sent, self.message(lines, run[0].public, run[-1].hash)]

    def lose_waiting(self) -> Message:
        """What waits is lost with the disk it was on: the hello that tells the hub not to wait.
        The journal must go on in the same epoch."""
        self._outbox.clear()
        follow = self.write(events.RollChanged(role="label"), self.at_ms + 60_000)
        public = follow.public
        kept = messages.Kept(public.epoch, public.seq, public.seq, follow.hash)
        return self.hello((kept,))

    def hello(self, kept: Sequence[messages.Kept] = ()) -> Message:
        """What the kiosk says when it connects; it names its newest event unless told otherwise."""
        assert self._epoch is not None, "a journal says hello from its first start on"
        if not kept and self._seq:
            kept = (messages.Kept(self._epoch, 1, self._seq, self._prev),)
        hello = messages.Hello(self._hex(8), tuple(kept), SOFTWARE, self._journal)
        return Message(topics.up(self.kiosk, topics.HELLO), messages.encode(hello), {})

    def message(self, lines: Sequence[bytes], first: events.Public, last_hash: str) -> Message:
        """A batch of these consecutive lines; ``first`` is the first one's public part."""
        header = batches.Header(first.epoch, first.seq, len(lines), last_hash)
        return Message(
            topics.up(self.kiosk, topics.EVENTS),
            batches.encode(header, lines),
            dict(batches.properties(header)),
        )

    def _hex(self, size: int) -> str:
        return self._rng.randbytes(size).hex()


def _runs(outbox: Iterable[events.Event]) -> list[list[events.Event]]:
    """Stretches of one epoch that fit into a batch."""
    runs: list[list[events.Event]] = []
    size = 0
    for event in outbox:
        run = runs[-1] if runs else None
        size += len(event.raw) + 1
        if (
            run is None
            or len(run) >= BATCH_EVENTS
            or run[-1].public.epoch != event.public.epoch
            or size > batches.MAX_BATCH_BYTES - 256
        ):
            runs.append([event])
            size = len(event.raw) + 1
        else:
            run.append(event)
    return runs
