"""The shape of a journal's database, and the ways from one shape to another.

**A journal carries its way back.** An update may be left again after its release has brought the
journal up to date and recorded in it, and no copy of the journal from before knows what was
recorded since. So whoever changes the shape writes down in the journal itself, in the same
transaction, the statements that undo it (``meta``, key ``back-N``: from version N to N - 1), and an
earlier release that finds a later version walks them back to its own, in one transaction. It needs
to know nothing of the later release, which may not even start any more. The rule for a change:
events and all that a COMMIT promised (turns, lanes, papers, epochs) come through there and back;
only what the hub says again may be dropped.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

SCHEMA_VERSION: Final = 5

_COMMANDS: Final = """
-- Commands of the hub that were taken, and what they have printed: see `kiosk.command_store`.
CREATE TABLE command (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    expires INTEGER NOT NULL,
    total INTEGER NOT NULL,
    ended INTEGER NOT NULL DEFAULT 0,
    started INTEGER NOT NULL DEFAULT 0,
    ending TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '',
    doubtful TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE command_label (
    command INTEGER NOT NULL, position INTEGER NOT NULL, code TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (command, position)
) WITHOUT ROWID;
CREATE INDEX command_label_code ON command_label (code);
"""

_TASKS: Final = """
-- What else the hub had this kiosk do: see `kiosk.tasks.store`.
CREATE TABLE task (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    expires INTEGER NOT NULL,
    state TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    mark TEXT NOT NULL DEFAULT '',
    checks BLOB NOT NULL DEFAULT '[]',
    file TEXT NOT NULL DEFAULT '',
    command BLOB NOT NULL
);
"""

_SCHEMA: Final = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE epoch (
    number INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL UNIQUE,
    boot TEXT NOT NULL,
    acked INTEGER NOT NULL DEFAULT 0,
    safe INTEGER NOT NULL DEFAULT 0,
    disputed INTEGER NOT NULL DEFAULT 0,
    closed_wall INTEGER
);

-- id: see `event_key`
CREATE TABLE event (
    id INTEGER PRIMARY KEY, hash TEXT NOT NULL, mono INTEGER NOT NULL, raw BLOB NOT NULL
);

-- Turns that are committed and not yet spread into lane, known and print_job.
CREATE TABLE turn (id INTEGER PRIMARY KEY, redo BLOB NOT NULL);

-- With row ids: a long session's state stays within one page.
CREATE TABLE lane (lane TEXT PRIMARY KEY, state BLOB NOT NULL);

CREATE TABLE known (
    code TEXT PRIMARY KEY, status TEXT NOT NULL, plan TEXT, place TEXT, box TEXT, category TEXT,
    sealed INTEGER NOT NULL DEFAULT 0, aside INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX known_plan ON known (plan) WHERE plan IS NOT NULL;
CREATE INDEX known_place ON known (place) WHERE place IS NOT NULL;
CREATE INDEX known_box ON known (box) WHERE box IS NOT NULL;

-- Who came to work and has not gone home: the card's hash and the event that says so.
CREATE TABLE work (
    person TEXT PRIMARY KEY, epoch TEXT NOT NULL, seq INTEGER NOT NULL,
    boot TEXT NOT NULL, mono INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE block (
    prefix TEXT NOT NULL, block INTEGER NOT NULL, PRIMARY KEY (prefix, block)
) WITHOUT ROWID;

CREATE TABLE print_job (
    id INTEGER PRIMARY KEY,
    lane TEXT NOT NULL,
    data BLOB NOT NULL,
    item TEXT,
    head TEXT NOT NULL,
    secret TEXT,
    boot TEXT NOT NULL,
    mono INTEGER NOT NULL,
    started INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE product (
    gtin TEXT PRIMARY KEY, category TEXT NOT NULL, zh TEXT NOT NULL, en TEXT NOT NULL
) WITHOUT ROWID;
{_COMMANDS}{_TASKS}"""

_UPGRADES: Final = {
    1: """
ALTER TABLE event RENAME TO event_1;
CREATE TABLE event (
    id INTEGER PRIMARY KEY, hash TEXT NOT NULL, mono INTEGER NOT NULL, raw BLOB NOT NULL
);
INSERT INTO event
    SELECT number << 40 | seq, hash, mono, raw FROM event_1 JOIN epoch USING (epoch)
    ORDER BY number, seq;
DROP TABLE event_1;
CREATE TABLE turn (id INTEGER PRIMARY KEY, redo BLOB NOT NULL);
ALTER TABLE known ADD COLUMN place TEXT;
ALTER TABLE known ADD COLUMN box TEXT;
ALTER TABLE known ADD COLUMN category TEXT;
ALTER TABLE known ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX known_place ON known (place) WHERE place IS NOT NULL;
CREATE INDEX known_box ON known (box) WHERE box IS NOT NULL;
CREATE TABLE work (
    person TEXT PRIMARY KEY, epoch TEXT NOT NULL, seq INTEGER NOT NULL,
    boot TEXT NOT NULL, mono INTEGER NOT NULL
) WITHOUT ROWID;
""",
    2: "ALTER TABLE known ADD COLUMN aside INTEGER NOT NULL DEFAULT 0;",
    3: _COMMANDS,
    4: _TASKS,
}
"""How a journal of this version becomes one of the next; the whole way is one transaction."""

_WAYS_BACK: Final = {
    3: "ALTER TABLE known DROP COLUMN aside;",
    4: "DROP TABLE command_label; DROP TABLE command;",
    5: "DROP TABLE task;",
}
"""How a journal of this version becomes one of the version before. (Of those before 3 no release
that walks back was ever in use.)"""


class Schema(NamedTuple):
    """The shape that a release gives its journal: ``create`` makes it from nothing, ``upgrades``
    lead from a version to the next, ``ways_back`` to the one before."""

    version: int
    create: str
    upgrades: Mapping[int, str]
    ways_back: Mapping[int, str]


SCHEMA: Final = Schema(SCHEMA_VERSION, _SCHEMA, _UPGRADES, _WAYS_BACK)
