"""What the hub publishes."""

from msgspec import Struct


class Send(Struct, frozen=True):
    """Something to publish once the transaction that led to it is committed."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
