"""The processes that the tests start by forking are processes as others are."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.processes import run, until
from tests.support.warm import Forked


@pytest.mark.parametrize("words", ["--version", "hub token --role bad", "hub user --help"])
def test_a_fork_says_what_a_process_that_starts_anew_says(words: str) -> None:
    warm, cold = run(*words.split()), run(*words.split(), cold=True)
    assert (warm.returncode, warm.stdout, warm.stderr) == (
        cold.returncode,
        cold.stdout,
        cold.stderr,
    )


def _kill(process: Forked) -> None:
    process.kill()


def _let_go(process: Forked) -> None:
    assert process.stdin is not None
    process.stdin.close()


@pytest.mark.parametrize(
    ("end", "status"),
    [(_kill, -signal.SIGKILL), (_let_go, -signal.SIGTERM)],
)
def test_a_fork_ends_when_it_is_killed_or_let_go(
    tmp_path: Path, end: Callable[[Forked], None], status: int
) -> None:
    log = tmp_path / "log"
    words = ("--lifeline", "broker", "--port", str(free_port()), "--data", str(tmp_path))
    with log.open("wb") as out:
        process = Forked(words, stdin=True, stdout=out, stderr=out)
    until("it has begun", lambda: (tmp_path / "broker").exists() or log.stat().st_size)
    assert process.poll() is None, log.read_text()
    end(process)
    assert process.wait(30) == status
    assert process.wait(0) == process.poll() == status
