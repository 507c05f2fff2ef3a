"""How anybody checks a receipt: the kiosks' public keys, as a page and as a file to keep."""

import msgspec
from flask import Blueprint, Response, render_template

from hub.queries import keys
from hub.request import connection


def blueprint() -> Blueprint:
    """``/keys`` and ``/keys.json``: open to everybody, or nobody could check."""
    pages = Blueprint("keys", __name__)
    pages.get("/keys")(page)
    pages.get("/keys.json")(document)
    return pages


def page() -> str:
    """The keys, and how to check a receipt with them."""
    return render_template("public/keys.html", keys=keys.published(connection()).keys)


def document() -> Response:
    """`contract.receipts.KeyList` as JSON."""
    published = msgspec.json.encode(keys.published(connection()))
    return Response(published, content_type="application/json")
