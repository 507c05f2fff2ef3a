"""Numbers as people type them and addresses hold them."""


def whole_number(text: str, digits: int) -> int | None:
    """What ``text`` says in ASCII digits, at most so many of them; None for anything else.

    Python's own `int` takes spaces, underscores and the digits of every script, which nothing else
    here would, and raises an error for thousands of digits.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None
