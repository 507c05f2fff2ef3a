"""Writing incidents: one row for each cause, however often it is noticed."""

import json
from collections.abc import Iterable, Mapping
from typing import Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from hub.db import incident
from hub.folds.findings import Finding
from hub.folds.watch import HELP_WANTED, KIOSK_NOTICED

INGEST: Final = "ingest"
FOLD: Final = "fold"

MOMENTS: Final = frozenset({HELP_WANTED, KIOSK_NOTICED})
"""Kinds about a moment, not about something that lasts: acknowledging one closes it for good."""

DONE: Final = frozenset(
    {
        "fork",
        "hole",
        "chain-break",
        "journal-behind",
        "unreadable",
        "quarantined",
        "left-quarantine",
        "reserved-for-another",
        "sends-too-much",
        "enrolment-replayed",
        "enrolment-unknown",
        "revoked-heard",
        "roll-out-halted",
    }
)
"""Kinds about something that happened and that nothing can make unhappen: acknowledging one closes
it, until more of it happens."""

_UPSERT: Final = """
INSERT INTO incident (key, kind, origin, subject, kiosk, stop, detail, first_t, count,
                      opened_ms, last_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
  closed_ms = CASE WHEN {settled} THEN incident.closed_ms END,
  acknowledged_ms = CASE WHEN {settled} OR ({open} AND NOT ({more}))
    THEN incident.acknowledged_ms END,
  acknowledged_by = CASE WHEN {settled} OR ({open} AND NOT ({more}))
    THEN incident.acknowledged_by END,
  subject = excluded.subject, kiosk = excluded.kiosk, stop = excluded.stop,
  detail = excluded.detail, first_t = excluded.first_t,
  count = {count}, last_ms = excluded.last_ms
"""
"""What opens again is to be seen again: whoever has seen it once saw something else."""


def _kinds(these: frozenset[str]) -> str:
    listed = ", ".join(f"'{kind}'" for kind in sorted(these))
    return f"excluded.kind IN ({listed})"


def _upsert(count: str, more: str) -> str:
    """``more`` is the condition that an incident of `DONE` tells of more than it did."""
    settled = (
        f"incident.acknowledged_ms IS NOT NULL AND"
        f" ({_kinds(MOMENTS)} OR {_kinds(DONE)} AND NOT ({more}))"
    )
    return _UPSERT.format(
        count=count,
        settled=settled,
        # A rebuild closes all that it opens again in the same transaction.
        open="(incident.closed_ms IS NULL OR incident.closed_ms = excluded.opened_ms)",
        more=f"{_kinds(DONE)} AND {more}",
    )


_SET_WISE: Final = _upsert("1", "excluded.detail <> incident.detail")
_COUNTED: Final = _upsert("incident.count + excluded.count", "excluded.count > 0")


class Trouble(Struct, frozen=True):
    """An incident that ingest noticed; ``count`` > 0 adds to how often it was."""

    key: str
    kind: str
    subject: str
    kiosk: str
    detail: Mapping[str, str | int | list[str]]
    count: int = 0


def note(connection: Connection, trouble: Trouble, now_ms: int) -> None:
    """Open the incident, or count it once more."""
    stop = connection.execute(
        sa.text("SELECT stop FROM kiosk WHERE id = :kiosk"), {"kiosk": trouble.kiosk}
    ).scalar()
    connection.exec_driver_sql(
        _COUNTED if trouble.count else _SET_WISE,
        (
            trouble.key,
            trouble.kind,
            INGEST,
            trouble.subject,
            trouble.kiosk,
            stop or "",
            as_json(trouble.detail),
            now_ms,
            trouble.count or 1,
            now_ms,
            now_ms,
        ),
    )


def close(connection: Connection, key: str, now_ms: int) -> None:
    """The cause went away."""
    connection.execute(
        sa.update(incident)
        .where(incident.c.key == key, incident.c.closed_ms.is_(None))
        .values(closed_ms=now_ms)
    )


def replace_findings(
    connection: Connection,
    stale: Iterable[str],
    findings: Iterable[Finding],
    now_ms: int,
    origin: str = FOLD,
) -> None:
    """What folds found: open or refresh ``findings``, close the ``stale`` keys not among them."""
    rows = [
        (
            found.key,
            found.kind,
            origin,
            found.subject,
            found.kiosk,
            found.stop,
            as_json(found.detail),
            found.first_t,
            1,
            now_ms,
            now_ms,
        )
        for found in findings
    ]
    kept = {row[0] for row in rows}
    if rows:
        connection.exec_driver_sql(_SET_WISE, rows)
    for key in stale:
        if key not in kept:
            close(connection, key, now_ms)


def acknowledge(connection: Connection, key: str, by: str, now_ms: int) -> bool:
    """An operator has seen to it; whether there was such an incident not yet acknowledged."""
    result = connection.execute(
        sa.update(incident)
        .where(incident.c.key == key, incident.c.acknowledged_ms.is_(None))
        .values(
            acknowledged_ms=now_ms,
            acknowledged_by=by,
            closed_ms=sa.case(
                (
                    incident.c.kind.in_(MOMENTS | DONE),
                    sa.func.coalesce(incident.c.closed_ms, now_ms),
                ),
                else_=incident.c.closed_ms,
            ),
        )
    )
    return bool(result.rowcount)


def wait_again(connection: Connection, key: str) -> None:
    """What somebody did about it was taken back: nobody has seen to it now."""
    connection.execute(
        sa.update(incident)
        .where(incident.c.key == key)
        .values(acknowledged_ms=None, acknowledged_by=None)
    )


def as_json(detail: Mapping[str, object]) -> str:
    """A detail as its column holds it."""
    return json.dumps(detail, ensure_ascii=False, sort_keys=True)
