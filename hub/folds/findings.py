"""What folds find wrong."""

from msgspec import Struct


class Finding(Struct, frozen=True):
    """An incident that a fold found; ``key`` is a function of what it found."""

    key: str
    kind: str
    subject: str
    kiosk: str
    stop: str
    first_t: int
    detail: dict[str, str | int | list[str]]
