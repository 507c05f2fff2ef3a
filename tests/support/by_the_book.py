"""An event's hash computed as the contract's page tells it, by the standard library alone."""

import hashlib
import json


def parts_as_they_came(raw: bytes) -> dict[str, bytes]:
    """Each value of the frame as its bytes, found by the standard library's scanner."""
    text = raw.decode()
    scan = json.JSONDecoder().raw_decode
    found: dict[str, bytes] = {}
    at = text.index("{") + 1
    while True:
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n,"))
        if text[at] == "}":
            return found
        key, at = scan(text, at)
        at = text.index(":", at) + 1
        at += len(text[at:]) - len(text[at:].lstrip())
        _, end = scan(text, at)
        found[key] = text[at:end].encode()
        at = end


def hash_by_the_book(raw: bytes) -> str:
    """The event's hash as the contract's page describes it, written without the contract."""
    parts = parts_as_they_came(raw)
    prev, salt = (bytes.fromhex(json.loads(parts[name])) for name in ("prev", "salt"))
    public = hashlib.sha256(parts["public"]).digest()
    private = hashlib.sha256(salt + parts["private"]).digest()
    return hashlib.sha256(b"yicang/1/event\0" + prev + public + private).hexdigest()
