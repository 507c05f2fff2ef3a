"""Enrolment: every kiosk gets prefixes that nobody else has or had."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub import db
from provisioning.identity import EnrolmentError, draw_prefixes, enrol
from provisioning.render import Value, toml

NOW_MS = 1_790_000_000_000


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sa.Connection]:
    engine = db.open_writer(db.sqlite_url(tmp_path / "hub.sqlite3"))
    db.migrate(engine)
    with engine.begin() as connection:
        connection.execute(db.stop.insert().values(id="stop-1", zh="站", en="Stop"))
        yield connection
    engine.dispose()


def test_a_kiosk_gets_eight_prefixes_which_the_hub_knows_as_its_own(
    connection: sa.Connection,
) -> None:
    identity = enrol(connection, "kiosk-1", "stop-1", NOW_MS)
    own = {grant.prefix for grant in identity.prefixes}
    known = connection.execute(sa.select(db.prefix.c.prefix, db.prefix.c.kiosk)).all()
    assert len(own) == 8
    assert {tuple(row) for row in known} == {(prefix, "kiosk-1") for prefix in own}
    assert all(grant.journal is None for grant in identity.prefixes)


def test_a_prefix_that_was_issued_once_is_drawn_again_and_never_issued_twice(
    connection: sa.Connection,
) -> None:
    connection.execute(db.kiosk.insert().values(id="kiosk-1", stop="stop-1", created_ms=NOW_MS))
    numbers = iter([7, 7, 8, 7, 8, 9, 10])
    assert draw_prefixes(connection, "kiosk-1", 2, NOW_MS, draw=lambda _: next(numbers)) == [
        "0007",
        "0008",
    ]
    assert draw_prefixes(connection, "kiosk-1", 2, NOW_MS, draw=lambda _: next(numbers)) == [
        "0009",
        "000A",
    ]


def test_two_kiosks_have_passwords_of_their_own(connection: sa.Connection) -> None:
    one = enrol(connection, "kiosk-1", "stop-1", NOW_MS)
    two = enrol(connection, "kiosk-2", "stop-1", NOW_MS)
    assert one.password != two.password
    assert len(one.password) >= 32


@pytest.mark.parametrize("name", ["", "k", "Kiosk", "站点一", "-kiosk", "k" * 33, "a/b", "a+b"])
def test_a_name_that_would_not_fit_into_a_topic_is_refused(
    connection: sa.Connection, name: str
) -> None:
    with pytest.raises(EnrolmentError, match="lower-case"):
        enrol(connection, name, "stop-1", NOW_MS)
    assert connection.scalar(sa.select(sa.func.count()).select_from(db.prefix)) == 0


def test_a_name_is_given_once(connection: sa.Connection) -> None:
    enrol(connection, "kiosk-1", "stop-1", NOW_MS)
    with pytest.raises(EnrolmentError, match="enrolled already"):
        enrol(connection, "kiosk-1", "stop-1", NOW_MS)


def test_settings_survive_whatever_a_name_holds() -> None:
    values: dict[str, Value] = {
        "a": 'quo"te \\ back\x00\x1f\x7f\n',
        "b": 3,
        "c": True,
        "d": ["x", "义仓"],
    }
    assert tomllib.loads(toml(values, "one\ntwo")) == values
