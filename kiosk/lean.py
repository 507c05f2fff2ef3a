"""What libraries load and no kiosk asks for: given back to the machine.

biip knows for each number how long its company's prefix is (170,000 of them, as nested
dictionaries: 12 MB, a fifth of a kiosk). Nobody here asks: what is a GTIN is decided by the
prefixes of GS1's member organisations, a table of its own. biip loads both whenever it is imported
and has no switch for it. Emptied, it says of every number that its company is not known, as it
does of numbers that are newer than its table.
"""

import ctypes

from biip import gs1_prefixes


def forget_companies() -> None:
    """Empties biip's table of companies. Does nothing with a release that keeps it elsewhere."""
    companies = getattr(gs1_prefixes, "_GS1_COMPANY_PREFIX_TRIE", None)
    if isinstance(companies, dict):
        companies.clear()


def trim() -> None:
    """Gives free memory back to the system, where the C library can (glibc: ``malloc_trim(3)``)."""
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if give_back is not None:
        give_back(0)
