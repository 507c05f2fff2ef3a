"""One kind of error for a serial line, whichever layer noticed that it is gone."""

from __future__ import annotations

import contextlib
import termios
from collections.abc import Iterator


@contextlib.contextmanager
def as_os_errors() -> Iterator[None]:
    """Turns ``termios.error``, which is no OSError and which pyserial lets through when a device
    is unplugged between two calls, into the OSError with its number.
    """
    try:
        yield
    except termios.error as error:
        raise OSError(*error.args) from error


def error_number(error: OSError) -> int | None:
    """The errno of what pyserial raised; where it gives none, that of what it met."""
    if error.errno is None and isinstance(error.__context__, termios.error):
        number = error.__context__.args[0]
        return number if isinstance(number, int) else None
    return error.errno
