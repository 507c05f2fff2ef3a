"""Pages of alarms: what is one now, what was, from when on and how they are told, opening hours."""

from flask import Blueprint

from hub.web.alerts import channels, contact, open_ones, rules_page


def blueprint() -> Blueprint:
    """All of them."""
    pages = Blueprint("alerts", __name__)
    for part in (open_ones, rules_page, channels, contact):
        part.install(pages)
    return pages
