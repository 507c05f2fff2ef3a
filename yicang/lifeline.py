"""The pipe that keeps a child from outliving its parent.

`yicang up` gives every child the reading end of a pipe as its standard input and never writes to
it. However the parent ends, kill -9 included, the kernel closes the writing end; the child reads
the end of the file and stops as if it had been asked to.
"""

import os
import signal
import threading
from typing import Final

GRACE_S: Final = 8.0
"""How long a child may take to stop by itself before it is cut off."""


def hold(descriptor: int = 0, *, grace_s: float = GRACE_S) -> threading.Thread:
    """Watches ``descriptor`` on a daemon thread; at its end this process gets SIGTERM.

    A process that has not stopped ``grace_s`` seconds later ends with status 1, whatever its
    other threads are doing: nobody is left who could wait for it.
    """

    def watch() -> None:
        while _read(descriptor):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(grace_s)
        os._exit(1)

    thread = threading.Thread(target=watch, name="lifeline", daemon=True)
    thread.start()
    return thread


def _read(descriptor: int) -> bytes:
    # os.read and not sys.stdin: no buffer whose lock a fork could inherit in a locked state.
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""  # a closed or broken lifeline is one that nobody holds any more
