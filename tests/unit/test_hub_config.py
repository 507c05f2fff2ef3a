"""The hub's settings and schema: refused or applied as a whole."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from contract.settings import SettingsError
from hub import db
from hub.config import load


def test_all_mistakes_are_told_at_once_with_the_nearest_name(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text("mqtt_prot = 1883\nhttp_port = 99999\nmqtt_password = 7\nhousehold = 3\n")
    with pytest.raises(SettingsError) as caught:
        load(path)
    told = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 5
    assert "mqtt_port?" in told
    assert "households?" in told
    assert "http_port" in told
    assert "database: 缺少 / missing" in told


def test_a_secrets_value_is_not_told(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text('database = "hub.sqlite3"\nmqtt_password = 31337\n')
    with pytest.raises(SettingsError, match="mqtt_password") as caught:
        load(path)
    assert "31337" not in str(caught.value)


def test_paths_are_taken_from_where_the_settings_are(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text('database = "data/hub.sqlite3"\nbackup_dir = "/mnt/copies"\n')
    config = load(path)
    assert config.database == f"sqlite:///{tmp_path}/data/hub.sqlite3"
    assert config.backup_dir == "/mnt/copies"
    assert config.secret_key_file == str(tmp_path / "secret.key")


@pytest.mark.parametrize("content", [b"a = [", b"\xff"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hub.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"hub\.toml"):
        load(path)


def test_migrations_lead_to_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    engine = db.open_writer(db.sqlite_url(tmp_path / "hub.sqlite3"))
    db.migrate(engine)
    db.migrate(engine)  # a second start changes nothing
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []
        names = {row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_master")}
    assert {"event_opening", "event_problem", "incident_open", "item_session"} <= names
    engine.dispose()


def test_pages_cannot_write(tmp_path: Path) -> None:
    url = db.sqlite_url(tmp_path / "hub.sqlite3")
    writer = db.open_writer(url)
    db.migrate(writer)
    reader = db.open_reader(url)
    with reader.connect() as connection, pytest.raises(Exception, match="readonly"):
        connection.exec_driver_sql("DELETE FROM event")
    reader.dispose()
    writer.dispose()
