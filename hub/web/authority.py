"""The authority behind the hub's certificate, for whoever is to trust it: kiosks that enrol, which
hold it against the fingerprint in their invitation, and people who install it on a telephone."""

from pathlib import Path
from typing import Final

from flask import Blueprint, Response, abort

from hub.config import HubConfig
from hub.request import services

MIME: Final = "application/x-pem-file"


def blueprint() -> Blueprint:
    """One address, open to everybody: a certificate is no secret."""
    pages = Blueprint("authority", __name__)
    pages.get("/enrol/authority.pem")(authority)
    return pages


def authority() -> Response:
    """PEM; 404 where the hub has none."""
    path = path_of(services().config)
    try:
        held = path.read_bytes() if path is not None else b""
    except FileNotFoundError:
        held = b""
    if not held:
        abort(404)
    return Response(held, mimetype=MIME)


def path_of(config: HubConfig) -> Path | None:
    """The file with the authority that kiosks pin; None where there is none."""
    if config.tls_authority:
        return Path(config.tls_authority)
    return Path(config.authority_dir) / "ca.pem" if config.authority_dir else None
