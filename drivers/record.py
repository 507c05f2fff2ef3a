"""``python -m drivers.record /dev/input/by-id/…``: writes what a scanner types, key by key.

For a bug report, or as a test of a scanner that nobody here has. The format is
docs/scanners.md's: a line of JSON about the device, then a line ``[sec, usec, type, code, value]``
for each event, as the kernel reports them. The device is grabbed meanwhile.

**A recording holds what was scanned.** Scan practice codes for it, never a card.
"""

from __future__ import annotations

import contextlib
import json
import select
import sys
from collections.abc import Iterator
from typing import Final, TextIO

from drivers.keymap import KeyEvent
from drivers.ports import DeviceError
from drivers.scanner_evdev import KeySource

FORMAT: Final = "yicang-keys-1"
_USAGE: Final = (
    "用法 / usage: python -m drivers.record /dev/input/by-id/…-event-kbd > scanner.jsonl"
)


def lines(path: str, source: KeySource) -> Iterator[str]:
    """The recording of the device at ``path``, line by line, until it is pulled out.

    Raises OSError or `DeviceError` when it cannot be had.
    """
    device = source(path)
    try:
        yield json.dumps({"format": FORMAT, "device": path})
        with contextlib.suppress(OSError):  # ENODEV: pulled out
            while True:
                select.select([device.fileno()], [], [])
                for event in device.read():
                    yield json.dumps(_fields(event))
    finally:
        device.close()


def _fields(event: KeyEvent) -> tuple[int, int, int, int, int]:
    return event.sec, event.usec, event.type, event.code, event.value


def main(arguments: list[str], out: TextIO) -> int:
    """The exit status: 0 when the device was pulled out or Ctrl-C pressed, 2 for a fault."""
    from drivers.evdev_source import open_grabbed

    if len(arguments) != 1:
        print(_USAGE, file=sys.stderr)
        return 2
    try:
        for line in lines(arguments[0], open_grabbed):
            print(line, file=out, flush=True)
    except (OSError, DeviceError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout))
