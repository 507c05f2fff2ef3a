"""Starts stages in order, keeps them running, ends them in reverse order.

One thread decides. Signals and the ends of children arrive in one inbox, a `SimpleQueue`, whose
``put`` may be called from a signal handler at any instant. A stage that does not become ready in
time, or ends before, ends the whole start: nothing is left half started. A stage that ends later
is started again, at first at once, then after growing pauses.
"""

import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Final, NamedTuple

from drivers.ports import Words
from yicang.children import Process
from yicang.terminal import Terminal

POLL_S: Final = 0.05
PATIENCE_S: Final = 10.0
"""After so long without being ready a line says that we are still waiting."""

STOP_S: Final = 10.0
"""How long a child may take to stop before it is killed."""

STABLE_S: Final = 60.0
"""A child that ran so long has recovered: its next pause is the shortest again."""

BACKOFF_S: Final = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)


class Asked(NamedTuple):
    """A signal that asks us to stop."""

    signal: int


class Ended(NamedTuple):
    """A child ended; ``status`` is negative for a signal."""

    name: str
    status: int


Event = Asked | Ended


class Stage(NamedTuple):
    """A child, what it is called, how its readiness shows, and in how many seconds at most."""

    process: Process
    called: Words
    ready: Callable[[], bool]
    deadline_s: float


class Supervisor:
    """Runs ``stages``; ``inbox`` gets `Asked` and `Ended` from outside."""

    def __init__(
        self, stages: Sequence[Stage], terminal: Terminal, inbox: "SimpleQueue[Event]"
    ) -> None:
        self._stages: Final = {stage.process.name: stage for stage in stages}
        self._terminal: Final = terminal
        self._inbox: Final = inbox
        self._started_at: Final[dict[str, float]] = {}
        self._failures: Final[dict[str, int]] = {}
        self._restart_at: Final[dict[str, float]] = {}

    def run(self, on_ready: Callable[[], None]) -> int:
        """Until somebody asks for the end; the exit status: 0, 2 when a child refused its
        environment, 1 for any other failure to start. No child is left when it returns."""
        try:
            status = self._start_all()
            if status is None:
                on_ready()
                self._watch()
                status = 0
        finally:
            self._stop_all()
        return status

    # --- starting --------------------------------------------------------------------------

    def _start_all(self) -> int | None:
        """None when all are ready, else the exit status: 0 when somebody asked for the end."""
        for name, stage in self._stages.items():
            called = stage.called
            self._terminal.say(Words(zh=f"正在启动{called.zh}……", en=f"starting {called.en} ..."))
            self._start(name)
            outcome = self._wait_ready(stage)
            if outcome is None:
                continue
            if isinstance(outcome, Asked):
                return 0
            self._terminal.fault(
                Words(
                    zh=f"{called.zh}没有启动成功，日志最后几行：",
                    en=f"{called.en} did not start; the last lines of its log:",
                )
            )
            for line in stage.process.tail():
                self._terminal.warn(f"    {line}")
            return 2 if outcome.status == 2 else 1
        return None

    def _start(self, name: str) -> None:
        self._started_at[name] = time.monotonic()
        self._stages[name].process.start()

    def _wait_ready(self, stage: Stage) -> Event | None:
        """None when it is ready; else why not. A deadline passed counts as an end with 1."""
        deadline = time.monotonic() + stage.deadline_s
        patience = time.monotonic() + PATIENCE_S
        name = stage.process.name
        while (now := time.monotonic()) < deadline:
            if now > patience:
                patience = now + PATIENCE_S
                called = stage.called
                self._terminal.say(
                    Words(zh=f"{called.zh}还在启动……", en=f"{called.en} is still starting ...")
                )
            event = self._next_event(POLL_S)
            if isinstance(event, Asked) or (event is not None and event.name == name):
                return event
            if event is not None:  # one that is already up: it is watched like any other later
                self._on_end(event)
            self._restart_due()
            if stage.ready():
                return None
        return Ended(name, 1)

    # --- running ---------------------------------------------------------------------------

    def _watch(self) -> None:
        while True:
            event = self._next_event(self._pause())
            if isinstance(event, Asked):
                return
            if event is not None:
                self._on_end(event)
            self._restart_due()

    def _next_event(self, timeout_s: float | None) -> Event | None:
        try:
            return self._inbox.get(timeout=timeout_s)
        except Empty:
            return None

    def _pause(self) -> float | None:
        if not self._restart_at:
            return None
        return max(0.0, min(self._restart_at.values()) - time.monotonic())

    def _on_end(self, event: Ended) -> None:
        now = time.monotonic()
        if now - self._started_at[event.name] >= STABLE_S:
            self._failures[event.name] = 0
        failures = self._failures.get(event.name, 0)
        self._failures[event.name] = failures + 1
        pause = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
        self._restart_at[event.name] = now + pause
        called = self._stages[event.name].called
        how = _how_it_ended(event.status)
        self._terminal.fault(
            Words(
                zh=f"{called.zh}意外停止（{how.zh}），{pause:g} 秒后重新启动",
                en=f"{called.en} ended ({how.en}); starting it again in {pause:g} s",
            )
        )

    def _restart_due(self) -> None:
        now = time.monotonic()
        for name in [name for name, at in self._restart_at.items() if at <= now]:
            del self._restart_at[name]
            try:
                self._start(name)
            except OSError as error:  # no process or memory left just now
                self._on_end(Ended(name, error.errno or 1))

    # --- stopping --------------------------------------------------------------------------

    def _stop_all(self) -> None:
        self._restart_at.clear()
        for stage in reversed(self._stages.values()):
            if not stage.process.wait(0):
                called = stage.called
                self._terminal.say(
                    Words(zh=f"正在停止{called.zh}……", en=f"stopping {called.en} ...")
                )
                stage.process.terminate()
                self._wait_stopped(stage.process)

    def _wait_stopped(self, process: Process) -> None:
        deadline = time.monotonic() + STOP_S
        while not process.wait(POLL_S):
            if time.monotonic() > deadline or self._asked_again():
                for stage in self._stages.values():
                    stage.process.kill()
                process.wait(STOP_S)
                return

    def _asked_again(self) -> bool:
        while True:
            try:
                event = self._inbox.get_nowait()
            except Empty:
                return False
            if isinstance(event, Asked):
                return True


def _how_it_ended(status: int) -> Words:
    if status < 0:
        return Words(zh=f"信号 {-status}", en=f"signal {-status}")
    return Words(zh=f"状态 {status}", en=f"status {status}")
