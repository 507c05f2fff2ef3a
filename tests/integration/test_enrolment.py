"""A kiosk that was invited becomes one of the hub's, once, and nobody else does by its code."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from cryptography import x509

from contract import enrolling
from contract.enrolling import Enrolled
from hub import db
from hub.access.audit import COMMAND_LINE
from hub.access.permissions import Role
from hub.fleet import lifecycle
from hub.folds.item import fold_item
from hub.kiosks import broker_accounts, catalogue
from hub.kiosks.reference import Reference
from hub.log.event_log import EventLog
from hub.log.ingest import Ingest
from hub.log.writer import Writer
from hub.overdue_watch import OverdueWatch
from hub.projections.projector import Projector
from hub.web.app import create_app
from provisioning.authority import Authority
from tests.integration.test_api_decisions import ask
from tests.support.hub_site import DAY_MS, HOUR_MS, HubSite
from tests.support.new_kiosk import HUB, NewKiosk, problem, verifier, with_tls
from tests.support.processes import until

STOP = "stop-east"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_stop(STOP, "东门站", "East Gate", ("", ""), "0E0E")
    yield found
    found.close()


@pytest.fixture
def authority(site: HubSite, tmp_path: Path) -> Authority:
    return with_tls(site, tmp_path / "authority", certificates=True)


def invite(site: HubSite, **body: Any) -> tuple[str, str]:
    """The id and the code of a new invitation."""
    status, made = ask(site, "POST", "/kiosks/invitations", json={"stop": STOP, **body})
    assert status == 200, made
    return made["invitation"]["id"], enrolling.parse(made["text"]).code


def confirm(site: HubSite, invitation: str, digits: str) -> tuple[int, Any]:
    return ask(site, "POST", f"/kiosks/invitations/{invitation}/confirm", json={"digits": digits})


def state(site: HubSite, invitation: str) -> str:
    status, told = ask(site, "GET", f"/kiosks/invitations/{invitation}")
    assert status == 200
    return str(told["state"])


def acts(site: HubSite) -> list[str]:
    with site.reader.connect() as here:
        rows = here.execute(sa.select(db.audit.c.what, db.audit.c.detail).order_by(db.audit.c.id))
        return [f"{row.what} {row.detail}" for row in rows if row.what.startswith("enrolment.")]


def open_incidents(site: HubSite) -> dict[str, int]:
    with site.reader.connect() as here:
        rows = here.execute(
            sa.select(db.incident.c.kind, db.incident.c.count).where(
                db.incident.c.closed_ms.is_(None)
            )
        )
        return {kind: count for kind, count in rows if kind.startswith("enrolment-")}


def account(site: HubSite, kiosk: str) -> broker_accounts.BrokerAccount | None:
    with site.reader.connect() as here:
        return broker_accounts.find(here, kiosk)


# --- the way through ------------------------------------------------------------------------------


def test_a_kiosk_is_invited_enrols_and_is_let_in_once_its_digits_are_typed(
    site: HubSite, authority: Authority
) -> None:
    invitation, code = invite(site)
    assert state(site, invitation) == "waiting"
    kiosk = NewKiosk(code, certificate=True)
    told = kiosk.enrolled(site.client())
    assert (told.kiosk, told.stop, told.stop_zh) == (f"{STOP}-k1", STOP, "东门站")
    assert (told.hub_url, told.mqtt_host, told.mqtt_port) == (HUB, "hub.yicang.example", 8883)
    assert told.mqtt_ca.encode() == authority.pem
    assert len(set(told.prefixes)) == 8
    assert told.hub_time == site.now_ms
    assert (told.confirmed, told.certificate) == (False, "")
    assert account(site, told.kiosk) is None, "nobody has confirmed it yet"
    assert told.kiosk not in site.client().get("/keys.json").text
    assert state(site, invitation) == "enrolled"

    status, done = confirm(site, invitation, kiosk.digits)
    assert (status, done["kiosk"], done["retired"]) == (200, told.kiosk, None)
    after = kiosk.enrolled(site.client())
    assert msgspec.structs.replace(after, confirmed=False, certificate="") == told
    assert after.confirmed
    certificate = x509.load_pem_x509_certificate(after.certificate.encode())
    assert authority.signed(after.certificate.encode())
    assert certificate.subject.rfc4514_string() == f"CN={told.kiosk}", "not what it calls itself"
    found = account(site, told.kiosk)
    assert found is not None
    assert (found.allowed, found.verifier, found.serial) == (
        True,
        kiosk.request.verifier,
        str(certificate.serial_number),
    )
    published = site.client().get("/keys.json").get_json()["keys"]
    assert kiosk.public_key in [
        key["public_key"] for key in published if key["kiosk"] == told.kiosk
    ]
    assert [act.split()[0] for act in acts(site)] == [
        "enrolment.invited",
        "enrolment.enrolled",
        "enrolment.confirmed",
    ]


def test_a_lost_answer_costs_nothing(site: HubSite, authority: Authority) -> None:
    _, code = invite(site)
    kiosk, client = NewKiosk(code), site.client()
    first, again = kiosk.ask(client), kiosk.ask(client)
    assert first.data == again.data
    with site.reader.connect() as here:
        issued = here.scalars(
            sa.select(db.prefix.c.prefix).where(db.prefix.c.kiosk == f"{STOP}-k1")
        )
        assert len(issued.all()) == 8


def test_a_kiosk_asks_every_few_seconds_for_a_day_and_is_never_slowed_down(
    site: HubSite, authority: Authority
) -> None:
    _, code = invite(site)
    kiosk, client = NewKiosk(code), site.client()
    for _ in range(200):
        site.now_ms += 10
        assert kiosk.ask(client).status_code == 200


def test_a_kiosk_that_lost_its_password_before_it_was_confirmed_brings_another(
    site: HubSite, authority: Authority
) -> None:
    invitation, code = invite(site)
    kiosk = NewKiosk(code)
    name = kiosk.enrolled(site.client()).kiosk
    kiosk.request = msgspec.structs.replace(kiosk.request, verifier=verifier("another"))
    assert kiosk.enrolled(site.client()).kiosk == name
    assert confirm(site, invitation, kiosk.digits)[0] == 200
    held = account(site, name)
    assert held is not None
    assert held.verifier == verifier("another")
    kiosk.request = msgspec.structs.replace(kiosk.request, verifier=verifier("a third"))
    assert problem(kiosk.ask(site.client())) == (409, "enrolment-used")


def test_numbers_of_kiosks_are_never_given_twice(site: HubSite, authority: Authority) -> None:
    names = []
    for seed in (1, 2, 3):
        invitation, code = invite(site)
        names.append(NewKiosk(code, seed).enrolled(site.client()).kiosk)
        assert ask(site, "POST", f"/kiosks/invitations/{invitation}/cancel", json={})[0] == 200
    assert names == [f"{STOP}-k1", f"{STOP}-k2", f"{STOP}-k3"]


def test_a_new_kiosk_takes_the_place_of_a_broken_one(site: HubSite, authority: Authority) -> None:
    old = f"kiosk-{STOP}"
    invitation, code = invite(site, replaces=old)
    kiosk = NewKiosk(code)
    kiosk.enrolled(site.client())
    with site.reader.connect() as here:
        assert here.scalar(sa.select(db.kiosk.c.retired_ms).where(db.kiosk.c.id == old)) is None
    status, done = confirm(site, invitation, kiosk.digits)
    assert (status, done["kiosk"], done["retired"]) == (200, f"{STOP}-k1", old)
    with site.reader.connect() as here:
        row = here.execute(sa.select(db.kiosk).where(db.kiosk.c.id == old)).one()
    assert (row.retired_ms, row.replaced_by) == (site.now_ms, f"{STOP}-k1")


def test_a_kiosk_that_nobody_confirms_is_none_after_a_day(
    site: HubSite, authority: Authority
) -> None:
    _invitation, code = invite(site)
    told = NewKiosk(code).enrolled(site.client())
    writer = Writer(
        site.writer.engine,
        Ingest(EventLog(), Reference()),
        Projector(fold_item),
        lambda _: None,
        lambda: site.now_ms,
    )
    watch = OverdueWatch(writer, lambda: site.now_ms, "Asia/Shanghai", every_s=0.05)

    def is_over() -> bool:
        with site.reader.connect() as here:
            end = lifecycle.ended(here, told.kiosk)
        return end is not None and end.ended

    writer.start()
    watch.start()
    try:
        writer.call(lambda _: None)
        assert not is_over()
        site.now_ms += DAY_MS + 1
        until("it is out of use", is_over)
    finally:
        watch.stop()
        writer.stop()


def test_an_account_at_the_broker_that_a_backup_does_not_know_keeps_its_name(
    site: HubSite, authority: Authority
) -> None:
    """It was confirmed after the backup from which the hub was restored."""
    secret = verifier("elsewhere")
    site.writer.call(lambda writing: broker_accounts.allow(writing, f"{STOP}-k1", secret, 1))
    assert NewKiosk(invite(site)[1]).enrolled(site.client()).kiosk == f"{STOP}-k2"


# --- what is refused, each in its own way ---------------------------------------------------------


def test_a_code_that_nobody_gave_is_unknown(site: HubSite, authority: Authority) -> None:
    foreign = NewKiosk(enrolling.new_code(bytes(10)))
    assert problem(foreign.ask(site.client())) == (404, "enrolment-unknown")
    assert problem(foreign.ask(site.client())) == (404, "enrolment-unknown")
    assert open_incidents(site) == {"enrolment-unknown": 2}
    assert acts(site) == ['enrolment.refused {"why":"enrolment-unknown"}'] * 2


def test_the_hub_s_clock_says_when_an_invitation_is_over(
    site: HubSite, authority: Authority
) -> None:
    invitation, code = invite(site, hours=2)
    kiosk = NewKiosk(code)
    site.now_ms += 2 * HOUR_MS - 1
    early = NewKiosk(invite(site)[1])
    assert early.ask(site.client()).status_code == 200
    site.now_ms += 1
    assert problem(kiosk.ask(site.client())) == (410, "enrolment-expired")
    assert state(site, invitation) == "expired"
    assert 'enrolment.refused {"why":"enrolment-expired"}' in acts(site)


def test_a_kiosk_whose_digits_nobody_typed_for_a_day_is_none(
    site: HubSite, authority: Authority
) -> None:
    invitation, code = invite(site, hours=2)
    kiosk = NewKiosk(code)
    name = kiosk.enrolled(site.client()).kiosk
    site.now_ms += DAY_MS - 1
    assert kiosk.ask(site.client()).status_code == 200, "longer than the code would have worked"
    site.now_ms += 2
    assert problem(kiosk.ask(site.client())) == (410, "enrolment-expired")
    assert confirm(site, invitation, kiosk.digits)[0] == 409
    invite(site)
    held = account(site, name)
    assert held is not None
    assert not held.allowed
    with site.reader.connect() as here:
        assert here.scalar(sa.select(db.kiosk.c.retired_ms).where(db.kiosk.c.id == name))


def test_a_code_that_was_copied_works_for_the_first_key_alone(
    site: HubSite, authority: Authority
) -> None:
    invitation, code = invite(site)
    first, second = NewKiosk(code, 1), NewKiosk(code, 2)
    first.enrolled(site.client())
    assert problem(second.ask(site.client())) == (409, "enrolment-used")
    assert open_incidents(site) == {"enrolment-replayed": 1}
    assert first.digits != second.digits
    assert confirm(site, invitation, second.digits)[0] == 409, "the second one's ticket is no good"
    assert confirm(site, invitation, first.digits)[0] == 200
    assert problem(second.ask(site.client())) == (409, "enrolment-used")


def test_an_invitation_that_was_taken_back_is_over_for_who_has_it_and_who_has_not(
    site: HubSite, authority: Authority
) -> None:
    invitation, code = invite(site)
    other, other_code = invite(site)
    kiosk = NewKiosk(code)
    name = kiosk.enrolled(site.client()).kiosk
    for one in (invitation, other):
        assert ask(site, "POST", f"/kiosks/invitations/{one}/cancel", json={})[0] == 200
        assert ask(site, "POST", f"/kiosks/invitations/{one}/cancel", json={})[0] == 409
    assert problem(kiosk.ask(site.client())) == (410, "enrolment-cancelled")
    assert problem(NewKiosk(other_code, 2).ask(site.client())) == (410, "enrolment-cancelled")
    assert confirm(site, invitation, kiosk.digits)[0] == 409
    held = account(site, name)
    assert held is not None
    assert not held.allowed


def test_a_kiosk_that_ended_is_given_nothing_more_and_cannot_be_confirmed(
    site: HubSite, authority: Authority
) -> None:
    invitation, code = invite(site)
    kiosk = NewKiosk(code)
    name = kiosk.enrolled(site.client()).kiosk
    assert confirm(site, invitation, kiosk.digits)[0] == 200
    other, other_code = invite(site)
    second = NewKiosk(other_code, 2)
    second_name = second.enrolled(site.client()).kiosk

    def steal(here: sa.Connection) -> None:
        for one in (name, second_name):
            lifecycle.revoke(here, one, "stolen", COMMAND_LINE, site.now_ms)

    site.writer.call(steal)
    assert problem(kiosk.ask(site.client())) == (410, "enrolment-cancelled")
    assert problem(second.ask(site.client())) == (410, "enrolment-cancelled")
    assert confirm(site, other, second.digits)[0] == 409
    held = account(site, second_name)
    assert held is None or not held.allowed


def test_three_wrong_digits_end_it_and_forbid_the_account(
    site: HubSite, authority: Authority
) -> None:
    invitation, code = invite(site)
    kiosk = NewKiosk(code)
    name = kiosk.enrolled(site.client()).kiosk
    wrong = "000000" if kiosk.digits != "000000" else "111111"
    told = [confirm(site, invitation, wrong) for _ in range(3)]
    assert [status for status, _ in told] == [409, 409, 409]
    assert [body["detail"] for _, body in told] == [
        "wrong-digits: 2 left",
        "wrong-digits: 1 left",
        "wrong-digits: 0 left",
    ]
    assert confirm(site, invitation, kiosk.digits)[0] == 409, "the right ones come too late"
    held = account(site, name)
    assert held is not None
    assert not held.allowed
    assert problem(kiosk.ask(site.client())) == (410, "enrolment-cancelled")


def test_digits_before_a_kiosk_has_come_are_refused_and_cost_no_try(
    site: HubSite, authority: Authority
) -> None:
    invitation, code = invite(site)
    assert confirm(site, invitation, "123456")[0] == 409
    kiosk = NewKiosk(code)
    kiosk.enrolled(site.client())
    assert ask(site, "GET", f"/kiosks/invitations/{invitation}")[1]["tries_left"] == 3


def test_what_is_not_signed_by_its_own_key_is_refused(site: HubSite, authority: Authority) -> None:
    _, code = invite(site)
    kiosk, client = NewKiosk(code), site.client()
    body = enrolling.encode_request(kiosk.request)
    thief = NewKiosk(code, 2)
    answer = client.post(
        enrolling.ENROL_PATH, data=body, headers=thief.signed(body), content_type="application/json"
    )
    assert problem(answer) == (422, "bad-signature")
    answer = client.post(enrolling.ENROL_PATH, data=body, content_type="application/json")
    assert problem(answer) == (422, "bad-signature")
    assert acts(site)[-2:] == ['enrolment.refused {"why":"bad-signature"}'] * 2


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"\xff", b'{"code":"x"}', b" " * 20_000, b'{"code":"\\u0000"}'],
    ids=["nothing", "a list", "half", "no text", "too little", "too long", "NUL"],
)
def test_what_cannot_be_read_is_refused_without_harm(
    site: HubSite, authority: Authority, body: bytes
) -> None:
    kiosk = NewKiosk(enrolling.new_code(bytes(10)))
    assert problem(kiosk.ask(site.client(), body=body)) == (400, "bad-request")


def test_a_request_beyond_all_measure_is_not_even_read(site: HubSite, authority: Authority) -> None:
    kiosk = NewKiosk(enrolling.new_code(bytes(10)))
    assert kiosk.ask(site.client(), body=b" " * 100_000).status_code == 413


def test_who_tries_codes_is_slowed_down_by_address_and_the_next_one_is_not(
    site: HubSite, authority: Authority
) -> None:
    client = site.client()
    statuses = [
        NewKiosk(enrolling.new_code(bytes([n]) * 10)).ask(client).status_code for n in range(8)
    ]
    assert statuses[:5] == [404] * 5
    assert set(statuses[5:]) == {429}
    late = NewKiosk(enrolling.new_code(bytes(10))).ask(client)
    assert problem(late) == (429, "too-many")
    assert 1 <= int(late.headers["Retry-After"]) <= 21
    assert open_incidents(site) == {"enrolment-unknown": 5}, "those that had to wait tried nothing"
    elsewhere = NewKiosk(enrolling.new_code(bytes(10))).ask(client, address="192.0.2.8")
    assert problem(elsewhere) == (404, "enrolment-unknown")
    _, code = invite(site)
    assert NewKiosk(code).ask(client).status_code == 200, "whoever has a code need not wait"
    site.now_ms += 20_000
    assert problem(NewKiosk(enrolling.new_code(bytes(10))).ask(client))[0] == 404
    site.restart()
    statuses = [NewKiosk(enrolling.new_code(bytes(10))).ask(client).status_code for _ in range(2)]
    assert statuses == [429, 429], "a restart forgives nothing"


def test_the_code_is_written_nowhere(site: HubSite, authority: Authority, tmp_path: Path) -> None:
    invitation, code = invite(site)
    first, second = NewKiosk(code), NewKiosk(code, 2)
    first.enrolled(site.client())
    second.ask(site.client())
    confirm(site, invitation, first.digits)
    with site.reader.connect() as here:
        for table in db.metadata.sorted_tables:
            for row in here.execute(sa.select(table)):
                assert code not in repr(row), table.name


def test_of_many_machines_that_come_at_once_with_one_code_one_is_taken(
    site: HubSite, authority: Authority
) -> None:
    invitation, code = invite(site)
    site.writer.engine.dispose()
    engine = db.open_writer(site.config.database)
    writer = Writer(
        engine,
        Ingest(EventLog(), Reference()),
        Projector(fold_item),
        publish=lambda _send: None,
        now_ms=lambda: site.now_ms,
    )
    writer.start()
    app = create_app(site.config, site.reader, writer, now=lambda: site.now_ms / 1000)
    kiosks = [NewKiosk(code, seed) for seed in range(1, 9)]

    def come(kiosk: NewKiosk) -> int:
        n = kiosks.index(kiosk)
        return kiosk.ask(app.test_client(), address=f"192.0.2.{n}").status_code

    try:
        with ThreadPoolExecutor(len(kiosks)) as pool:
            statuses = list(pool.map(come, kiosks))
    finally:
        writer.stop()
        engine.dispose()
    assert sorted(statuses) == [200] + [409] * 7
    with site.reader.connect() as here:
        came = here.scalars(sa.select(db.kiosk.c.id).where(db.kiosk.c.id.startswith(f"{STOP}-k")))
        assert came.all() == [f"{STOP}-k1"]
    first = kiosks[statuses.index(200)]
    assert confirm(site, invitation, first.digits)[0] == 200


# --- who may, and what is missing -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "stops", "status"),
    [
        (Role.OPERATOR, (), 200),
        (Role.WAREHOUSE_MANAGER, (), 200),
        (Role.ADMINISTRATOR, (), 200),
        (Role.VIEWER, (), 403),
        (Role.VOLUNTEER_LEAD, (), 403),
        (Role.AUDITOR, (), 403),
        (Role.OPERATOR, ("stop-west",), 403),
    ],
)
def test_managers_operators_and_administrators_of_the_stop_invite(
    site: HubSite, authority: Authority, role: Role, stops: tuple[str, ...], status: int
) -> None:
    site.add_stop("stop-west", "西门站", "West Gate", ("", ""), "0W0W")
    headers = {"Authorization": f"Bearer {site.token(role, stops=stops)}"}
    answer = site.client().post("/api/v1/kiosks/invitations", json={"stop": STOP}, headers=headers)
    assert answer.status_code == status
    if status == 403:
        invitation, _ = invite(site)
        for path in (f"{invitation}/cancel", f"{invitation}/confirm"):
            answer = site.client().post(
                f"/api/v1/kiosks/invitations/{path}", json={"digits": "123456"}, headers=headers
            )
            assert answer.status_code in (400, 403)


def test_invitations_of_other_stops_are_not_seen(site: HubSite, authority: Authority) -> None:
    site.add_stop("stop-west", "西门站", "West Gate", ("", ""), "0W0W")
    invitation, _ = invite(site)
    headers = {"Authorization": f"Bearer {site.token(Role.OPERATOR, stops=('stop-west',))}"}
    client = site.client()
    listed = client.get("/api/v1/kiosks/invitations", headers=headers).get_json()
    assert listed == {"invitations": []}
    path = f"/api/v1/kiosks/invitations/{invitation}"
    assert client.get(path, headers=headers).status_code == 403
    assert len(ask(site, "GET", "/kiosks/invitations")[1]["invitations"]) == 1


def test_a_code_is_told_once_even_to_the_same_request(site: HubSite, authority: Authority) -> None:
    headers = {
        "Authorization": f"Bearer {site.token(Role.OPERATOR)}",
        "Idempotency-Key": str(UUID(int=9)),
    }
    client = site.client()
    first = client.post("/api/v1/kiosks/invitations", json={"stop": STOP}, headers=headers)
    again = client.post("/api/v1/kiosks/invitations", json={"stop": STOP}, headers=headers)
    assert (first.status_code, again.status_code) == (200, 409)
    assert len(ask(site, "GET", "/kiosks/invitations")[1]["invitations"]) == 1


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ({"stop": "nowhere"}, 404, "There is no such stop."),
        ({"stop": STOP, "replaces": "nobody"}, 409, "unknown-kiosk"),
        ({"stop": STOP, "replaces": "kiosk-stop-west"}, 409, "other-stop"),
        ({"stop": STOP, "hours": 0}, 400, None),
        ({"stop": STOP, "hours": 1000}, 400, None),
        ({"stop": STOP, "haste": True}, 400, None),
    ],
)
def test_an_invitation_that_makes_no_sense_is_refused(
    site: HubSite, authority: Authority, body: dict[str, Any], status: int, detail: str | None
) -> None:
    site.add_stop("stop-west", "西门站", "West Gate", ("", ""), "0W0W")
    answered, told = ask(site, "POST", "/kiosks/invitations", json=body)
    assert answered == status
    if detail is not None:
        assert told["detail"] == detail


def test_a_hub_without_tls_says_that_it_cannot_invite(site: HubSite) -> None:
    status, told = ask(site, "POST", "/kiosks/invitations", json={"stop": STOP})
    assert (status, told["detail"]) == (409, "no-address")
    answer = NewKiosk(enrolling.new_code(bytes(10))).ask(site.client())
    assert problem(answer) == (404, "not-reachable")
    site.config = msgspec.structs.replace(site.config, public_url=HUB)
    site.restart()
    status, told = ask(site, "POST", "/kiosks/invitations", json={"stop": STOP})
    assert (status, told["detail"]) == (409, "no-authority")


def test_the_answer_keeps_to_what_the_openapi_document_says(
    site: HubSite, authority: Authority
) -> None:
    document = site.client().get("/api/v1/openapi.json").get_json()
    operation = document["paths"]["/api/v1/enrolments"]["post"]
    assert operation["security"] == []
    _, code = invite(site)
    answer = NewKiosk(code).ask(site.client())
    fields = set(document["components"]["schemas"]["Enrolled"]["properties"])
    assert set(answer.get_json()) == fields == set(Enrolled.__struct_fields__)


def test_a_kiosk_is_told_the_language_that_was_chosen_for_its_stop(
    site: HubSite, authority: Authority
) -> None:
    site.writer.call(lambda writing: catalogue.put_setting(writing, STOP, "language", "en"))
    _, code = invite(site)
    told = NewKiosk(code).enrolled(site.client())
    assert (told.language, told.timezone) == ("en", "Asia/Shanghai")
