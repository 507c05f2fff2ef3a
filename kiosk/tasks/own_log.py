"""The kiosk's own log: the last lines of what it logs, in a file that a support case can ask for.

The system's journal belongs to the machine and this process may not read it. So a copy of its own
lines, one JSON object each, is kept beside the journal database: two files of a quarter of a
mebibyte. A line that the disk does not take is lost, and stops nothing.
"""

import gzip
import json
import logging
import time
from collections.abc import Collection
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from contract.messages import MAX_LOG_BYTES
from kiosk.tasks.scrub import scrub

NAME: Final = "log.jsonl"
MAX_BYTES: Final = 256 * 1024
MAX_LINE: Final = 2_000


class _AsJson(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "t": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "name": record.name,
            "message": scrub(super().format(record))[:MAX_LINE],
        }
        return json.dumps(line, ensure_ascii=False)


class OwnLog(RotatingFileHandler):
    """A handler for the root logger; ``state`` is the state directory."""

    def __init__(self, state: Path) -> None:
        super().__init__(
            state / NAME, maxBytes=MAX_BYTES, backupCount=1, encoding="utf-8", delay=True
        )
        self.setFormatter(_AsJson())

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """The disk takes nothing: standard error has the line as well."""


def last_lines(state: Path, count: int, secrets: Collection[str] = ()) -> list[str]:
    """The newest ``count`` lines, the oldest first, scrubbed once more. Raises OSError."""
    lines: list[str] = []
    for path in (state / f"{NAME}.1", state / NAME):
        if path.exists():
            lines += path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [_scrubbed(line, secrets) for line in lines[-count:]]


def _scrubbed(line: str, secrets: Collection[str]) -> str:
    """Its texts, not its JSON: a quote that JSON writes otherwise would hide what stands in it."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = line
    if not isinstance(found, dict):
        return scrub(line, secrets)
    texts = {
        key: scrub(value, secrets) if isinstance(value, str) else value
        for key, value in found.items()
        if isinstance(value, str | int | float)
    }
    return json.dumps(texts, ensure_ascii=False)


def packed(lines: list[str], most: int = MAX_LOG_BYTES) -> bytes:
    """As gzip of at most so many bytes: the newest lines that fit."""
    while True:
        content = gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)
        if len(content) <= most or not lines:
            return content
        lines = lines[max(1, len(lines) - int(len(lines) * most / len(content) * 0.95)) :]
