"""Pages and API of bundles, review and the ends of kiosks: what a person does there, and sees."""

import io
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from flask.testing import FlaskClient

from contract.batches import Batch, Header
from contract.bundles import Opening, Source
from hub.access import tokens
from hub.access.permissions import Role
from hub.fleet import bundle_key
from kiosk.bundles import seal, signing_key_id
from tests.integration.test_web_accounts import csrf
from tests.integration.test_web_operator import signed_in
from tests.support.hub_site import USER, HubSite, Journal, Place, signing_key
from tests.support.lifecycle_scene import received

SEND: Final = {"Content-Type": "application/octet-stream"}


class Office:
    """A hub with one stop, and what its kiosk has not sent."""

    def __init__(self, directory: Path) -> None:
        self.site = HubSite(directory)
        self.site.add_users()
        self.place: Place = self.site.add_stop("east", "东", "East", ("", ""), "4K2P")
        self.kiosk = self.place.journal.kiosk
        self.client = signed_in(self.site, USER)
        self.bearer = {"Authorization": f"Bearer {self.site.token(Role.OPERATOR)}"}

    def bundle(self, n: int, source: Source = Source.KIOSK, of: Journal | None = None) -> bytes:
        """A bundle of so many new events."""
        journal = of or self.place.journal
        written = [received(journal, self.site.now_ms + k) for k in range(n)]
        seed = signing_key(journal.kiosk)
        key = bundle_key.ensure(Path(self.site.config.bundle_key_file))
        opening = Opening(1, journal.kiosk, source, key, 5, True, "x", signing_key_id(seed))
        header = Header(journal.epoch, written[0].public.seq, n, written[-1].hash)
        file = io.BytesIO()
        seal(opening, seed, iter([Batch(header, tuple(one.raw for one in written))]), file)
        return file.getvalue()

    def upload(self, *files: tuple[str, bytes], client: FlaskClient | None = None) -> Any:
        """Through the form, to the page that follows."""
        client = client or self.client
        form = {
            "csrf_token": csrf(client, "/bundles"),
            "file": [(io.BytesIO(data), name) for name, data in files],
        }
        return client.post("/bundles", data=form, follow_redirects=True)

    def post(self, address: str, **form: str) -> Any:
        """A form of a page, to the page that follows."""
        form["csrf_token"] = csrf(self.client, "/bundles")
        return self.client.post(address, data=form, follow_redirects=True)

    def api(self, method: str, path: str, **how: Any) -> Any:
        """A request of a program."""
        headers = {**self.bearer, **how.pop("headers", {})}
        return self.site.client().open(f"/api/v1{path}", method=method, headers=headers, **how)

    def items(self) -> int:
        """How many things the hub knows."""
        rows = self.api("GET", "/tables/items?limit=500").get_json()["rows"]
        return len(rows)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    found = Office(tmp_path)
    yield found
    found.site.close()


def told(page: Any) -> str:
    return re.sub(r"\s+", " ", " ".join(re.findall(r'role="status">\s*<p>(.*?)</p>', page.text)))


def test_a_file_from_a_stick_is_handed_in_and_counts_once(office: Office) -> None:
    data = office.bundle(5)
    assert f"{office.kiosk}: 5 new events." in told(office.upload(("a.yicang", data)))
    again = office.upload(("a.yicang", data), ("holiday.jpg", b"\xff\xd8"))
    assert "5 were here already" in told(again)
    assert "holiday.jpg: This is no bundle of a kiosk" in told(again)
    assert office.items() == 5


def test_a_form_without_a_file_says_so(office: Office) -> None:
    page = office.upload()
    assert (page.status_code, "Choose a file first" in page.text) == (400, True)


def test_who_may_not_keep_kiosks_may_not_bring_bundles(office: Office) -> None:
    client = signed_in(office.site, "viewer")
    assert "Take them in" not in client.get("/bundles").text
    assert office.upload(("a.yicang", office.bundle(1)), client=client).status_code == 403


class Unread(io.RawIOBase):
    """A body of which is counted what was taken."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        n = min(len(into), self.left)
        into[:n] = b"x" * n
        self.left -= n
        self.taken += n
        return n


@pytest.mark.parametrize("who", ["", "viewer"])
def test_a_large_file_of_somebody_who_may_not_bring_bundles_is_refused_unread(
    office: Office, who: str
) -> None:
    client = signed_in(office.site, who) if who else office.site.client()
    body = Unread(5_000_000)
    answer = client.post(
        "/bundles",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"wsgi.input": body, "CONTENT_LENGTH": "5000000"},
    )
    assert (answer.status_code, body.taken) == (413, 0)


def test_a_bundle_of_a_stop_beyond_ones_own_is_refused(office: Office) -> None:
    office.site.add_stop("west", "西", "West", ("", ""), "5WWW")
    token = office.site.token(Role.OPERATOR, stops=["west"])
    headers = {"Authorization": f"Bearer {token}", **SEND}
    answer = office.site.client().post("/api/v1/bundles", data=office.bundle(2), headers=headers)
    assert answer.status_code == 403
    assert office.items() == 0


def test_a_program_brings_a_bundle_and_its_key_again_brings_the_same_answer(
    office: Office,
) -> None:
    data, key = office.bundle(4), str(uuid.uuid4())
    how: dict[str, Any] = {"headers": {**SEND, "Idempotency-Key": key}}
    first = office.api("POST", "/bundles", data=data, **how)
    assert first.get_json() == {
        "kiosk": office.kiosk, "events": 4, "fresh": 4, "held": 0, "review": 0, "rejected": 0,
    }  # fmt: skip
    assert office.api("POST", "/bundles", data=data, **how).get_json() == first.get_json()
    assert office.api("POST", "/bundles", data=data[:-1], **how).status_code == 422
    held = office.api("POST", "/bundles", data=data, headers=SEND).get_json()
    assert (held["fresh"], held["held"]) == (0, 4)
    cut = office.api("POST", "/bundles", data=data[:-1], headers=SEND)
    assert (cut.status_code, "damaged" in cut.get_json()["detail"]) == (409, True)
    typed = office.api("POST", "/bundles", data=data, headers={"Content-Type": "text/plain"})
    assert typed.status_code == 415


def test_a_stolen_kiosk_is_cut_off_and_its_events_are_decided_on(office: Office) -> None:
    page = office.post(f"/kiosks/{office.kiosk}/revoke", why="stolen")
    assert "is cut off" in told(page)
    assert "It was stolen" in page.text
    page = office.upload(("a.yicang", office.bundle(6)))
    assert "6 wait for review" in told(page)
    assert office.items() == 0
    epoch = office.place.journal.epoch
    page = office.post(f"/review/{office.kiosk}/accept", epoch=epoch, first="3", last="4")
    assert "2 events were taken in" in told(page)
    page = office.post(f"/review/{office.kiosk}/reject", why="made-up")
    assert "4 events were refused" in told(page)
    page = office.post(f"/review/{office.kiosk}/reconsider")
    assert "4 events wait again" in told(page)
    page = office.post(f"/review/{office.kiosk}/accept")
    assert "4 events were taken in" in told(page)
    assert office.items() == 6
    acts = {row[0] for row in _audit(office)}
    assert {"kiosk.revoked", "review.accepted", "review.rejected", "review.reconsidered"} <= acts


def _audit(office: Office) -> list[Any]:
    with office.site.reader.connect() as here:
        return list(here.exec_driver_sql("SELECT what FROM audit"))


def test_a_part_that_is_none_and_a_missing_reason_change_nothing(office: Office) -> None:
    office.post(f"/kiosks/{office.kiosk}/revoke", why="lost")
    office.upload(("a.yicang", office.bundle(2)))
    epoch = office.place.journal.epoch
    without_start = {"epoch": "", "first": "1", "last": "1"}  # would take in all of it
    for form in (
        {"first": "9", "last": "1"},
        {"first": "x", "last": "2"},
        {"first": "1"},
        without_start,
    ):
        page = office.post(f"/review/{office.kiosk}/accept", **{"epoch": epoch, **form})
        assert "give the first and the last number" in told(page)
    assert "Say why" in told(office.post(f"/review/{office.kiosk}/reject", why="mood"))
    assert office.api("GET", f"/kiosks/{office.kiosk}/review").get_json()["lines"] == 2


def test_a_kiosk_that_is_away_is_retired_only_when_somebody_insists(office: Office) -> None:
    page = office.post(f"/kiosks/{office.kiosk}/retire", why="broken")
    assert (page.status_code, "It is not connected" in page.text) == (409, True)
    page = office.post(f"/kiosks/{office.kiosk}/retire", why="broken", anyway="1")
    assert "is out of service" in told(page)
    again = office.api("POST", f"/kiosks/{office.kiosk}/retire", json={"why": "broken"})
    assert again.status_code == 409
    assert "5 new events" in told(office.upload(("a.yicang", office.bundle(5))))


def test_a_kiosk_that_ended_is_named_so_and_asked_for_nothing_more(office: Office) -> None:
    assert office.kiosk in office.client.get("/labels/").text
    office.post(f"/kiosks/{office.kiosk}/revoke", why="lost")
    listed = office.api("GET", "/tables/kiosks").get_json()["rows"]
    assert [row["state"] for row in listed] == ["revoked"]
    assert office.kiosk not in office.client.get("/labels/").text
    roll = {"kiosk": office.kiosk, "n": 3}
    assert office.api("POST", "/labels/rolls", json=roll).status_code == 409


def test_a_program_does_what_the_pages_do(office: Office) -> None:
    base = f"/kiosks/{office.kiosk}"
    assert office.api("GET", f"{base}/end").get_json()["revoked_ms"] is None
    office.api("POST", "/bundles", data=office.bundle(3), headers=SEND)
    ended = office.api("POST", f"{base}/revoke", json={"why": "copied"}).get_json()
    epoch = office.place.journal.epoch
    assert [(one["epoch"], one["through"]) for one in ended["marks"]] == [(epoch, 5)]
    office.api("POST", "/bundles", data=office.bundle(4), headers=SEND)
    waiting = office.api("GET", f"{base}/review").get_json()
    assert (waiting["lines"], waiting["items"], waiting["kinds"]) == (4, 4, {"received": 4})
    part = [{"epoch": epoch, "first": 6, "last": 7}]
    done = office.api("POST", f"{base}/review/accept", json={"stretches": part}).get_json()
    assert done == {"lines": 2, "fresh": 2}
    done = office.api("POST", f"{base}/review/reject", json={"why": "made-up"}).get_json()
    assert done["lines"] == 2
    assert office.api("POST", f"{base}/review/reconsider", json={}).get_json()["lines"] == 2
    assert office.api("POST", f"{base}/review/accept", json={}).get_json()["fresh"] == 2
    assert office.items() == 7
    assert office.api("GET", "/kiosks/nobody/review").status_code == 404
    assert len(office.api("GET", "/tables/bundles").get_json()["rows"]) == 2


def test_whose_token_was_taken_back_was_not_at_the_command_line(office: Office) -> None:
    office.api("POST", "/bundles", data=office.bundle(2), headers=SEND)
    with office.site.reader.connect() as here:
        (token,) = tokens.everyone(here)
    office.site.writer.call(lambda writing: tokens.revoke(writing, token.id))
    shown = office.client.get("/bundles").text
    assert "at the command line" not in shown
    assert token.id in shown


def test_what_a_forgotten_kiosk_has_is_shown_and_decided_on_by_who_sees_every_stop(
    office: Office,
) -> None:
    page = office.upload(("a.yicang", office.bundle(3, of=Journal("gone-k1", "9GNE")))).text
    assert "gone-k1" in page
    shown = office.client.get("/review/gone-k1").text
    assert "The hub does not know this kiosk" in shown
    assert "/kiosks/gone-k1" not in shown, "there is no such page"
    assert "gone-k1" in office.client.get("/review?kiosk=gone-k1").text
    assert office.api("GET", "/kiosks/gone-k1/review").get_json()["lines"] == 3
    assert office.api("GET", "/kiosks/nobody/review").status_code == 404

    office.site.add_user("near", Role.OPERATOR, stops=["east"])
    near = signed_in(office.site, "near")
    assert near.get("/review/gone-k1").status_code == 403
    assert "gone-k1" not in near.get("/review").text

    before = office.items()
    told = office.post("/review/gone-k1/accept").text
    assert "3 events were taken in" in told
    assert office.items() == before + 3
