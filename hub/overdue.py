"""What only the passing of time makes wrong: looked for again and again, as no event tells of it.

Rules
-----
* **Custody gap.** Something was sent to another stop, and so many days later nothing has been seen
  of it, nor has anybody said that it is lost. One incident for each transfer, until all of it is
  seen or given up.
* **Past expiry.** Goods whose last good day is over stand among those that could go out. One
  incident for each stop and day, until they are set aside, corrected or thrown away.
* **A label that was never attached.** Something came in, and a day later nothing says that its
  label is on it: it cannot be found by its code, and is not free. One incident for each stop.
* **Recalled, and still here.** An open recall meets goods that are not set aside; so do goods that
  a kiosk took in offline. One incident for each recall and stop.

A sweep is a function of the projections and the clock, and writes only what differs.
"""

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from contract.events import event_id
from hub import db, incidents
from hub.folds.findings import Finding
from hub.folds.legs import BETWEEN
from hub.queries.transfers import gap_days
from hub.statuses import IN_STOCK, RESERVED, UNLABELLED
from hub.stock.stock_look import meets

TIME: Final = "time"
"""Origin of incidents that only the clock tells of."""
CUSTODY_GAP: Final = "custody-gap"
PAST_EXPIRY: Final = "past-expiry"
RECALLED_HERE: Final = "recalled-here"
LABEL_MISSING: Final = "label-missing"

DAY_MS: Final = 86_400_000
LABEL_MS: Final = DAY_MS
"""By then whoever brought it has long gone home, and the printer's paper was changed."""
_COULD_GO_OUT: Final = (IN_STOCK, RESERVED, UNLABELLED)


def sweep(connection: Connection, now_ms: int, zone: ZoneInfo) -> int:
    """Open and close these incidents as things are now; how many are open."""
    found = [
        *_custody_gaps(connection, now_ms),
        *_past_expiry(connection, now_ms, zone),
        *_recalled_here(connection),
        *_label_missing(connection, now_ms),
    ]
    table = db.incident.c
    open_now = set(
        connection.scalars(select(table.key).where(table.origin == TIME, table.closed_ms.is_(None)))
    )
    fresh = {one.key: one for one in found}
    known = {
        row.key: row.detail
        for row in connection.execute(
            select(table.key, table.detail).where(table.origin == TIME, table.closed_ms.is_(None))
        )
    }
    changed = [one for key, one in fresh.items() if known.get(key) != incidents.as_json(one.detail)]
    stale = [key for key in open_now if key not in fresh]
    incidents.replace_findings(connection, stale, changed, now_ms, origin=TIME)
    return len(fresh)


def _custody_gaps(connection: Connection, now_ms: int) -> list[Finding]:
    leg, event = db.leg.c, db.event.c
    since = now_ms - gap_days(connection) * DAY_MS
    rows = connection.execute(
        select(
            leg.sent,
            func.min(leg.sent_t).label("left_t"),
            func.min(leg.origin).label("origin"),
            func.min(leg.to).label("to"),
            func.count().label("n"),
        )
        .where(leg.outcome == BETWEEN, leg.kind == "stop", leg.sent_t < since)
        .group_by(leg.sent)
    ).all()
    if not rows:
        return []
    names = {
        row.id: row
        for row in connection.execute(
            select(event.id, event.kiosk, event.epoch, event.seq, event.hash).where(
                event.id.in_([row.sent for row in rows])
            )
        )
    }
    found = []
    for row in rows:
        sent = names[row.sent]
        name = event_id(sent.kiosk, sent.epoch, sent.seq, sent.hash)
        detail: dict[str, str | int | list[str]] = {
            "transfer": name,
            "from": row.origin,
            "to": row.to,
            "n": row.n,
        }
        key = f"{CUSTODY_GAP}:{name}"
        found.append(Finding(key, CUSTODY_GAP, name, sent.kiosk, row.origin, row.left_t, detail))
    return found


def _past_expiry(connection: Connection, now_ms: int, zone: ZoneInfo) -> list[Finding]:
    table = db.item.c
    today = dt.datetime.fromtimestamp(now_ms / 1000, zone).date()
    rows = connection.execute(
        select(table.stop, table.good_until, func.sum(table.quantity).label("n"))
        .where(table.good_until < today.isoformat(), table.status.in_(_COULD_GO_OUT))
        .group_by(table.stop, table.good_until)
    )
    found = []
    for row in rows:
        end = dt.datetime.combine(dt.date.fromisoformat(row.good_until), dt.time(), zone)
        over_ms = int((end + dt.timedelta(days=1)).timestamp() * 1000)
        detail: dict[str, str | int | list[str]] = {"day": row.good_until, "n": int(row.n)}
        key = f"{PAST_EXPIRY}:{row.stop}:{row.good_until}"
        found.append(Finding(key, PAST_EXPIRY, row.good_until, "", row.stop, over_ms, detail))
    return found


def _label_missing(connection: Connection, now_ms: int) -> list[Finding]:
    table = db.item.c
    rows = connection.execute(
        select(table.stop, func.count().label("n"), func.min(table.received_t).label("first_t"))
        .where(table.status == UNLABELLED, table.received_t < now_ms - LABEL_MS)
        .group_by(table.stop)
    )
    return [
        Finding(
            f"{LABEL_MISSING}:{row.stop}",
            LABEL_MISSING,
            row.stop,
            "",
            row.stop,
            int(row.first_t),
            {"n": int(row.n)},
        )
        for row in rows
    ]


def _recalled_here(connection: Connection) -> list[Finding]:
    table, item = db.recall.c, db.item.c
    found = []
    for recall in connection.execute(select(db.recall).where(table.closed_t.is_(None))).all():
        rows = connection.execute(
            select(item.stop, func.sum(item.quantity).label("n"))
            .where(meets(recall.gtin, recall.lot), item.status.in_(_COULD_GO_OUT))
            .group_by(item.stop)
        )
        for row in rows:
            detail: dict[str, str | int | list[str]] = {
                "recall": recall.id,
                "gtin": recall.gtin,
                "lot": recall.lot,
                "n": int(row.n),
            }
            key = f"{RECALLED_HERE}:{recall.id}:{row.stop}"
            found.append(
                Finding(key, RECALLED_HERE, recall.id, "", row.stop, recall.opened_t, detail)
            )
    return found
