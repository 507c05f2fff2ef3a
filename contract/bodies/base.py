"""What every event body shares."""

from msgspec import Struct


class Happened(Struct, frozen=True, tag_field="type", omit_defaults=True, kw_only=True):
    """Base of all bodies: msgspec writes the tag as ``type``."""
