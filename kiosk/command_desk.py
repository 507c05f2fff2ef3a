"""The desk for commands of the hub: takes them once, and tells what becomes of them.

`kiosk.commands` decides, `kiosk.command_store` remembers, `kiosk.paper_desk` prints; what is not
printing of labels goes on to `kiosk.tasks.desk`. What is told here is the store's word: a reply
that is lost is asked for again by the same command.
"""

import logging
from collections.abc import Callable
from typing import Final, Protocol

from contract import topics
from contract.events import LabelReprinted
from contract.messages import Command, CommandState, Reply, encode
from kiosk.clock import LearntClock
from kiosk.command_store import Taken
from kiosk.commands import Cancel, Do, Facts, Print, Refuse, Wait, decide
from kiosk.journal import Journal
from kiosk.state import Draft
from kiosk.tasks.desk import TaskDesk

log = logging.getLogger(__name__)

TELL_MS: Final = 1_000
"""How often at most the hub hears how far one command is."""
MAX_EARLY: Final = 16
"""Commands that wait for somebody to tell the time; the hub sends them again anyhow."""


class Publisher(Protocol):
    """What the desk needs of the MQTT client."""

    def publish(self, topic: str, payload: bytes) -> None: ...


class CommandDesk:
    """Called by the loop's thread only. ``hindrance`` says why no label can be printed now, as a
    machine word (empty: nothing hinders). What writes raises `JournalError`; the command was not
    taken then, and the hub sends it again."""

    def __init__(
        self,
        kiosk: str,
        journal: Journal,
        clock: LearntClock,
        link: Publisher,
        hindrance: Callable[[], str] = str,
        tasks: TaskDesk | None = None,
    ) -> None:
        self._kiosk: Final = kiosk
        self._journal: Final = journal
        self._clock: Final = clock
        self._link: Final = link
        self._hindrance: Final = hindrance
        self._tasks: Final = tasks
        self._early: Final[dict[str, Command]] = {}
        self._watched: Final[dict[str, Taken]] = dict(journal.commands.open)
        self._told: Final[dict[str, tuple[Reply, int]]] = {}

    def heard(self, command: Command) -> None:
        """The hub says that something is to be done, or asks what became of it."""
        known = self._journal.commands.find(command.id)
        if known is not None:
            self._tell(known)
            return
        task = self._tasks.find(command.id) if self._tasks is not None else None
        if self._tasks is not None and task is not None:
            self._tasks.tell(task)
            return
        decision = decide(command, self._facts())
        match decision:
            case Wait():
                if len(self._early) < MAX_EARLY:
                    self._early[command.id] = command
            case Refuse(state, detail):
                log.warning("a command is not carried out: %s %s", state, detail)
                self._answer(Reply(command.id, ok=False, detail=detail, state=state))
            case Do():
                assert self._tasks is not None
                self._tasks.take(command)
            case Print(labels, again):
                drafts = [Draft(LabelReprinted(item=one.item)) for one in labels if again]
                taken = self._journal.take_command(
                    command.id, command.expires, labels, drafts=drafts
                )
                self._watched[taken.id] = taken
                self._tell(taken)
            case Cancel(of):
                self._cancel(of, command)

    def _facts(self) -> Facts:
        journal = self._journal
        return Facts(
            self._clock.trusted_wall(),
            journal.knowledge.item_facts,
            journal.commands.printed,
            journal.commands.waiting(),
            self._tasks.names if self._tasks is not None else frozenset(),
            self._tasks is not None and self._tasks.full,
        )

    def _cancel(self, of: str, command: Command) -> None:
        self._early.pop(of, None)
        task = self._tasks.find(of) if self._tasks is not None else None
        if self._tasks is not None and task is not None:
            self._tasks.cancel(task)
            self._tasks.tell(task)
            self._answer(Reply(command.id, ok=True, state=CommandState.DONE))
            return
        found = self._journal.commands.find(of)
        if found is None:
            # It may still be on its way: known by its id, it is not carried out.
            found = self._journal.take_command(
                of, command.expires, (), ending=CommandState.CANCELLED
            )
        elif not found.is_final and not found.ending:
            self._journal.commands.end(found, CommandState.CANCELLED)
        self._tell(found)
        self._answer(Reply(command.id, ok=True, state=CommandState.DONE))

    def next_deadline(self) -> int | None:
        """When a task is to be looked at, in monotonic milliseconds."""
        return self._tasks.next_deadline() if self._tasks is not None else None

    def tick(self) -> None:
        """Decides what had to wait for the time, ends what has expired, tells what is new."""
        if self._tasks is not None:
            self._tasks.tick()
        if not self._early and not self._watched:
            return
        wall = self._clock.trusted_wall()
        if wall is not None:
            for command in list(self._early.values()):
                self.heard(command)
                del self._early[command.id]
            for one in list(self._journal.commands.open.values()):
                if one.expires <= wall and not one.ending:
                    self._journal.commands.end(one, CommandState.EXPIRED)
        now = self._clock.mono()
        for one in list(self._watched.values()):
            reply, at = self._told.get(one.id, (None, -TELL_MS))
            news = self._reply(one)
            if news != reply and (one.is_final or now >= at + TELL_MS):
                self._tell(one)
            if one.is_final:
                del self._watched[one.id]
                self._told.pop(one.id, None)
                if wall is not None:
                    self._journal.commands.forget(wall)

    def _tell(self, one: Taken) -> None:
        reply = self._reply(one)
        if one.id in self._watched:
            self._told[one.id] = (reply, self._clock.mono())
        self._answer(reply)

    def _reply(self, one: Taken) -> Reply:
        waits = self._hindrance() if not one.is_final else ""
        return Reply(
            one.id,
            ok=one.state is not CommandState.FAILED,
            detail=one.detail or waits,
            state=one.state,
            printed=one.printed,
            left=one.left,
            doubtful=one.doubtful,
        )

    def _answer(self, reply: Reply) -> None:
        self._link.publish(topics.up(self._kiosk, topics.REPLY), encode(reply))
