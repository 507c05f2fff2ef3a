"""What nobody caught, as one line of JSON like every other record.

Python writes an exception that ends a process or a thread as many lines of text, which a journal
takes for as many messages without a priority. And its message may be anything: a value that could
not be understood, so a scan, a password of a shared Wi-Fi, a telephone. Where it was thrown is code
and harmless; so of each exception its kind and its way are told, and its message only of kinds that
speak of the program or of the machine, never of data.
"""

import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Final

LOGGER: Final = "yicang.crash"
TELLING: Final = (
    ImportError,
    NameError,
    AttributeError,
    MemoryError,
    RecursionError,
    SystemError,
)
"""Kinds whose messages hold names of ours, or nothing."""
DEEP: Final = 8
"""How many causes behind an exception are told."""

_log: Final = logging.getLogger(LOGGER)


def install() -> None:
    """From now on what nobody catches is logged, by whatever writes the log."""
    sys.excepthook = _process
    threading.excepthook = _thread
    sys.unraisablehook = _unraisable


def uninstall() -> None:
    """Python's own words again, where ours are."""
    if sys.excepthook is _process:
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        sys.unraisablehook = sys.__unraisablehook__


def told(error: BaseException) -> str:
    """An exception without its data: its kind and where it was thrown, and those behind it."""
    return "\n".join(_lines(error, DEEP))


def _lines(error: BaseException, deep: int) -> Iterator[str]:
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if behind is not None and deep:
        yield from _lines(behind, deep - 1)
        yield "which led to:"
    yield "Traceback (most recent call last):"
    yield from (line.rstrip("\n") for line in traceback.format_tb(error.__traceback__))
    yield _named(error)
    if isinstance(error, BaseExceptionGroup) and deep:
        for one in error.exceptions:
            yield "one of them:"
            yield from _lines(one, deep - 1)


def _named(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else _full_name(kind)
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name}: {error.errno} {error.strerror}"  # not the file: a name may be data
    return f"{name}: {error}" if isinstance(error, TELLING) else name


def _full_name(kind: type[BaseException]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    _tell("程序因未处理的错误结束 / an error that nobody handled ends the program", error)


def _thread(found: threading.ExceptHookArgs) -> None:
    if found.exc_value is None or issubclass(found.exc_type, SystemExit):
        return
    name = found.thread.name if found.thread is not None else "?"
    _tell(f"线程因未处理的错误结束 / an error that nobody handled ends the thread: {name}",
          found.exc_value)  # fmt: skip


def _unraisable(found: "sys.UnraisableHookArgs") -> None:
    if found.exc_value is not None:
        _tell("收尾时出错，已忽略 / an error while cleaning up was passed over", found.exc_value)


def _tell(what: str, error: BaseException) -> None:
    _log.critical(what, extra={"told": told(error)})
