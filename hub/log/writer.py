"""The writer: the one thread, with the one connection, that changes the hub's database.

Messages and other people's changes queue up; the writer takes all that wait, up to a bound, into
one transaction (group commit: a COMMIT costs the same for one message as for sixty), and only
after its COMMIT do the answers leave. Then the projector runs in transactions of its own.

Each kiosk has a lane of its own in the queue (`hub.log.lanes`) and gets no more than a share of a
transaction, so that one which sends much delays nobody else. The queue is bounded: where all of it
is full, who posts waits, TCP passes that on to the broker, and kiosks resend. Nothing
that a message holds can end the thread: a group that fails is taken message by message, and the one
that fails alone is set aside. Where the database itself fails (disk full), the group is dropped
unanswered, which makes kiosks send it again, and ``healthy`` says no.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final, TypeAlias, TypeVar

from msgspec import Struct
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from contract import messages, topics
from contract.messages import Ack
from hub import postgresql
from hub.kiosks.outgoing import Send
from hub.log import recording
from hub.log.event_log import Fresh
from hub.log.ingest import Handled, Ingest, Message, sender
from hub.log.lanes import Bounds, Lanes, Share
from hub.projections import wishes
from hub.projections.projecting import Projecting
from hub.projections.projector import Projector
from hub.watchdog import WriterFacts

BOUNDS: Final = Bounds(lane_pieces=512, lane_bytes=4 * 1024 * 1024, bytes=48 * 1024 * 1024)
"""What may wait of one kiosk, and of all. A kiosk has at most 400 events without acknowledgement
under way (`kiosk.relay.WINDOW`), each in a message of its own if it must be: a lane has room for
these. Above the first bound `Writer.offer` refuses, above the second who
posts waits."""

SHARE: Final = Share(pieces=64, bytes=4 * 1024 * 1024, lane_pieces=16, lane_bytes=512 * 1024)
"""Bounds of one transaction: a kiosk waits for its acknowledgement until it is committed. Of one
kiosk it holds at most sixteen messages, or four full batches, so that all others wait no longer
than these take."""

CALLS: Final = ""
"""The lane of what people change; no kiosk has this name."""

IDLE_S: Final = 1.0
"""How long to wait for something in the queue before looking whether to stop."""

FOLLOW_S: Final = 0.05
"""The same where other processes write: how long theirs may wait."""

LOOK_MS: Final = 500
"""How often at most the reference data is read again because others changed something."""

REBUILD_S: Final = 3600.0
"""How long refolding everything may take, when another process asked for it."""

BACK_OFF_S: Final = 1.0
"""Pause after the database itself failed."""

T = TypeVar("T")
_log: Final = logging.getLogger(__name__)


class WriterStoppedError(RuntimeError):
    """The writer no longer takes anything."""


class _Call(Struct):
    change: Callable[[Connection], Any]
    future: "Future[Any]"
    allowed_s: float


_Request: TypeAlias = Message | _Call


class Writer:
    """See the module. ``publish`` is called from this thread, and so is ``announce``, after new
    reference data was published; ``now_ms`` is the hub's clock. Where the hub is several processes,
    those that only ingest have no ``projector``, and the one that projects ``follows`` what the
    others write."""

    def __init__(
        self,
        engine: Engine,
        ingest: Ingest,
        projector: Projector | None,
        publish: Callable[[Send], None],
        now_ms: Callable[[], int],
        announce: Callable[[], None] = lambda: None,
        *,
        follows: bool = False,
    ) -> None:
        self._announce: Final = announce
        self._engine: Final = engine
        self._ingest: Final = ingest
        self._projecting: Final = (
            Projecting(engine, projector, now_ms) if projector is not None else None
        )
        self._follows: Final = follows
        self._publish: Final = publish
        self._now_ms: Final = now_ms
        self._queue: Final[Lanes[_Request]] = Lanes(BOUNDS)
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="hub-writer", daemon=True)
        self._well = True
        self._turned = time.monotonic()
        self._allowed_s = 0.0
        self._unwell_since: float | None = None
        self._worked = False
        self._looked_ms = 0  # when the reference data was last read because others changed it
        self._behind = True  # rows may be waiting for the projector

    # --- from other threads ----------------------------------------------------------------

    def start(self) -> None:
        """Begin; first what an earlier run committed but did not project."""
        self._thread.start()

    def stop(self, timeout_s: float = 30.0) -> None:
        """Finish the group under way and end; what still waits is not done."""
        self._stopping.set()
        self._queue.close()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        self._refuse_waiting()

    @property
    def healthy(self) -> bool:
        """Whether the thread lives and the last thing it did worked."""
        return self._thread.is_alive() and self._well

    @property
    def facts(self) -> WriterFacts:
        """For the watchdog."""
        return WriterFacts(
            self._thread.is_alive(), self._turned, self._allowed_s, self._unwell_since
        )

    @property
    def waiting(self) -> int:
        """How many messages and calls are queued."""
        return len(self._queue)

    def post(self, message: Message) -> None:
        """Queue a message; waits while the queue is full, gives up when the writer stops."""
        self._put(message)

    def offer(self, message: Message) -> bool:
        """The same, but a message of a kiosk whose own lane is full is dropped at once: False. It
        has sent more than any kiosk has under way, and sends again what counts."""
        if self._queue.is_full(sender(message), len(message.payload)):
            return False
        self._put(message)
        return True

    def call(self, change: Callable[[Connection], T], timeout_s: float = 60.0) -> T:
        """Run ``change`` in a transaction of its own in the writer's thread; its result.

        Projections follow before this returns. Not from the writer's own thread.

        Raises:
            WriterStoppedError: it no longer takes anything.
            TimeoutError: not done in time (it may still be).
            Exception: whatever ``change`` raised; then nothing was changed.
        """
        future: Future[T] = Future()
        if not self._put(_Call(change, future, timeout_s)):
            raise WriterStoppedError("the writer has stopped")
        return future.result(timeout_s)

    def _put(self, request: _Request) -> bool:
        lane = sender(request) if isinstance(request, Message) else CALLS
        while not self._stopping.is_set():
            if not self._queue.put(lane, request, _size(request), timeout_s=0.5):
                continue
            if self._stopping.is_set() and not self._thread.is_alive():
                self._refuse_waiting()
            return True
        return False

    def _refuse_waiting(self) -> None:
        for request in self._queue.drain():
            if isinstance(request, _Call):
                request.future.set_exception(WriterStoppedError("the writer has stopped"))

    # --- the thread ------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._well = self._turn()
            except Exception:  # noqa: BLE001 - the thread's rim: it must outlive anything
                _log.exception("写入线程出错 / the writer met an error")
                self._well = False
            self._turned = time.monotonic()
            if self._well and self._worked:  # a turn with nothing to write proves nothing
                self._unwell_since = None
            elif not self._well and self._unwell_since is None:
                self._unwell_since = self._turned
            if not self._well:
                self._stopping.wait(BACK_OFF_S)

    def _turn(self) -> bool:
        if self._behind:
            if not self._project({}):
                return False
            self._behind = False
        well = self._follow() if self._follows else True
        self._worked = False
        waiting = _parts(self._queue.take(SHARE, FOLLOW_S if self._follows else IDLE_S))
        self._worked = bool(waiting)
        try:
            while waiting:
                part = waiting[0]
                if isinstance(part, _Call):
                    well = self._serve(part) and well
                else:
                    well = self._take(part) and well
                del waiting[0]
        except BaseException as error:
            for part in waiting:  # messages are sent again, but nobody asks twice for a call
                if isinstance(part, _Call) and not part.future.done():
                    part.future.set_exception(error)
            raise
        return well

    def _take(self, group: Sequence[Message]) -> bool:
        """Ingest a group in one transaction, answer, project; whether the database worked."""
        try:
            handled = self._commit(group)
        except OperationalError:
            _log.exception("数据库写入失败 / the database could not be written")
            return False
        except Exception:  # noqa: BLE001 - whatever a message provokes must not stop the others
            if len(group) > 1:
                results = [self._take([message]) for message in group]
                return all(results)
            _log.exception("一条消息无法处理 / a message could not be handled")
            handled = self._set_aside(group[0])
        self._answer(handled)
        fresh = {new.row: new for one in handled for new in one.fresh}
        if fresh and not self._project(fresh):
            self._behind = True
            return False
        return self._tell_campaigns()

    def _commit(self, group: Sequence[Message]) -> list[Handled]:
        now_ms = self._now_ms()
        try:
            with self._engine.begin() as connection:
                self._ingest.begin(connection, group)
                handled = [self._ingest.handle(connection, one, now_ms) for one in group]
                self._ingest.finish(connection, now_ms)
                return handled
        except BaseException:
            self._ingest.forget()
            raise

    def _set_aside(self, message: Message) -> list[Handled]:
        with self._engine.begin() as connection:
            self._ingest.set_aside(connection, message, "failed", self._now_ms())
        return []

    def _answer(self, handled: Sequence[Handled]) -> None:
        acks: dict[tuple[str, str], Ack] = {}
        for one in handled:
            if one.ack is not None:
                kiosk, ack = one.ack
                acks[kiosk, ack.epoch] = ack
            for send in one.sends:
                self._publish(send)
        for (kiosk, _), ack in acks.items():
            self._publish(Send(topics.down(kiosk, topics.ACK), messages.encode(ack)))

    def _serve(self, call: _Call) -> bool:
        with self._given(call.allowed_s):
            return self._serve_now(call)

    @contextlib.contextmanager
    def _given(self, allowed_s: float) -> Iterator[None]:
        """What is done inside may take so long."""
        self._progress()
        self._allowed_s = allowed_s
        try:
            yield
        finally:
            self._progress()
            self._allowed_s = 0.0

    def _progress(self) -> None:
        """Something was done."""
        self._turned = time.monotonic()

    def _serve_now(self, call: _Call) -> bool:
        try:
            with self._engine.begin() as connection:
                postgresql.lock_kiosks(connection, [recording.KIOSK])
                result = call.change(connection)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
            self._ingest.forget()
            if self._projecting is not None:
                self._projecting.forget()
            call.future.set_exception(error)
            return True
        self._ingest.changed()
        well = self._project({})
        call.future.set_result(result)
        return self._tell_reference() and well

    def _project(self, fresh: Mapping[int, Fresh]) -> bool:
        """Project all rows that wait; whether that worked."""
        return self._projecting is None or self._projecting.run(fresh, self._progress)

    def _tell_campaigns(self) -> bool:
        """Tell kiosks how far campaigns are; whether the database worked."""
        if self._projecting is None or not self._projecting.campaigns_moved():
            return True
        self._ingest.told_more()
        return self._tell_reference()

    def _follow(self) -> bool:
        """Do what other processes wrote for this one to do; whether the database worked."""
        try:
            with self._engine.begin() as connection:
                found = wishes.waiting(connection)
        except OperationalError:
            _log.exception("数据库读取失败 / the database could not be read")
            return False
        now_ms = self._now_ms()
        due = not self._looked_ms <= now_ms < self._looked_ms + LOOK_MS
        todo = {n: what for n, what in found.wishes.items() if due or what != wishes.LOOK}
        well = True
        if wishes.REBUILD in todo.values() and self._projecting is not None:
            with self._given(REBUILD_S):
                well = self._projecting.rebuild()
        if found.rows or todo:
            well = self._project({}) and self._tell_campaigns() and well
        if wishes.LOOK in todo.values():
            self._looked_ms = now_ms
            self._ingest.changed()
            well = self._tell_reference() and well
        if todo and well:
            with self._engine.begin() as connection:
                wishes.granted(connection, list(todo))
        return well

    def _tell_reference(self) -> bool:
        """Publish what a change made of the reference data, and the commands that it made; whether
        the database worked."""
        try:
            with self._engine.begin() as connection:
                sends = self._ingest.news(connection, self._now_ms())
                orders = self._ingest.orders(connection, self._now_ms())
        except Exception as error:  # noqa: BLE001 - the change is made; it is told with a hello
            self._ingest.forget()
            _log.exception("参考数据无法发布 / reference data could not be published")
            return not isinstance(error, OperationalError)
        for send in sends:
            self._publish(send)
        if sends:
            self._announce()
        for order in orders:
            self._publish(order)
        return True


def _size(request: _Request) -> int:
    return len(request.payload) if isinstance(request, Message) else 0


def _parts(requests: Sequence[_Request]) -> list[list[Message] | _Call]:
    """Runs of messages, and the calls between them, in the order in which they came."""
    parts: list[list[Message] | _Call] = []
    for request in requests:
        if isinstance(request, _Call):
            parts.append(request)
        else:
            last = parts[-1] if parts else None
            if isinstance(last, list):
                last.append(request)
            else:
                parts.append([request])
    return parts
