"""What must hold after anything that people did at a stop.

The hub has every event of every journal, folding them anew comes to the same, there is no incident
that should not be, and nothing that is somebody's alone was kept anywhere.
"""

import contextlib
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from hub.overdue import CUSTODY_GAP, PAST_EXPIRY, RECALLED_HERE
from kiosk.store import SEQ_BITS
from tests.support.broker import Mosquitto
from tests.support.site import Kiosk, Site
from tests.support.tap import Tap

PIECE = 10
"""Half of a token is enough to find it by; shorter pieces also occur by chance."""
PROJECTIONS = {
    "item": "code",
    "stock": "stop, category, status",
    "movement": "item, n",
    "sale": "event",
    "flow": "day, stop, category, status, way, cause",
    "tally": "measure, week, month, stop, category",
    "claim": "hash",
    "delivery": "item",
    "given": "number",
    "box": "code",
    "leg": "item, n",
    "recall": "id",
}
"""The tables that a rebuild makes anew, and their keys."""


class Settling(Protocol):
    """A kiosk that can be asked to finish what it does."""

    kiosk: Kiosk

    def settle(self) -> None:
        """Waits until the hub has every event."""


class Checked(Protocol):
    """What `check` needs to know of a stop."""

    folder: Path
    site: Site
    tap: Tap
    broker: Mosquitto
    incidents: set[str]
    secrets: list[str]

    @property
    def kiosks(self) -> Sequence[Settling]:
        """Every kiosk; all run."""


def check(shop: Checked) -> None:
    """Ends everything, and raises AssertionError when anything is not as it must be."""
    for one in shop.kiosks:
        one.settle()
        one.kiosk.stop()
        missing = _journal(one.kiosk) - _known(shop.site)
        assert not missing, f"the hub lacks {missing}"
    _look_at_incidents(shop)
    shop.site.wait_projected()
    before = _projected(shop.site)
    assert before["item"], "nothing was folded: nothing is compared"
    shop.site.yicang("hub", "rebuild", "--data", str(shop.site.data))
    after = _projected(shop.site)
    for table in PROJECTIONS:
        assert after[table] == before[table], f"a rebuild makes another {table}"
    _look_at_incidents(shop)
    shop.site.stop_hub()
    shop.broker.stop()  # cleanly: it writes its database then
    _look_for_secrets(shop)
    for log in (*shop.folder.rglob("kiosk.log"), *shop.folder.rglob("hub.log")):
        text = log.read_text(encoding="utf-8")
        assert "Traceback" not in text, text
        assert "ERROR" not in text, text


def _known(site: Site) -> set[tuple[str, int, str]]:
    return {(e["public"]["epoch"], e["public"]["seq"], e["hash"]) for e in site.events()}


BY_TIME: Final = frozenset({CUSTODY_GAP, PAST_EXPIRY, RECALLED_HERE})
"""Kinds that open by themselves some minutes later: on a slow machine that is during the tests."""


def _look_at_incidents(shop: Checked) -> None:
    end = time.monotonic() + 5  # what was committed last may not be folded yet
    while {one["kind"] for one in shop.site.incidents()} - BY_TIME != shop.incidents:
        assert time.monotonic() < end, shop.site.incidents()


def _projected(site: Site) -> dict[str, list[tuple[Any, ...]]]:
    uri = f"file:{site.database}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as database:
        return {
            table: database.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()
            for table, order in PROJECTIONS.items()
        }


def _look_for_secrets(shop: Checked) -> None:
    assert shop.secrets
    pieces = {piece for secret in shop.secrets for piece in (secret[:PIECE], secret[-PIECE:])}
    read = 0
    for path in shop.folder.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes()
        read += bool(content) and path.name in ("journal.sqlite3", "hub.sqlite3")
        for piece in pieces:
            assert piece.encode() not in content, f"{path} holds a piece of a secret"
    assert read == 1 + len(shop.kiosks), "a database was not looked at"
    for piece in pieces:
        assert shop.tap.carried(piece) == []


def _journal(kiosk: Kiosk) -> set[tuple[str, int, str]]:
    """Epoch, number and hash of every event in a kiosk's journal; the kiosk does not run."""
    uri = f"file:{kiosk.journal}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as journal:
        rows = journal.execute(
            "SELECT epoch, id & ?, hash FROM event JOIN epoch ON number = id >> ?",
            ((1 << SEQ_BITS) - 1, SEQ_BITS),
        ).fetchall()
    assert rows
    return {(epoch, seq, digest) for epoch, seq, digest in rows}
