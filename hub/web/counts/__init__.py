"""Stocktakes in the browser: planned, watched while kiosks and phones count, approved."""

from flask import Blueprint

from hub.web.counts import acts, deciding, identifying, lines, pages


def blueprint() -> Blueprint:
    """The pages under ``/counts``."""
    counts = Blueprint("counts", __name__, url_prefix="/counts")
    counts.get("")(pages.listing)
    counts.get("/plan")(acts.plan)
    counts.post("/plan", endpoint="save_plan")(acts.save_plan)
    counts.get("/<code>")(pages.one)
    counts.get("/<code>/live")(pages.live)
    counts.get("/<code>/items")(lines.lines)
    counts.post("/<code>/join")(acts.join)
    counts.post("/<code>/leave")(acts.leave)
    counts.post("/<code>/again")(acts.again)
    counts.get("/<code>/identify", endpoint="ask_identify")(identifying.ask)
    counts.post("/<code>/identify")(identifying.identify)
    counts.get("/<code>/approve")(deciding.ask_approve)
    counts.post("/<code>/approve", endpoint="approve")(deciding.approve)
    counts.get("/<code>/cancel")(deciding.ask_cancel)
    counts.post("/<code>/cancel", endpoint="cancel")(deciding.cancel)
    counts.post("/<code>/restate")(deciding.restate)
    return counts
