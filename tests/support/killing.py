"""Kills a process, as kill -9 does, right before the n-th thing it does to the disk.

Python tells its audit hooks of every file that is opened, renamed, linked or removed, and of every
process that is started, before it does it (`sys.addaudithook`). So nothing in what is tested has to
know of the test, and every step can be cut off in its middle.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

EFFECTS: Final = frozenset(
    {"os.rename", "os.symlink", "os.remove", "os.mkdir", "os.rmdir", "os.link", "shutil.rmtree",
     "os.chmod", "sqlite3.connect", "subprocess.Popen"}
)  # fmt: skip
FINISHED: Final = 0
FAILED: Final = 3


def run_until(effect: int, root: Path, work: Callable[[], None]) -> bool:
    """Runs ``work`` in a process of its own, which dies before its ``effect``-th effect below
    ``root``, from 1; False when it ended before there were so many.

    Raises:
        AssertionError: it ended with an error of its own.
    """
    child = os.fork()
    if child == 0:
        _in_child(effect, str(root), work)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == FINISHED, "it failed; see its traceback"
    return False


def _in_child(effect: int, root: str, work: Callable[[], None]) -> None:
    seen = 0

    def hook(event: str, found: tuple[Any, ...]) -> None:
        nonlocal seen
        if event == "open":
            writes = isinstance(found[2], int) and found[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if not writes:
                return
        elif event not in EFFECTS:
            return
        if not any(isinstance(one, (str, bytes, os.PathLike)) and root in os.fsdecode(one)
                   for one in found):  # fmt: skip
            return
        seen += 1
        if seen == effect:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.addaudithook(hook)
        work()
    except BaseException:  # noqa: BLE001 - a child must never go on as the parent
        traceback.print_exc()
        os._exit(FAILED)
    os._exit(FINISHED)
