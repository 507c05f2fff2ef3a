"""What libraries load and no kiosk asks for, left out; and what is free, given back to the machine.

biip knows for each number how long its company's prefix is (170,000 of them, as nested
dictionaries: 15 MB, a quarter of a kiosk, and a seventh of the time that loading one takes). Nobody
here asks: what is a GTIN is decided by the prefixes of GS1's member organisations, a table of its
own. biip loads both whenever it is imported and has no switch for it. So this module imports biip,
with a table that is empty: then it says of every number that its company is not known, as it does
of numbers that are newer than its table. Whoever wants that imports this module before biip, as
`kiosk.__main__` does.
"""

import ctypes
import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

COMPANIES_BYTES: Final = 50_000
"""biip's compressed table of companies is larger, 129 kB in biip 5.2; that of member organisations
is smaller, 2 kB."""


@contextmanager
def _empty_table() -> Iterator[None]:
    """Inside, what is as large as the table of companies unpacks to an empty one."""
    unpack = lzma.decompress

    def small_only(data: bytes) -> bytes:
        return unpack(data) if len(data) < COMPANIES_BYTES else b"{}"

    lzma.decompress = small_only  # type: ignore[assignment]
    try:
        yield
    finally:
        lzma.decompress = unpack


with _empty_table():
    import biip  # noqa: F401


def trim() -> None:
    """Gives free memory back to the system, where the C library can (glibc: ``malloc_trim(3)``)."""
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if give_back is not None:
        give_back(0)
