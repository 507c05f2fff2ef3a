"""Changing what a stop's papers look like.

A change is a new version; putting an earlier one back is one too, and so is going back to what
every stop has. The version that a form was made from comes back with it, so that nobody overwrites
another.
"""

from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from contract.papers import Papers
from hub import db
from hub.access import audit
from hub.access.audit import By
from hub.kiosks import reference
from hub.printing.papers import KEPT, Version, faults_of, newest, versions

_TABLE: Final = db.papers.c


class PapersError(Exception):
    """Papers that cannot be; ``faults`` are as `hub.printing.papers.faults_of` has them."""

    def __init__(self, found: tuple[str, ...]) -> None:
        super().__init__(", ".join(found))
        self.faults: Final = found


class ChangedError(Exception):
    """Somebody else saved ``newest`` since the form was made."""

    def __init__(self, newest: "Version") -> None:
        super().__init__(f"version {newest.n} was saved meanwhile")
        self.newest: Final = newest


class UnknownVersionError(Exception):
    """There is no such version, or it is not kept any more."""


def put(
    connection: Connection, stop: str, papers: Papers | None, seen: int, by: By, now_ms: int
) -> int:
    """Saves a version, or with None goes back to what every stop has; its number. ``seen`` is the
    version that the change was made from, 0: none.

    Raises:
        PapersError: they cannot be.
        ChangedError: another version was saved meanwhile.
        hub.kiosks.reference.TooManyNamesError: more than kiosks can hold; roll back.
    """
    if papers is not None and (found := faults_of(papers)):
        raise PapersError(found)
    last = newest(connection, stop)
    if last is not None and last.n != seen:
        raise ChangedError(last)
    n = 1 if last is None else last.n + 1
    connection.execute(
        sa.insert(db.papers).values(
            stop=stop, n=n, made_ms=now_ms, account=by.account, body=_text(papers)
        )
    )
    connection.execute(sa.delete(db.papers).where(_TABLE.stop == stop, _TABLE.n <= n - KEPT))
    reference.require_room(connection, "papers")
    detail = {"number": n, "own": papers is not None}
    audit.note(connection, by, "papers.changed", stop or "*", detail, now_ms, stop=stop)
    return n


def put_back(connection: Connection, stop: str, n: int, seen: int, by: By, now_ms: int) -> int:
    """Saves what version ``n`` was once more; 0: what was before the first. The new number.

    Raises:
        UnknownVersionError: see there.
        ChangedError: as `put`.
    """
    papers: Papers | None = None
    if n:
        kept = {one.n: one for one in versions(connection, stop)}
        if n not in kept:
            raise UnknownVersionError(n)
        papers = kept[n].papers
    return put(connection, stop, papers, seen, by, now_ms)


def _text(papers: Papers | None) -> str:
    return "" if papers is None else msgspec.json.encode(papers).decode()
