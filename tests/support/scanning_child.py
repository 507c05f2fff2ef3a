"""A process that scans until it is killed, and says what was saved right after each commit.

``python -m tests.support.scanning_child DIRECTORY``; each line is the id of the head and the item
codes that the turn issued.
"""

import itertools
import secrets
import sys
from pathlib import Path

from kiosk.inputs import Scan
from kiosk.state import LabelJob
from tests.support.journals import Home
from tests.support.lanes import ANN, CLOTHES, FINISH, HELP, TOYS, UNDO, times

SCANS: tuple[Scan, ...] = (CLOTHES, times(3), TOYS, UNDO, HELP, FINISH, ANN, TOYS, FINISH)


def main(directory: Path) -> None:
    """Never returns."""
    kiosk = Home(directory).open(secrets.token_hex(8))
    for number, scan in enumerate(itertools.cycle(SCANS)):
        outcome = kiosk.scan(scan, lane=f"lane-{number % 3}")
        stream = kiosk.journal.streams.current
        codes = [job.item for job in outcome.jobs if isinstance(job, LabelJob)]
        print(stream.epoch, stream.head, stream.hash, *codes, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
