"""Reports: charts of what came, went and stands, and the movements behind every figure."""

from flask import Blueprint

from hub.web.reports import moves, overview


def blueprint() -> Blueprint:
    """``/reports`` and the list under it."""
    pages = Blueprint("reports", __name__)
    pages.get("/reports")(overview.overview)
    pages.get("/reports/movements")(moves.movements)
    return pages
