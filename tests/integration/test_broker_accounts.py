"""Accounts at the broker as a hub keeps them: who is forbidden is out in two seconds, for good."""

import base64
import contextlib
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from contract import messages, topics
from contract.messages import Health, KioskStatus
from hub.kiosks import broker_accounts
from hub.kiosks.broker_accounts import AccountClosedError
from provisioning import mosquitto
from provisioning.mosquitto import ACCOUNTS, ACL, CRL, BrokerFileError
from tests.support.broker_doors import executables
from tests.support.broker_site import BrokerSite, acknowledged, send
from tests.support.databases import DATABASES
from tests.support.events import Journal, message_of
from tests.support.hubdb import make_template
from tests.support.processes import until
from tests.support.stopwatch import Stopwatch

KIOSK = "kiosk-a"
SOON_S = 2.0


@pytest.fixture(scope="module", params=list(executables()))
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrokerSite]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "hub").mkdir()
    database = make_template(folder / "hub" / "hub.sqlite3")
    with BrokerSite(folder, database, request.param) as running:
        yield running


@pytest.fixture
def database(site: BrokerSite) -> Path:
    return site.database


@contextlib.contextmanager
def soon() -> Iterator[None]:
    """What is in it takes less than `SOON_S`; what else the machine does is not counted."""
    with Stopwatch() as watch:
        yield
    assert watch.seconds < SOON_S


def test_a_kiosk_comes_in_as_soon_as_it_is_allowed_and_is_out_when_it_is_forbidden(
    site: BrokerSite,
) -> None:
    assert not site.lets_in("kiosk-p")
    site.allow("kiosk-p")
    site.allow("kiosk-q")
    with site.broker.by_password("kiosk-p") as kiosk, site.broker.by_password("kiosk-q") as other:
        with soon():
            site.forbid("kiosk-p")
            kiosk.wait_ended()
        with soon():
            until("it may not come in", lambda: not site.lets_in("kiosk-p"))
        assert not other.ended
    site.restart_hub()
    assert not site.lets_in("kiosk-p")
    assert site.lets_in("kiosk-q")


def test_a_session_by_certificate_ends_too_and_its_certificate_is_worth_nothing(
    site: BrokerSite,
) -> None:
    site.allow("kiosk-c", certificate=True)
    assert site.lets_in_by_certificate("kiosk-c")
    with site.broker.by_certificate(site.certificates["kiosk-c"]) as kiosk, soon():
        site.forbid("kiosk-c")
        kiosk.wait_ended()
    until("it may not come in", lambda: not site.lets_in_by_certificate("kiosk-c"))


def test_a_closed_account_is_never_opened_again(site: BrokerSite) -> None:
    site.allow("kiosk-x")
    site.forbid("kiosk-x")
    with pytest.raises(AccountClosedError, match="kiosk-x"):
        site.allow("kiosk-x")
    # Also one that never had an account: its name may be on somebody's card.
    site.forbid("kiosk-never")
    with pytest.raises(AccountClosedError):
        site.allow("kiosk-never")


def test_what_was_forbidden_after_a_backup_is_forbidden_when_the_backup_is_back(
    site: BrokerSite,
) -> None:
    site.allow("kiosk-r")
    site.forbid("kiosk-r")
    until("it may not come in", lambda: not site.lets_in("kiosk-r"))

    def restore(connection: Connection) -> None:
        verifier = site.papers.verifier("kiosk-r")
        connection.exec_driver_sql(
            "UPDATE broker_account SET allowed = true, verifier = ? WHERE kiosk = 'kiosk-r'",
            (verifier,),
        )

    site.hub.writer.call(restore)
    site.restart_hub()

    def closed() -> bool:
        held = site.hub.writer.call(lambda here: broker_accounts.find(here, "kiosk-r"))
        return held is not None and not held.allowed

    until("the hub knows again that it is forbidden", closed)
    assert not site.lets_in("kiosk-r")


def test_the_files_are_for_the_hub_and_the_brokers_group_alone(site: BrokerSite) -> None:
    site.allow("kiosk-f")
    for name in (ACCOUNTS, ACL, CRL):
        mode = stat.S_IMODE((site.broker.directory / name).stat().st_mode)
        assert mode & 0o137 == 0, f"{name} is {mode:o}"
    text = (site.broker.directory / ACCOUNTS).read_text()
    assert site.papers.password("kiosk-f") not in text
    assert not [path for path in site.broker.directory.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    "verifier",
    [
        "",
        "secret",
        "$7$101$c2FsdA==$short",
        "$7$9999999$" + "A" * 16 + "$" + "A" * 86 + "==",
        "{}\nroot:x",
    ],
)
def test_what_would_break_the_brokers_file_never_gets_there(
    site: BrokerSite, verifier: str
) -> None:
    good = site.papers.verifier("kiosk-v")
    with pytest.raises(BrokerFileError):
        site.hub.writer.call(
            lambda here: broker_accounts.allow(here, "kiosk-v", verifier.format(good), 1)
        )
    for name in ("yicang-hub", "a:b", "+", "Kiosk", "x", "a\nb"):
        with pytest.raises(BrokerFileError):
            site.hub.writer.call(
                lambda here, name=name: broker_accounts.allow(here, name, good, 1)  # type: ignore[misc]
            )


def test_a_forbidden_kiosk_is_offline_and_nothing_of_it_stays_at_the_broker(
    site: BrokerSite, database: Path
) -> None:
    site.allow("kiosk-o")
    status = topics.up("kiosk-o", topics.STATUS)
    with site.broker.by_password("kiosk-o") as kiosk:
        kiosk.code(kiosk.publish(status, messages.encode(KioskStatus(True)), retain=True))
        seen = "SELECT online FROM kiosk_state WHERE kiosk = 'kiosk-o'"
        until("it is online", lambda: DATABASES.look(database, seen) == [(1,)])
        site.forbid("kiosk-o")
        kiosk.wait_ended()
    until("it is offline", lambda: DATABASES.look(database, seen) == [(0,)])

    def gone() -> bool:
        with site.broker.spy() as looking:
            looking.subscribe("#")
            looking.publish("end", b"end")
            looking.wait_for("end", b"end")
            return status not in looking.topics()

    until("its retained status is gone", gone)


# --- what may stay retained ----------------------------------------------------------------------


def test_what_a_kiosk_wrongly_retains_is_taken_off_and_not_believed(
    site: BrokerSite, database: Path
) -> None:
    site.allow(KIOSK)
    health = messages.encode(
        Health(
            backlog=0,
            oldest_unsent_s=0,
            events=1,
            clock=True,
            software="0",
            uptime_s=1,
            disk_free_mb=1,
        )
    )
    wrong = [topics.up(KIOSK, name) for name in topics.UP if name != topics.STATUS]
    with site.broker.spy() as spy, site.broker.by_password(KIOSK) as kiosk:
        spy.subscribe("#")
        for topic in wrong:
            kiosk.code(kiosk.publish(topic, health, retain=True))
        kiosk.code(
            kiosk.publish(
                topics.up(KIOSK, topics.STATUS), messages.encode(KioskStatus(True)), retain=True
            )
        )
        for topic in wrong:
            spy.wait_for(topic, b"")  # the hub took it off
    seen = f"SELECT online, health FROM kiosk_state WHERE kiosk = '{KIOSK}'"
    until("the status came", lambda: [r[0] for r in DATABASES.look(database, seen)] == [1])
    assert [row[1] for row in DATABASES.look(database, seen)] == [None]
    with site.broker.spy() as later:
        later.subscribe("yicang/1/+/up/+")
        later.publish("yicang/1/x/up/end", b"end")
        later.wait_for("yicang/1/x/up/end", b"end")
        assert later.topics() & set(wrong) == set()


def test_retained_events_count_all_the_same_for_they_have_their_place(site: BrokerSite) -> None:
    site.allow("kiosk-b")
    journal = Journal("kiosk-b", "00AB")
    journal.start()
    journal.receive()
    with site.broker.by_password("kiosk-b") as kiosk:
        kiosk.subscribe(topics.down("kiosk-b", topics.ACK))
        send(kiosk, message_of(journal.written), retain=True)
        epoch = str(journal.epoch)
        until("it is acknowledged", lambda: acknowledged(kiosk, "kiosk-b", epoch) == 3)


def test_a_password_is_kept_as_mosquittos_own_tool_keeps_it(tmp_path: Path) -> None:
    tool = shutil.which("mosquitto_passwd")
    assert tool is not None, "comes with mosquitto"
    file = tmp_path / "passwd"
    subprocess.run([tool, "-c", "-b", str(file), "kiosk-1", "secret"], check=True)
    user, _, theirs = file.read_text().strip().partition(":")
    salt = base64.b64decode(theirs.split("$")[3])
    assert (user, mosquitto.verifier("secret", salt)) == ("kiosk-1", theirs)
    assert mosquitto.require_verifier(theirs) == theirs
