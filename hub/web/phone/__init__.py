"""Scanning with a phone: one page, kept by the phone, and the route to which it posts.

A phone has no journal. What is scanned becomes a request with a UUID, which the phone keeps until
it is answered; it becomes events of the hub's own stream, once, however often it is sent.
"""

from flask import Blueprint

from hub.web.phone import acts, pages


def blueprint() -> Blueprint:
    """The page, what it asks, and what keeps it there without a network."""
    routes = Blueprint("phone", __name__)
    routes.get("/phone")(pages.scan)
    routes.get("/phone/offline")(pages.offline)
    routes.get("/phone/worker.js")(pages.worker)
    routes.get("/phone/session")(pages.session)
    routes.post("/phone/act")(acts.act)
    return routes
