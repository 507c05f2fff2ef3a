"""The desk for tasks of the hub: takes each once, has one at a time done, tells what became of it.

`kiosk.commands` has decided that it may be taken, `kiosk.tasks.store` remembers, an
`kiosk.tasks.step.Action` does it. Donors come first: what would disturb them waits until every lane
rests, and expires rather than come late.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from msgspec import structs

from contract import topics
from contract.messages import Command, CommandState, FilePart, Reply, encode
from kiosk.clock import LearntClock
from kiosk.journal import Journal
from kiosk.tasks.outbox import Outbox
from kiosk.tasks.step import INTERRUPTED, Action, Step, failed
from kiosk.tasks.store import Task

log = logging.getLogger(__name__)

MAX_WAITING: Final = 16
LOOK_MS: Final = 100
"""How often a task that goes on is looked at."""


class Publisher(Protocol):
    """What the desk needs of the MQTT client."""

    def publish(self, topic: str, payload: bytes) -> None: ...


class TaskDesk:
    """Called by the loop's thread only. ``serving``: somebody at a lane is being served. What
    writes raises `JournalError`; the task was not taken then, or is tried again."""

    def __init__(
        self,
        kiosk: str,
        journal: Journal,
        clock: LearntClock,
        link: Publisher,
        actions: Mapping[str, Action],
        outbox: Outbox,
        serving: Callable[[], bool],
    ) -> None:
        self._kiosk: Final = kiosk
        self._store: Final = journal.tasks
        self._clock: Final = clock
        self._link: Final = link
        self._actions: Final = actions
        self._outbox: Final = outbox
        self._serving: Final = serving
        self._look_at = 0
        for task in list(self._store.open.values()):
            if task.state is CommandState.RUNNING:
                action = actions.get(task.command.name)
                step = INTERRUPTED if action is None else action.resume(task.command, task.mark)
                self._note(task, step)

    @property
    def names(self) -> frozenset[str]:
        """The commands that can be carried out here."""
        return frozenset(self._actions)

    @property
    def full(self) -> bool:
        """Whether no more are taken now."""
        return len(self._store.open) >= MAX_WAITING

    def find(self, command: str) -> Task | None:
        """The task with this id, if it was ever taken."""
        return self._store.find(command)

    def take(self, command: Command) -> None:
        """It is to be done."""
        self.tell(self._store.take(command))
        self._look_at = 0

    def cancel(self, task: Task) -> None:
        """It is not begun any more; what goes on goes on."""
        if task.state is CommandState.ACCEPTED:
            self._note(task, Step(CommandState.CANCELLED))

    def next_deadline(self) -> int | None:
        """When there is something to look at, in monotonic milliseconds."""
        return self._look_at if self._store.open else None

    def tick(self) -> None:
        """Ends what has expired, goes on with what goes on, begins the next."""
        now = self._clock.mono()
        if not self._store.open or now < self._look_at:
            return
        self._look_at = now + LOOK_MS
        wall = self._clock.trusted_wall()
        for task in list(self._store.open.values()):
            if task.state is CommandState.RUNNING:
                step = self._actions[task.command.name].look(task.command)
                self._tell_news(task, step)
                return
        for task in list(self._store.open.values()):
            if wall is None:
                return
            if task.command.expires <= wall:
                self._tell_news(task, Step(CommandState.EXPIRED))
            elif self._begin(task):
                return
        if wall is not None and not self._store.open:
            self._store.forget(wall)

    def _begin(self, task: Task) -> bool:
        action = self._actions.get(task.command.name)
        if action is None:
            self._tell_news(task, failed("not-supported"))
            return True
        if action.waits_for_rest and self._serving():
            self._tell_news(task, Step(CommandState.ACCEPTED, "serving"))
            return False
        self._store.begin(task, action.mark())
        log.info("carrying out %s %s", task.command.name, task.id)
        self.tell(task)
        self._tell_news(task, action.begin(task.command))
        return True

    def _tell_news(self, task: Task, step: Step) -> None:
        before = (task.state, task.detail, task.checks)
        if before != (step.state, step.detail, step.checks) or step.file is not None:
            self._note(task, step)
            self.tell(task)

    def _note(self, task: Task, step: Step) -> None:
        if step.file is not None:
            try:
                self._outbox.put(task.id, step.file)
            except OSError as error:
                log.error("a file for the hub cannot be kept: %s", error.strerror)
                step = failed("no-disk")
        self._store.note(task, step)
        if task.is_final:
            log.info("%s %s: %s %s", task.command.name, task.id, task.state, task.detail)

    def tell(self, task: Task) -> None:
        """The hub hears how far it is, and has what it asked for."""
        reply = Reply(
            task.id,
            ok=task.state not in (CommandState.FAILED, CommandState.REFUSED),
            detail=task.detail,
            state=task.state,
            checks=task.checks,
        )
        if not task.file or task.state is not CommandState.DONE:
            self._answer(reply)
            return
        parts = self._parts(task)
        if not parts:
            self._answer(structs.replace(reply, ok=False, state="failed", detail="forgotten"))
        for part in parts:
            last = part.index == part.parts - 1
            state = reply.state if last else CommandState.RUNNING
            self._answer(structs.replace(reply, state=state, file=part))

    def _parts(self, task: Task) -> list[FilePart]:
        try:
            return list(self._outbox.parts(task.id, task.file))
        except OSError as error:
            log.error("a file for the hub cannot be read: %s", error.strerror)
            return []

    def _answer(self, reply: Reply) -> None:
        self._link.publish(topics.up(self._kiosk, topics.REPLY), encode(reply))
