"""Numbers and codes as people type them and addresses hold them."""

import unicodedata


def whole_number(text: str, digits: int) -> int | None:
    """What ``text`` says in ASCII digits, at most so many of them; None for anything else.

    Python's own `int` takes spaces, underscores and the digits of every script, which nothing else
    here would, and raises an error for thousands of digits.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def narrow(text: str) -> str:
    """What was typed of a number, lot or retail code, in the forms that scanners read: the input
    methods of Chinese write wide letters and digits. Not for names, which may be of such."""
    return unicodedata.normalize("NFKC", text).strip()
