"""Processes that believe in another time: libfaketime, as an environment.

Only wall time is another one. The clocks that count since boot go on as they are, as they do on a
machine whose wall clock is stepped.
"""

import contextlib
import glob
from collections.abc import Mapping
from pathlib import Path
from typing import Final

INSTALL_LINE: Final = "sudo apt-get install --no-install-recommends faketime"
_LIBRARY: Final = "/usr/lib/*/faketime/libfaketimeMT.so.1"
_SHARED: Final = Path("/dev/shm")
_KINDS: Final = ("faketime_shm_", "sem.faketime_sem_")


class FakeTime:
    """A clock that a test sets, for every process that gets `environment`."""

    def __init__(self, file: Path, at: str) -> None:
        self._file: Final = file
        self.set(at)

    def set(self, at: str) -> None:
        """``@1970-01-01 00:00:10`` to begin there, ``+10y`` or ``-10y`` beside the real time.

        Replaced as a whole: processes read it at every look at their clock.
        """
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{at}\n", encoding="ascii")
        fresh.replace(self._file)

    def environment(self) -> Mapping[str, str]:
        """What such a process needs; AssertionError with the line to type where it is missing."""
        found = glob.glob(_LIBRARY)  # noqa: PTH207 - an absolute pattern
        assert found, f"libfaketime is not installed. Type / 请输入: {INSTALL_LINE}"
        return {
            "LD_PRELOAD": found[0],
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Else it corrects what a wait has as its end, and waits that end at once keep a core.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }


def sweep() -> None:
    """Takes away what libfaketime shares between a process and its children, named after the
    process, where that is gone: one that was killed could not."""
    for kind in _KINDS:
        for left in _SHARED.glob(f"{kind}*"):
            if not Path("/proc", left.name.removeprefix(kind)).exists():
                with contextlib.suppress(PermissionError):  # another user's
                    left.unlink(missing_ok=True)
