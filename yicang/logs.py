"""How every process of ours logs: one format, and never a bearer token."""

import logging
import re
import sys
from typing import Final

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


def install(level: int = logging.WARNING) -> None:
    """Sends the root logger's records from ``level`` on to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TokenFreeFormatter(FORMAT))
    logging.basicConfig(level=level, handlers=[handler])
