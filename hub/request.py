"""What the pages and the API are given, and the one connection each request reads through."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, current_app, g, request
from msgspec import Struct
from sqlalchemy import Connection, Engine

from hub.access.throttle import Throttle
from hub.config import HubConfig
from hub.queries.deliveries import Reaches
from hub.queries.remembered import Remembered

T = TypeVar("T")

_NAME = "yicang"


class Writer(Protocol):
    """The hub's one writer."""

    def call(self, work: Callable[[Connection], T], /) -> T:
        """Run ``work`` in a transaction of its own and give back its result after COMMIT.

        Raises:
            TimeoutError: not done in time (it may still be).
            RuntimeError: it no longer takes anything.
        """


class Services(Struct, frozen=True):
    """The collaborators of every page. ``now`` is Unix seconds; ``ailments`` names, as machine
    words, what keeps the hub from doing its work right now."""

    config: HubConfig
    reader: Engine
    writer: Writer
    now: Callable[[], float]
    ailments: Callable[[], Sequence[str]]
    reaches: Reaches
    guesses: Throttle
    remembered: Remembered


def install(app: Flask, services: Services) -> None:
    """Give ``app`` its collaborators, and close each request's connection behind it."""
    app.extensions[_NAME] = services
    app.teardown_appcontext(_close)


def services() -> Services:
    """The collaborators of the running app."""
    return cast("Services", current_app.extensions[_NAME])


def passkey_host() -> str | None:
    """The host that passkeys are made for: that of ``public_url``, so that they keep working
    whatever name a proxy passes on. None where browsers have no passkeys: they want HTTPS, or
    ``localhost``."""
    url = urlsplit(services().config.public_url or request.host_url)
    host = url.hostname or ""
    return host if url.scheme == "https" or host == "localhost" else None


def now_ms() -> int:
    """The hub's clock in Unix milliseconds."""
    return int(services().now() * 1000)


def connection() -> Connection:
    """This request's reading connection: one snapshot for the whole page."""
    found: Connection | None = g.get("connection")
    if found is None:
        found = g.connection = services().reader.connect()
    return found


def _close(_error: BaseException | None) -> None:
    found: Connection | None = g.pop("connection", None)
    if found is not None:
        found.close()
