"""The floors of `bench.board`: what the libraries alone cost, each in a process of its own.

``python -m bench.board_floor imports`` loads what every kiosk loads, says so with one byte and
sleeps; ``waits`` also sleeps in the places where a kiosk's threads sleep; ``commits SCANNER
PRINTER DATABASE`` takes a line from one serial line, commits a row of an event's size, and writes
a label's bytes to the other. Each ends when its standard input does.
"""

import os
import queue
import secrets
import select
import sqlite3
import sys
import threading
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import paho.mqtt.client

LINE_BYTES: Final = 420
"""An event's line."""
LABEL_BYTES: Final = 1_703
"""A label in one language for a printer that draws by itself."""
LOOK_S: Final = 1.0
"""How long the scanner's, MQTT's and the loop's thread sleep at most."""
STATUS_S: Final = 5.0
"""The same of a printer's."""


def say_ready() -> None:
    """One byte to whoever measures."""
    os.write(sys.stdout.fileno(), b"r")


def imports() -> None:
    """Sleeps with the libraries loaded."""
    assert msgspec.json.encode(sqlite3.sqlite_version)
    assert paho.mqtt.client.MQTTv5
    say_ready()
    select.select([sys.stdin], [], [])


def waits() -> None:
    """Sleeps in the places where a kiosk's threads sleep: two in ``select``, two at a queue."""

    def selects() -> None:
        end, _ = os.pipe()
        while True:
            select.select([end], [], [], LOOK_S)

    def looks(patience_s: float) -> None:
        inputs: queue.SimpleQueue[None] = queue.SimpleQueue()
        while True:
            try:
                inputs.get(timeout=patience_s)
            except queue.Empty:
                continue

    def start(task: Callable[[], None]) -> None:
        threading.Thread(target=task, daemon=True).start()

    start(selects)
    start(selects)
    start(lambda: looks(STATUS_S))
    start(lambda: looks(LOOK_S))
    imports()


def commits(scanner: str, printer: str, database: Path) -> None:
    """Answers every line with a row on disk and a label's worth of bytes."""
    bare = sqlite3.connect(database, isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = FULL")
    bare.execute("CREATE TABLE event (id INTEGER PRIMARY KEY, raw BLOB NOT NULL)")
    line, paper = (os.open(path, os.O_RDWR | os.O_NOCTTY) for path in (scanner, printer))
    for end in (line, paper):
        tty.setraw(end)
    raw, label = secrets.token_bytes(LINE_BYTES), bytes(LABEL_BYTES)
    say_ready()
    while True:
        ready, _, _ = select.select([line, sys.stdin], [], [])
        if line not in ready:
            return
        for _ in range(os.read(line, 1024).count(b"\r")):
            bare.execute("BEGIN IMMEDIATE")
            bare.execute("INSERT INTO event (raw) VALUES (?)", (raw,))
            bare.execute("COMMIT")
            os.write(paper, label)


def main(words: list[str]) -> None:
    """One floor."""
    match words:
        case ["imports"]:
            imports()
        case ["waits"]:
            waits()
        case ["commits", scanner, printer, database]:
            commits(scanner, printer, Path(database))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
