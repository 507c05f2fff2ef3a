"""``yicang hub kiosk``: a kiosk is invited and confirmed at the machine itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from contract import enrolling
from contract.enrolling import EMPTY
from hub import db
from hub.access.audit import COMMAND_LINE
from hub.commands import hub
from hub.config import load
from hub.control import ControlServer, writer_lock
from hub.desk import perform
from hub.fleet import enrolment
from hub.fleet.reachable import reach
from hub.local_desk import LocalDesk
from provisioning.authority import Authority
from tests.support.new_kiosk import HUB, NewKiosk
from tests.support.pdf import codes_on


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A hub with a stop, an address and an authority; nothing runs."""
    folder = tmp_path / "hub"
    folder.mkdir()
    files = Authority.create("test").files()
    (folder / "ca.pem").write_bytes(files.certificate)
    (folder / "ca.key").write_bytes(files.key)
    (folder / "hub.toml").write_text(
        f'database = "hub.sqlite3"\npublic_url = "{HUB}"\nauthority_dir = "."\n'
    )
    engine = db.open_writer(load(folder / "hub.toml").database)
    db.migrate(engine)
    with engine.begin() as here:
        here.execute(db.stop.insert().values(id="east", zh="东门站", en="East Gate"))
    engine.dispose()
    return tmp_path


def run(data: Path, *words: str) -> Result:
    command, *rest = words
    return CliRunner().invoke(hub, ["kiosk", command, "--data", str(data), *rest])


def invited(data: Path) -> tuple[str, str]:
    """The id and code of a new invitation."""
    done = run(data, "invite", "--stop", "east")
    assert done.exit_code == 0, done.output
    first, *parts, text = done.output.splitlines()
    assembly = EMPTY
    for part in parts:
        assembly = enrolling.take(assembly, part)
    assert enrolling.assembled(assembly) == enrolling.parse(text)
    assert "东门站 / East Gate" in first
    return first.partition(":")[0], enrolling.parse(text).code


@contextmanager
def running(data: Path) -> Iterator[sa.Engine]:
    """The hub's own process holds the database and answers at its socket."""
    config = load(data / "hub" / "hub.toml")
    with writer_lock(data / "hub"):
        engine = db.open_writer(config.database)
        desk = LocalDesk(config, engine)
        server = ControlServer(data / "hub", lambda request: perform(request, desk))
        server.start()
        try:
            yield engine
        finally:
            server.close()
            engine.dispose()


def come(data: Path, code: str) -> NewKiosk:
    """A kiosk comes with the code, while the hub runs."""
    kiosk = NewKiosk(code)
    where = reach(load(data / "hub" / "hub.toml"))
    with running(data) as engine, engine.begin() as here:
        now = here.scalar(sa.select(db.enrolment.c.made_ms)) or 0
        enrolment.enrol(here, kiosk.request, where, "192.0.2.7", now)
    return kiosk


def test_a_kiosk_is_invited_comes_and_is_confirmed_without_a_page(data: Path) -> None:
    assert "no invitations" in run(data, "list").output
    invitation, code = invited(data)
    assert "waits for the kiosk" in run(data, "list").output
    early = run(data, "confirm", invitation, "123456")
    assert (early.exit_code, "no kiosk has come" in early.output) == (2, True)
    kiosk = come(data, code)
    assert "east-k1" in run(data, "list").output
    wrong = run(data, "confirm", invitation, "000000" if kiosk.digits != "000000" else "111111")
    assert (wrong.exit_code, "tries left: 2" in wrong.output) == (2, True)
    done = run(data, "confirm", invitation, kiosk.digits)
    assert (done.exit_code, "east-k1: 已确认 / confirmed" in done.output) == (0, True)
    assert "no invitations" in run(data, "list").output
    assert "confirmed" in run(data, "list", "--all").output


def test_it_works_beside_a_running_hub(data: Path) -> None:
    with running(data) as engine:
        invitation, _ = invited(data)
        assert invitation in run(data, "list").output
        assert run(data, "cancel", invitation).exit_code == 0
        again = run(data, "cancel", invitation)
        assert (again.exit_code, "over already" in again.output) == (2, True)
        with engine.connect() as here:
            rows = here.execute(sa.select(db.audit.c.who, db.audit.c.what)).all()
    assert [tuple(row) for row in rows] == [
        (COMMAND_LINE.account, "enrolment.invited"),
        (COMMAND_LINE.account, "enrolment.cancelled"),
    ]


def test_the_sheet_is_written_and_the_code_stands_nowhere_else(data: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "sheet.pdf"
    done = run(data, "invite", "--stop", "east", "--pdf", str(pdf))
    assert done.exit_code == 0, done.output
    (text,) = codes_on(pdf.read_bytes())
    assert enrolling.parse(text).url == HUB
    assert enrolling.parse(text).code not in done.output


def test_an_invitation_whose_sheet_cannot_be_written_is_taken_back(data: Path) -> None:
    done = run(data, "invite", "--stop", "east", "--pdf", str(data / "no" / "such" / "sheet.pdf"))
    assert (done.exit_code, "was taken back" in done.output) == (2, True)
    assert "no invitations" in run(data, "list").output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--stop", "nowhere"), "there is no such stop"),
        (("--stop", "east", "--replace", "nobody"), "there is no such kiosk"),
    ],
)
def test_what_makes_no_sense_is_refused(data: Path, words: tuple[str, ...], told: str) -> None:
    done = run(data, "invite", *words)
    assert (done.exit_code, told in done.output) == (2, True)


def test_a_hub_without_tls_says_what_to_do(data: Path) -> None:
    (data / "hub" / "hub.toml").write_text('database = "hub.sqlite3"\n')
    done = run(data, "invite", "--stop", "east")
    assert (done.exit_code, "yicang provision hub" in done.output) == (2, True)
