"""A child ends when whoever holds its lifeline does, however that happens."""

import subprocess
import sys

import pytest

CHILD = """
import signal, sys, threading
from yicang import lifeline
{handler}
lifeline.hold(grace_s={grace_s})
print("ready", flush=True)
threading.Event().wait()
"""


def child(handler: str = "", grace_s: float = 30.0) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD.format(handler=handler, grace_s=grace_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def test_it_is_asked_to_stop_when_the_lifeline_is_let_go() -> None:
    process = child("signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))")
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 7


def test_it_is_cut_off_when_it_does_not_stop() -> None:
    process = child("signal.signal(signal.SIGTERM, signal.SIG_IGN)", grace_s=0.2)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 1


def test_it_lives_while_the_lifeline_is_held_whatever_is_written_to_it() -> None:
    process = child()
    assert process.stdin is not None
    process.stdin.write(b"x" * 100_000)
    process.stdin.flush()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    process.kill()
    process.wait()


PARENT = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE).wait()
"""


def test_a_parent_that_is_killed_takes_its_child_along() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD.format(handler="", grace_s=30)],
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"ready\n"
    parent.kill()
    parent.wait(10)
    # The child has this pipe too: its end comes when the child is gone, and not before.
    assert parent.stdout.read() == b""
