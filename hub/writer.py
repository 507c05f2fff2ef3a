"""The writer: the one thread, with the one connection, that changes the hub's database.

Messages and other people's changes queue up; the writer takes all that wait, up to a bound, into
one transaction (group commit: a COMMIT costs the same for one message as for sixty), and only
after its COMMIT do the answers leave. Then the projector runs in transactions of its own.

The queue is bounded: who posts waits, TCP passes that on to the broker, and kiosks resend. Nothing
that a message holds can end the thread: a group that fails is taken message by message, and the one
that fails alone is set aside. Where the database itself fails (disk full), the group is dropped
unanswered, which makes kiosks send it again, and ``healthy`` says no.
"""

import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final, TypeAlias, TypeVar

from msgspec import Struct
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from contract import messages, topics
from contract.messages import Ack
from hub import incidents
from hub.db import DERIVED
from hub.event_log import Fresh, quarantine_key
from hub.incidents import Trouble
from hub.ingest import Handled, Ingest, Message
from hub.outgoing import Send
from hub.projector import GROUP, Projector, projected

QUEUE_MESSAGES: Final = 256
"""Messages that may wait; above that, who posts waits."""

GROUP_MESSAGES: Final = 64
GROUP_BYTES: Final = 4 * 1024 * 1024
"""Bounds of one transaction: a kiosk waits for its acknowledgement until it is committed."""

BACK_OFF_S: Final = 1.0
"""Pause after the database itself failed."""

T = TypeVar("T")
_log: Final = logging.getLogger(__name__)


class WriterStoppedError(RuntimeError):
    """The writer no longer takes anything."""


class _Call(Struct):
    change: Callable[[Connection], Any]
    future: "Future[Any]"


_Request: TypeAlias = Message | _Call | None


class Writer:
    """See the module. ``publish`` is called from this thread, and so is ``announce``, after new
    reference data was published; ``now_ms`` is the hub's clock."""

    def __init__(
        self,
        engine: Engine,
        ingest: Ingest,
        projector: Projector,
        publish: Callable[[Send], None],
        now_ms: Callable[[], int],
        announce: Callable[[], None] = lambda: None,
    ) -> None:
        self._announce: Final = announce
        self._engine: Final = engine
        self._derived: Final = engine.execution_options(**{DERIVED: True})
        self._ingest: Final = ingest
        self._projector: Final = projector
        self._publish: Final = publish
        self._now_ms: Final = now_ms
        self._queue: Final[queue.Queue[_Request]] = queue.Queue(QUEUE_MESSAGES)
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="hub-writer", daemon=True)
        self._well = True
        self._behind = True  # rows may be waiting for the projector

    # --- from other threads ----------------------------------------------------------------

    def start(self) -> None:
        """Begin; first what an earlier run committed but did not project."""
        self._thread.start()

    def stop(self, timeout_s: float = 30.0) -> None:
        """Finish the group under way and end; what still waits is not done."""
        self._stopping.set()
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)  # wakes it; a full queue wakes it as well
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        self._refuse_waiting()

    @property
    def healthy(self) -> bool:
        """Whether the thread lives and the last thing it did worked."""
        return self._thread.is_alive() and self._well

    @property
    def waiting(self) -> int:
        """How many messages and calls are queued."""
        return self._queue.qsize()

    def post(self, message: Message) -> None:
        """Queue a message; waits while the queue is full, gives up when the writer stops."""
        self._put(message)

    def call(self, change: Callable[[Connection], T], timeout_s: float = 60.0) -> T:
        """Run ``change`` in a transaction of its own in the writer's thread; its result.

        Projections follow before this returns. Not from the writer's own thread.

        Raises:
            WriterStoppedError: it no longer takes anything.
            TimeoutError: not done in time (it may still be).
            Exception: whatever ``change`` raised; then nothing was changed.
        """
        future: Future[T] = Future()
        if not self._put(_Call(change, future)):
            raise WriterStoppedError("the writer has stopped")
        return future.result(timeout_s)

    def _put(self, request: _Request) -> bool:
        while not self._stopping.is_set():
            try:
                self._queue.put(request, timeout=0.5)
            except queue.Full:
                continue
            if self._stopping.is_set() and not self._thread.is_alive():
                self._refuse_waiting()
            return True
        return False

    def _refuse_waiting(self) -> None:
        while True:
            try:
                request = self._queue.get_nowait()
            except queue.Empty:
                return
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
            if not self._well:
                self._stopping.wait(BACK_OFF_S)

    def _turn(self) -> bool:
        if self._behind:
            if not self._project({}):
                return False
            self._behind = False
        well = True
        waiting = _parts(self._drain())
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

    def _drain(self) -> list[_Request]:
        try:
            first = self._queue.get(timeout=1.0)
        except queue.Empty:
            return []
        requests = [first]
        size = _size(first)
        while len(requests) < GROUP_MESSAGES and size < GROUP_BYTES:
            try:
                request = self._queue.get_nowait()
            except queue.Empty:
                break
            requests.append(request)
            size += _size(request)
        return requests

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
        if self._projector.campaigns_moved:
            self._projector.campaigns_moved = False
            self._ingest.told_more()
            return self._tell_reference()
        return True

    def _commit(self, group: Sequence[Message]) -> list[Handled]:
        now_ms = self._now_ms()
        try:
            with self._engine.begin() as connection:
                self._ingest.begin(connection)
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
        try:
            with self._engine.begin() as connection:
                result = call.change(connection)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
            self._ingest.forget()
            self._projector.forget()
            call.future.set_exception(error)
            return True
        self._ingest.changed()
        well = self._project({})
        call.future.set_result(result)
        return self._tell_reference() and well

    def _tell_reference(self) -> bool:
        """Publish what a change made of the reference data; whether the database worked."""
        try:
            with self._engine.begin() as connection:
                sends = self._ingest.news(connection, self._now_ms())
        except Exception as error:  # noqa: BLE001 - the change is made; it is told with a hello
            self._ingest.forget()
            _log.exception("参考数据无法发布 / reference data could not be published")
            return not isinstance(error, OperationalError)
        for send in sends:
            self._publish(send)
        if sends:
            self._announce()
        return True

    # --- projecting ------------------------------------------------------------------------

    def _project(self, fresh: dict[int, Fresh]) -> bool:
        """Project all rows that wait; whether that worked."""
        try:
            while self._project_some(fresh, GROUP) == GROUP:
                pass
        except OperationalError:
            _log.exception("数据库写入失败 / the database could not be written")
            return False
        except Exception:  # noqa: BLE001 - one row must not hold up the others
            _log.exception("更新视图出错，逐条重试 / projecting failed, trying row by row")
            return self._project_singly()
        return True

    def _project_some(self, fresh: dict[int, Fresh], limit: int) -> int:
        try:
            with self._derived.begin() as connection:
                return self._projector.project(connection, fresh, self._now_ms(), limit)
        except BaseException:
            self._projector.forget()
            raise

    def _project_singly(self) -> bool:
        while True:
            try:
                if not self._project_some({}, 1):
                    return True
            except OperationalError:
                return False
            except Exception:  # noqa: BLE001 - this row is the one
                _log.exception("一条事件无法归入 / an event could not be projected")
                if not self._quarantine_oldest():
                    return False

    def _quarantine_oldest(self) -> bool:
        """Set the oldest waiting row aside; False when it was already, and is not to blame."""
        with self._engine.begin() as connection:
            row = connection.exec_driver_sql(
                "UPDATE event SET problem = 'fold-failed' WHERE problem IS NULL AND id ="
                " (SELECT id FROM event WHERE position > ? ORDER BY position LIMIT 1)"
                " RETURNING kiosk, epoch",
                (projected(connection),),
            ).first()
            if row is None:
                return False
            kiosk, epoch = row
            detail = {"epoch": epoch, "why": "fold-failed"}
            key = quarantine_key(kiosk, epoch, "fold-failed")
            trouble = Trouble(key, "quarantined", epoch, kiosk, detail, 1)
            incidents.note(connection, trouble, self._now_ms())
        return True


def _size(request: _Request) -> int:
    return len(request.payload) if isinstance(request, Message) else 0


def _parts(requests: Sequence[_Request]) -> list[list[Message] | _Call]:
    """Runs of messages, and the calls between them, in the order in which they came."""
    parts: list[list[Message] | _Call] = []
    for request in requests:
        if isinstance(request, _Call):
            parts.append(request)
        elif request is not None:
            last = parts[-1] if parts else None
            if isinstance(last, list):
                last.append(request)
            else:
                parts.append([request])
    return parts
