"""``python -m bench [NAME]...``: runs the named measurements, or all of them.

Each prints ratios taken in one run, ours and the floor by turns: a machine's own speed, which
changes from minute to minute, cancels out.
"""

import argparse
import importlib
import os
import platform
import sqlite3
import sys
from pathlib import Path
from typing import Final

BENCHES: Final = {
    "scan": ("bench.scan", "scan to green against a bare commit on the same disk"),
    "label": ("bench.label", "an item label over a serial line against a bare write of its bytes"),
    "board": (
        "bench.board",
        "a whole kiosk: start, memory, idle and a scan against bare libraries",
    ),
    "ingest": ("bench.ingest", "hub ingest through Mosquitto against the SQLite floor"),
    "pages": ("bench.pages", "every page of the hub against an empty Flask page"),
}
"""Name -> (module with ``run() -> bool``, what it measures). A module is loaded only to run."""


def machine() -> str:
    """What the numbers were taken on, in one line."""
    cores = os.cpu_count()
    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return (
        f"{model}, {cores} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def main(arguments: list[str]) -> int:
    """Run; 0 when every measurement reached its goal."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    wanted = parser.parse_args(arguments).names or list(BENCHES)
    unknown = [name for name in wanted if name not in BENCHES]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there is {', '.join(BENCHES)}")
    print(machine())
    reached = True
    for name in wanted:
        module, what = BENCHES[name]
        print(f"\n{name}: {what}", flush=True)
        reached = importlib.import_module(module).run() and reached
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
