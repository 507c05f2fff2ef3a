"""How kiosks end, what came from them afterwards, and what people carried here."""

from collections.abc import Sequence

from flask import Blueprint

from hub.web.lifecycle import bundles, ending, review


def blueprints() -> Sequence[Blueprint]:
    """The pages."""
    return [bundles.blueprint(), review.blueprint(), ending.blueprint()]
