"""Reference data for kiosks: what somebody entered once, retained under the hashes of its pieces.

The manifest, in every welcome and in the hub's retained status, names the pieces; a kiosk that
lacks one reads it from the broker (`contract.reference`). Only what everybody may read goes here.
"""

from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from contract import topics
from contract.messages import MAX_MESSAGE_BYTES, digest
from contract.reference import MAX_PIECES, manifest_of, pieces
from hub import incidents
from hub.db import item, product
from hub.incidents import Trouble
from hub.kiosks import catalogue
from hub.kiosks.outgoing import Send

_KEY: Final = "reference"
"""Under this key of meta: the digests that a broker may still hold, newest first."""

REMEMBERED: Final = 64
"""Digests that are remembered beyond those in use."""

_TOO_LARGE: Final = "reference-too-large:"


class TooManyNamesError(Exception):
    """A change of reference data that cannot be; the text is for people."""


class Reference:
    """The parts as they are now. `manifest`, `stale` and `forget` run in the writer's thread,
    `retained` and `current` in any.

    What was published is remembered in the database as well, so that copies which nobody names any
    more are taken off the broker even if the hub has forgotten or was restarted meanwhile.
    """

    def __init__(self) -> None:
        self._published: dict[str, bytes] = {}  # digest -> piece
        self._manifest: dict[str, str] = {}
        self._known = False

    def stale(self) -> None:
        """The database may have changed: the next `manifest` looks."""
        self._known = False

    def forget(self) -> None:
        """After a rollback: what was to be published may not have been."""
        self._published = {}
        self._known = False

    def manifest(
        self, connection: Connection, now_ms: int
    ) -> tuple[dict[str, str], tuple[Send, ...]]:
        """Piece name -> hash, and what must be published before a kiosk is told of it.

        A part that is too large for kiosks is not in it, and is an incident.
        """
        if self._known:
            return self._manifest, ()
        fitting: dict[str, tuple[bytes, ...]] = {}
        for part, entries in catalogue.parts(connection).items():
            held = pieces(part, entries)
            if len(held) <= MAX_PIECES:
                fitting[part] = held
                incidents.close(connection, _TOO_LARGE + part, now_ms)
            else:
                _note_too_large(connection, part, sum(map(len, held)), now_ms)
        manifest = manifest_of(fitting)
        current = {digest(piece): piece for held in fitting.values() for piece in held}
        sends: list[Send] = []
        if current != self._published:
            old = _old(connection, list(current))
            new = [one for one in current if one not in self._published]
            sends += [_retain(one, b"") for one in old]
            sends += [_retain(one, current[one]) for one in new]
        # Whole values, replaced at once: another thread reads them.
        self._published, self._manifest, self._known = current, manifest, True
        return manifest, tuple(sends)

    def retained(self) -> list[Send]:
        """What a broker must hold; for one that lost its memory."""
        return [_retain(one, piece) for one, piece in self._published.items()]

    def current(self) -> dict[str, str]:
        """The manifest of what was published last."""
        return self._manifest


class ReferenceOfOthers(Reference):
    """For a process that answers kiosks while another publishes: what to name in a welcome is read
    anew each time, and nothing is ever published."""

    def manifest(
        self, connection: Connection, now_ms: int
    ) -> tuple[dict[str, str], tuple[Send, ...]]:
        """As the process that publishes has it, or will in a moment."""
        fitting = {
            part: held
            for part, entries in catalogue.parts(connection).items()
            if len(held := pieces(part, entries)) <= MAX_PIECES
        }
        return manifest_of(fitting), ()


def _retain(one: str, payload: bytes) -> Send:
    return Send(topics.reference(one), payload, qos=1, retain=True)


def _note_too_large(connection: Connection, part: str, size: int, now_ms: int) -> None:
    limit = MAX_PIECES * MAX_MESSAGE_BYTES
    detail: dict[str, str | int] = {"part": part, "bytes": size, "limit": limit}
    trouble = Trouble(_TOO_LARGE + part, "reference-too-large", part, "", detail)
    incidents.note(connection, trouble, now_ms)


def _old(connection: Connection, current: list[str]) -> list[str]:
    """What else was published; ``current`` is remembered. The others stay remembered for a while,
    since a broker that is away now keeps its copies."""
    text = connection.exec_driver_sql("SELECT value FROM meta WHERE key = ?", (_KEY,)).scalar()
    known = msgspec.json.decode(text, type=list[str]) if text is not None else []
    others = [one for one in known if one not in current][:REMEMBERED]
    kept = [*current, *others]
    if kept != known:
        connection.exec_driver_sql(
            "INSERT INTO meta (key, value) VALUES (?, ?)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (_KEY, msgspec.json.encode(kept).decode()),
        )
    return others


# --- names of retail codes ---------------------------------------------------------------------

JUDGED: Final = 100
"""Newest items by whose category a retail code is judged."""


class UnknownCode(msgspec.Struct, frozen=True):
    """A retail code on items that came in, which nobody has named: how many items, when the last
    of them came (Unix milliseconds), and the category that was given most often to the newest
    `JUDGED` of them, if any was."""

    gtin: str
    items: int
    last_t: int
    category: str | None


def unknown_codes(connection: Connection, limit: int) -> list[UnknownCode]:
    """Retail codes that want a name, the most frequent first."""
    code = _unnamed().subquery()
    same = item.c.gtin == code.c.gtin
    n = sa.select(sa.func.count()).where(same).scalar_subquery().label("items")
    last = sa.select(sa.func.max(item.c.received_t)).where(same).scalar_subquery()
    rows = connection.execute(
        sa.select(code.c.gtin, n, sa.func.coalesce(last, 0).label("last_t"))
        .order_by(sa.desc("items"), sa.desc("last_t"), code.c.gtin)
        .limit(limit)
    ).all()
    return [
        UnknownCode(gtin, count, last_t, _usual_category(connection, gtin))
        for gtin, count, last_t in rows
    ]


def unknown_count(connection: Connection, limit: int) -> int:
    """How many retail codes want a name, up to ``limit``; a look at an index for each code, since
    the board asks every few seconds."""
    wanting = _unnamed().limit(limit).subquery()
    return connection.execute(sa.select(sa.func.count()).select_from(wanting)).scalar_one()


def _unnamed() -> sa.Select[str]:
    """The retail codes that want a name.

    A recursion goes from each code to the next one, so that an index is looked at once for a code
    and not once for an item; no planner does that for DISTINCT by itself without statistics, and
    PostgreSQL not at all (https://wiki.postgresql.org/wiki/Loose_indexscan).
    """
    first = sa.select(sa.func.min(item.c.gtin).label("gtin")).where(item.c.gtin.is_not(None))
    code = first.cte("code", recursive=True)
    following = (
        sa.select(sa.func.min(item.c.gtin))
        .where(item.c.gtin.is_not(None), item.c.gtin > code.c.gtin)
        .scalar_subquery()
    )
    code = code.union_all(sa.select(following).where(code.c.gtin.is_not(None)))
    return sa.select(code.c.gtin).where(
        code.c.gtin.is_not(None), code.c.gtin.not_in(sa.select(product.c.gtin))
    )


def _usual_category(connection: Connection, gtin: str) -> str | None:
    newest = (
        sa.select(item.c.category)
        .where(item.c.gtin == gtin, item.c.category.is_not(None), item.c.category != "ZZ")
        .order_by(item.c.received_t.desc())
        .limit(JUDGED)
        .subquery()
    )
    return connection.execute(
        sa.select(newest.c.category)
        .group_by(newest.c.category)
        .order_by(sa.func.count().desc(), newest.c.category)
        .limit(1)
    ).scalar()


def require_room(connection: Connection, part: str) -> None:
    """Raises `TooManyNamesError` when ``part`` is more than kiosks can hold; roll back then."""
    held = pieces(part, catalogue.entries(connection, part))
    if len(held) > MAX_PIECES:
        size, limit = sum(map(len, held)), MAX_PIECES * MAX_MESSAGE_BYTES
        raise TooManyNamesError(
            f"{part}: 会有 {size} 字节，超过终端能接收的约 {limit} 字节，没有保存"
            f" / would take {size} bytes, more than the {limit} or so that kiosks accept; nothing"
            " was saved"
        )
