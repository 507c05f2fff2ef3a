"""The warehouse in the browser: deciding about goods, boxes, transfers, plans and kits."""

from flask import Blueprint

from hub.web.stock import act, boxes, kits, overview, plans, recalls, transfers


def blueprints() -> list[Blueprint]:
    """All of its pages."""
    parts = (act, overview, boxes, transfers, plans, recalls, kits)
    return [part.blueprint() for part in parts]
