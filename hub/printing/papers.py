"""What stops want their labels and receipts to look like: every version that somebody saved.

A stop has papers of its own, or those of every stop (the stop ``""``), or what the release brings.
Nothing is merged: who changes a stop's papers decides about all of them
(`hub.printing.paper_changes`).
"""

from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from contract.papers import (
    LABEL_PARTS,
    LANGUAGES,
    RECEIPT_PARTS,
    Papers,
    PapersOf,
    Template,
    faults,
    logo_bytes,
)
from hub import db
from hub.printing import logos

EVERY: Final = ""
"""The stop whose papers are those of every stop without its own."""
KEPT: Final = 40
"""Versions of one stop that can be put back."""
PARTS: Final = {"label": LABEL_PARTS, "receipt": RECEIPT_PARTS}
_TABLE: Final = db.papers.c


class Version(Struct, frozen=True):
    """What somebody saved; ``papers`` None: as every stop (of every stop: as the release)."""

    n: int
    made_ms: int
    account: str
    papers: Papers | None


def newest(connection: Connection, stop: str) -> Version | None:
    """The version that holds; None when nobody ever saved one."""
    found = versions(connection, stop, 1)
    return found[0] if found else None


def versions(connection: Connection, stop: str, most: int = KEPT) -> list[Version]:
    """The last ``most`` versions, the newest first."""
    rows = connection.execute(
        sa.select(_TABLE.n, _TABLE.made_ms, _TABLE.account, _TABLE.body)
        .where(_TABLE.stop == stop)
        .order_by(_TABLE.n.desc())
        .limit(most)
    )
    return [Version(row.n, row.made_ms, row.account, _read(row.body)) for row in rows]


def own(connection: Connection, stop: str) -> Papers | None:
    """What this stop chose for itself; None when it has what every stop has."""
    found = newest(connection, stop)
    return None if found is None else found.papers


def of_stop(connection: Connection, stop: str) -> Papers:
    """What the kiosks of this stop print by."""
    return own(connection, stop) or own(connection, EVERY) or Papers()


def told(connection: Connection) -> tuple[PapersOf, ...]:
    """What every stop's kiosks are told: first those of stops that have papers of their own."""
    last = sa.select(_TABLE.stop, sa.func.max(_TABLE.n).label("n")).group_by(_TABLE.stop).subquery()
    rows = connection.execute(
        sa.select(_TABLE.stop, _TABLE.body)
        .join(last, sa.and_(last.c.stop == _TABLE.stop, last.c.n == _TABLE.n))
        .order_by(_TABLE.stop)
    )
    chosen = {row.stop: papers for row in rows if (papers := _read(row.body)) is not None}
    common = chosen.pop(EVERY, Papers())
    kiosks: dict[str, list[str]] = {}
    if chosen:
        table = db.kiosk.c
        for row in connection.execute(sa.select(table.id, table.stop).order_by(table.id)):
            kiosks.setdefault(row.stop, []).append(row.id)
    entries = [
        PapersOf(tuple(kiosks[stop]), papers) for stop, papers in chosen.items() if stop in kiosks
    ]
    return (*entries, PapersOf((), common))


# --- what may be ---------------------------------------------------------------------------------


def faults_of(papers: Papers) -> tuple[str, ...]:
    """What is wrong, as machine words: ``label`` or ``receipt``, a space, and a word of
    `contract.papers.faults` or ``kind-N``, ``language``; ``logo`` alone."""
    found = [f"label {fault}" for fault in _of_template("label", papers.label)]
    found += [f"receipt {fault}" for fault in _of_template("receipt", papers.receipt)]
    if papers.logo:
        png = logo_bytes(papers)
        if png is None or not logos.is_logo(png):
            found.append("logo")
    return tuple(found)


def _of_template(paper: str, template: Template) -> list[str]:
    found = list(faults(paper, template))
    for number, part in enumerate(template.parts, start=1):
        if part.kind not in PARTS[paper]:
            found.append(f"kind-{number}")
    if template.language not in ("", *LANGUAGES):
        found.append("language")
    return found


def _read(body: str) -> Papers | None:
    return msgspec.json.decode(body, type=Papers) if body else None
