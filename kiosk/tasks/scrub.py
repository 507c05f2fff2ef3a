"""What leaves the kiosk for somebody to read says nothing of persons and opens no door. Pure.

Nothing of ours logs any of it; libraries log addresses and values that they could not handle, and a
log that goes to people must not depend on that. Codes of items and boxes stay: they stand on the
goods for everybody to read.
"""

import re
from collections.abc import Collection
from typing import Final

GONE: Final = "[...]"

_PERSONAL: Final = re.compile(
    r"(?i)(/c/)[0-9a-z]{8,}[^\s\"']*"  # a donor's claim in an address, and its signature
    r"|\b([PF])[0-9A-HJKMNP-TV-Z]{8,17}\b"  # a person's or a family's token, also a piece of one
    r"|(WIFI:)[^\n]*"  # a network shared as a QR code
    r"|(\b(?:e?ssid|psk|pass(?:word|phrase|wd)?|secret|token|pwd|wi-?fi)\b[\"']?\s*[:=]\s*)"
    r"(?:\"[^\"\n]*\"?|'[^'\n]*'?|[^\s,;}\n]+)"
    r"|()\b[0-9a-f]{32,}\b"  # a hash: of a card's token as of anything else
    r"|()[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|()(?<![0-9.])[0-9]{11,}[Xx]?(?![0-9])"  # telephone and identity numbers
)


def scrub(text: str, secrets: Collection[str] = ()) -> str:
    """``text`` without what is personal or opens something; ``secrets`` are known ones."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, GONE)
    return _PERSONAL.sub(lambda found: "".join(part or "" for part in found.groups()) + GONE, text)
