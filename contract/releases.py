"""What a hub and a kiosk say to each other about releases. Pure.

A kiosk asks ``GET /api/v1/releases/offer?release=…&target=…`` with its own account (HTTP Basic, the
broker's user name and password): 204 for nothing, or 200 with an `Offer`. The bundle itself is at
`bundle_path`, with ``Range`` and ``If-Range``; its ETag is its SHA-256. How a release fared stands
in `contract.messages.Health`.
"""

from typing import Annotated, Final

from msgspec import Meta, Struct

from contract.events import Hash, whole

OFFER_PATH: Final = "/api/v1/releases/offer"
MAX_BUNDLE: Final = 1 << 30

ReleaseId = Annotated[str, whole(r"[0-9][0-9A-Za-z.]{0,15}-[0-9]{8}T[0-9]{6}-[0-9a-f]{7,12}")]
"""Version, time of the commit in UTC, and commit: ``0.1.0-20261122T091721-041118d``."""
TargetId = Annotated[str, whole(r"cp3[0-9]{1,2}-[a-z0-9_]{1,16}")]
"""Python and machine: ``cp313-aarch64``."""


class Offer(Struct, frozen=True):
    """The release that this kiosk is to run: ``size`` in bytes and ``sha256`` of its bundle."""

    release: ReleaseId
    target: TargetId
    size: Annotated[int, Meta(ge=1, le=MAX_BUNDLE)]
    sha256: Hash


def bundle_path(offer: Offer) -> str:
    """Where an offered bundle is."""
    return f"/api/v1/releases/{offer.release}/bundle?target={offer.target}"
