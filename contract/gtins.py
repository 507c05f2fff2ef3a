"""Retail numbers as 14 digits, with the check digit that tells a slip of the finger. Pure."""

import re


def check_digit(thirteen: str) -> str:
    """The check digit of 13 digits, modulo 10 with weights 3 and 1 (GS1 General Specifications,
    7.9.1)."""
    total = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(thirteen))
    return str(-total % 10)


def full(digits: str) -> str | None:
    """A GTIN of 8, 12, 13 or 14 digits as 14; None for anything else, and where its check digit is
    wrong."""
    if not re.fullmatch(r"[0-9]{8}|[0-9]{12,14}", digits):
        return None
    padded = digits.zfill(14)
    return padded if check_digit(padded[:13]) == padded[13] else None
