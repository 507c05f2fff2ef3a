"""How every process of ours logs: one format, and never a bearer token.

People read lines of text. The journal gets one line of JSON for each record, a traceback included,
behind the priority that sd-daemon(3) describes, so that ``journalctl -p warning`` and whatever
collects logs need not guess. systemd says in ``JOURNAL_STREAM`` which file the journal reads; only
when standard error is that file is the journal the reader.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TextIO

from yicang import crashes

FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"

_TOKENS: Final = re.compile(
    r"(?i)(/c/)[0-9a-z]{8,}"  # a donor's claim in an address
    r"|\b([PF])[0-9A-HJKMNP-TV-Z]{17}\b"  # a person's or a family's token
)


class TokenFreeFormatter(logging.Formatter):
    """Takes out what looks like a claim's address or a token, tracebacks included.

    Nothing of ours logs any; libraries log addresses and values that they could not handle.
    """

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def redact(text: str) -> str:
    """``text`` with every token replaced; of one, its kind stays."""
    return _TOKENS.sub(lambda found: f"{found[1] or found[2]}[...]", text)


class LogFormat(StrEnum):
    """How records are written; `AUTO`: as JSON for the journal, as text for everybody else."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON: time (UTC), level, logger, message, perhaps exception: its
    traceback, or what `yicang.crashes` has told of it.

    ``priority`` puts the journal's ``<3>`` in front of it.
    """

    def __init__(self, *, priority: bool) -> None:
        super().__init__()
        self._priority: Final = priority

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        crash = getattr(record, "told", "")
        if crash:
            told["exception"] = redact(crash)
        elif record.exc_info:
            told["exception"] = redact(self.formatException(record.exc_info))
        if record.stack_info:
            told["stack"] = redact(record.stack_info)
        line = json.dumps(told, ensure_ascii=False)
        return f"<{_priority(record.levelno)}>{line}" if self._priority else line


def _priority(level: int) -> int:
    """syslog(3)'s number for a level of Python's."""
    for least, priority in ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4)):
        if level >= least:
            return priority
    return 6 if level >= logging.INFO else 7


def read_by_journal(environment: Mapping[str, str], stream: TextIO) -> bool:
    """Whether what is written to ``stream`` ends up in the journal (``$JOURNAL_STREAM``)."""
    told = environment.get("JOURNAL_STREAM", "")
    try:
        there = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False  # closed, or no file at all
    return told == f"{there.st_dev}:{there.st_ino}"


class JsonHandler(logging.StreamHandler[TextIO]):
    """Writes records; one that cannot be written is told in a line, too, and without what it was to
    say, where Python would print all of it as text."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        error = sys.exc_info()[1]
        words = "这条日志写不出来 / this record could not be written"
        line = logging.LogRecord(
            record.name, logging.ERROR, record.pathname, record.lineno, words, None, None
        )
        line.told = crashes.told(error) if error is not None else ""
        with suppress(OSError, ValueError):  # where it goes is closed
            self.stream.write(self.format(line) + self.terminator)
            self.flush()


class TextHandler(logging.StreamHandler[TextIO]):
    """For people."""


def install(level: int = logging.WARNING, wanted: LogFormat = LogFormat.AUTO) -> None:
    """Sends the root logger's records from ``level`` on to standard error; as JSON also what nobody
    catches. A later call takes the place of an earlier one."""
    journal = read_by_journal(os.environ, sys.stderr)
    handler: logging.Handler
    if wanted is LogFormat.JSON or (wanted is LogFormat.AUTO and journal):
        handler = JsonHandler(sys.stderr)
        handler.setFormatter(JsonFormatter(priority=journal))
        crashes.install()
    else:
        handler = TextHandler(sys.stderr)
        handler.setFormatter(TokenFreeFormatter(FORMAT))
        crashes.uninstall()
    root = logging.getLogger()
    for earlier in [one for one in root.handlers if isinstance(one, JsonHandler | TextHandler)]:
        root.removeHandler(earlier)
    logging.basicConfig(level=level, handlers=[handler])
