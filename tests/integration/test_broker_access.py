"""Who may do what at the broker: every question of the model, asked of a real Mosquitto with the
generated configuration."""

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as mqtt
import pytest

from contract import topics
from contract.batches import MAX_BATCH_BYTES
from provisioning.authority import Authority, serial_of
from provisioning.broker_access import (
    Door,
    Standing,
    User,
    Verb,
    allowed,
    client_id,
    enters,
    may_stay,
)
from provisioning.mosquitto import HUB_USER, MESSAGE_BYTES, PACKET_BYTES, Style
from tests.support import tls_scan
from tests.support.broker_doors import (
    HOST,
    HUB_PASSWORD,
    Caller,
    InstalledBroker,
    Papers,
    RefusedError,
    executables,
    said_of,
)
from tests.support.processes import until

OWN: Final = "kiosk-1"
OTHER: Final = "kiosk-2"
GONE: Final = "kiosk-3"
"""Forbidden."""
PIECE: Final = topics.reference("ab" * 32)
NOT_AUTHORIZED: Final = 0x87

TOPICS: Final = (
    *(topics.up(kiosk, name) for kiosk in (OWN, OTHER, GONE) for name in topics.UP),
    *(topics.down(kiosk, name) for kiosk in (OWN, OTHER, GONE) for name in topics.DOWN),
    topics.HUB_STATUS,
    PIECE,
    topics.reference(""),
    topics.reference("ab/cd"),
    topics.up(OWN, "other"),
    topics.down(OWN, "other"),
    f"{topics.up(OWN, topics.HELLO)}/more",
    f"{topics.ROOT}/{OWN}",
    topics.up("", topics.HELLO),
    topics.up(HUB_USER, topics.HELLO),
    topics.ROOT,
    "yicang/2/kiosk-1/up/hello",
    "anything",
    f"$share/group/{topics.up(OTHER, topics.EVENTS)}",
    "$CONTROL/dynamic-security/v1",
)
SYS: Final = "$SYS/broker/version"
FILTERS: Final = (
    "#",
    "+/+/+/+/+",
    f"{topics.ROOT}/+/down/#",
    *(topics.down(kiosk, topics.COMMAND) for kiosk in (OWN, OTHER)),
    topics.up(OTHER, topics.EVENTS),
    PIECE,
    "$share/group/#",
    f"$share/group/{topics.down(OTHER, topics.COMMAND)}",
    "$share/group/yicang/1/+/up/+",
    "$SYS/#",
    "$CONTROL/#",
)

HUB: Final = User(Door.HUB, HUB_USER)
BY_PASSWORD: Final = User(Door.PASSWORD, OWN)
BY_CERTIFICATE: Final = User(Door.CERTIFICATE, OWN)
OLD: Final = User(Door.PASSWORD, OWN, old=True)
OLD_HUB: Final = User(Door.HUB, HUB_USER, old=True)
GONE_BY_CERTIFICATE: Final = User(Door.CERTIFICATE, GONE, Standing.FORBIDDEN)
USERS: Final = (HUB, BY_PASSWORD, BY_CERTIFICATE, OLD, OLD_HUB)


class Desk:
    """The broker, and how each user of the model knocks."""

    def __init__(self, broker: InstalledBroker, papers: Papers) -> None:
        self.broker = broker
        self.papers = papers
        self.refuses_old = broker.style is Style.V2_1
        self._certificates = {name: papers.certificate(name) for name in (OWN, OTHER, GONE)}
        stranger = Authority.create("stranger")
        self._strange = papers.certificate(OWN, stranger)
        self.serials = [_serial(self._certificates[GONE])]

    def call(
        self, user: User, *, claims: str = "", will: tuple[str, bytes, bool] | None = None
    ) -> Caller:
        """The connection of ``user``; not open yet."""
        more: dict[str, Any] = {"claims": claims, "will": will, "old": user.old}
        match user.door, user.standing:
            case Door.HUB, Standing.OPEN:
                return self.broker.hub(**more)
            case Door.HUB, Standing.NAMELESS:
                return Caller(self.broker.hub_port, **more)
            case Door.HUB, _:
                password = self.papers.password(user.name)
                return Caller(self.broker.hub_port, user=user.name, password=password, **more)
            case Door.PASSWORD, Standing.NAMELESS:
                tls = self.broker.trusting(None)
                return Caller(self.broker.kiosk_port, tls=tls, **more)
            case Door.PASSWORD, Standing.WRONG:
                return self.broker.by_password(user.name, HUB_PASSWORD, **more)
            case Door.PASSWORD, _:
                return self.broker.by_password(user.name, **more)
            case _, Standing.NAMELESS:
                return self.broker.by_certificate(None, **more)
            case _, Standing.WRONG:
                return self.broker.by_certificate(self._strange, **more)
            case _:
                return self.broker.by_certificate(self._certificates[user.name], **more)


def _serial(files: tuple[Path, Path]) -> int:
    return serial_of(files[0].read_bytes())


@pytest.fixture(scope="module", params=list(executables()))
def desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("doors")
    papers = Papers(folder / "papers")
    style: Style = request.param
    broker = InstalledBroker(folder / "broker", papers, style, executables()[style])
    found = Desk(broker, papers)
    broker.write((OWN, OTHER), (GONE,), found.serials)
    with broker:
        yield found


@pytest.fixture
def spy(desk: Desk) -> Iterator[Caller]:
    with desk.broker.spy() as looking:
        looking.subscribe("#")
        yield looking


def inside(desk: Desk, users: Sequence[User] = USERS) -> list[User]:
    return [user for user in users if enters(user, refuses_old=desk.refuses_old)]


# --- who enters ----------------------------------------------------------------------------------


def test_only_an_open_account_at_its_own_door_is_let_in(desk: Desk) -> None:
    asked = [
        User(door, name, standing, old)
        for door, standing, old in itertools.product(Door, Standing, (False, True))
        for name in {
            (Door.HUB, Standing.OPEN): (HUB_USER,),
            (Door.HUB, Standing.WRONG): (HUB_USER, OWN),
            (Door.HUB, Standing.FORBIDDEN): (GONE,),
            (Door.PASSWORD, Standing.WRONG): (OWN, HUB_USER),
        }.get((door, standing), (GONE,) if standing is Standing.FORBIDDEN else (OWN,))
    ]
    found = {}
    for user in asked:
        try:
            with desk.call(user):
                found[user] = True
        except RefusedError:
            found[user] = False
    expected = {user: enters(user, refuses_old=desk.refuses_old) for user in asked}
    assert said_of(found, expected) == []
    assert sum(expected.values()) in {3, 6}


@pytest.mark.parametrize("user", [BY_PASSWORD, BY_CERTIFICATE])
@pytest.mark.parametrize("claims", [OTHER, HUB_USER, "somebody"])
def test_a_stolen_client_id_ends_nobody_elses_session(desk: Desk, user: User, claims: str) -> None:
    with (
        desk.broker.hub(claims=HUB_USER) as hub,
        desk.broker.by_password(OTHER) as other,
    ):
        other.subscribe(topics.down(OTHER, topics.ACK))
        with desk.call(user, claims=claims) as thief:
            thief.subscribe(topics.down(OTHER, topics.ACK))
            hub.code(hub.publish(topics.down(OTHER, topics.ACK), b"for the other"))
            other.wait_for(topics.down(OTHER, topics.ACK), b"for the other")
            assert not other.ended
            assert not hub.ended
            # What it is known as is its own name: the next with that ends it.
            with desk.call(User(user.door, client_id(user, claims))):
                thief.wait_ended()
            assert thief.received == []


def test_the_hub_ends_a_kiosks_session_from_its_own_door(desk: Desk) -> None:
    for user in (BY_PASSWORD, BY_CERTIFICATE):
        with desk.call(user) as kiosk, desk.broker.hub(claims=OWN):
            kiosk.wait_ended()


# --- who publishes -------------------------------------------------------------------------------


def test_what_is_published_arrives_only_from_who_may(desk: Desk, spy: Caller) -> None:
    found: dict[tuple[User, str, int, bool], bool] = {}
    told: dict[tuple[User, str], bool] = {}
    for user in inside(desk):
        asked = list(itertools.product(TOPICS, (0, 1), (False, True)))
        with desk.call(user) as caller:
            codes = {}
            for n, (topic, qos, retain) in enumerate(asked):
                mid = caller.publish(topic, f"{user}:{n}".encode(), qos=qos, retain=retain)
                if qos == 1 and not user.old:
                    codes[topic] = mid
            last = topics.HUB_STATUS if user.door is Door.HUB else topics.up(OWN, topics.HELLO)
            caller.publish(last, f"{user}: that was all".encode())
            spy.wait_for(last, f"{user}: that was all".encode())
            arrived = {one[:2] for one in spy.received}
            for n, (topic, qos, retain) in enumerate(asked):
                found[user, topic, qos, retain] = (topic, f"{user}:{n}".encode()) in arrived
            for topic, mid in codes.items():
                told[user, topic] = caller.code(mid) != NOT_AUTHORIZED
    expected = {question: allowed(question[0], Verb.PUBLISH, question[1]) for question in found}
    assert said_of(found, expected) == []
    assert said_of(told, {key: allowed(key[0], Verb.PUBLISH, key[1]) for key in told}) == []
    assert any(expected.values())
    assert not all(expected.values())


def test_wills_are_published_only_where_their_owner_may(desk: Desk, spy: Caller) -> None:
    found: dict[tuple[User, str, bool], bool] = {}
    for user in inside(desk, (HUB, BY_PASSWORD, BY_CERTIFICATE, OLD)):
        with contextlib.ExitStack() as open_ones:
            asked = list(itertools.product(TOPICS, (False, True)))
            for n, (topic, retain) in enumerate(asked):
                # The next connection of the same name ends this one, and so its will is due.
                will = (topic, f"{user}: will {n}".encode(), retain)
                with contextlib.suppress(RefusedError):  # newer ones refuse a will to $CONTROL
                    open_ones.enter_context(desk.call(user, claims=user.name, will=will))
            last = open_ones.enter_context(desk.call(user, claims=user.name))
            done = topics.HUB_STATUS if user.door is Door.HUB else topics.up(OWN, topics.HELLO)
            last.publish(done, f"{user}: no more wills".encode())
            spy.wait_for(done, f"{user}: no more wills".encode())
            arrived = {one[:2] for one in spy.received}
            for n, (topic, retain) in enumerate(asked):
                found[user, topic, retain] = (topic, f"{user}: will {n}".encode()) in arrived
    expected = {question: allowed(question[0], Verb.WILL, question[1]) for question in found}
    assert said_of(found, expected) == []
    assert any(expected.values())


# --- who hears -----------------------------------------------------------------------------------


def test_a_subscription_of_whatever_kind_brings_only_what_its_owner_may_hear(
    desk: Desk, spy: Caller
) -> None:
    sendable = [topic for topic in TOPICS if not topic.startswith("$")]
    found: dict[tuple[User, str, str], bool] = {}
    expected: dict[tuple[User, str, str], bool] = {}
    for number, (user, wanted) in enumerate(itertools.product(inside(desk), FILTERS)):
        with desk.call(user) as caller:
            # A second subscription tells when all has come; everybody who enters may hear it.
            caller.subscribe(wanted, topics.HUB_STATUS)
            payload = f"for all {number}".encode()
            for topic in sendable:
                spy.publish(topic, payload)
            spy.publish(topics.HUB_STATUS, payload + b", and no more")
            caller.wait_for(topics.HUB_STATUS, payload + b", and no more")
            heard = caller.topics(payload)
            bare = wanted.removeprefix("$share/group/")
            for topic in sendable:
                covered = mqtt.topic_matches_sub(bare, topic) or topic == topics.HUB_STATUS
                found[user, wanted, topic] = topic in heard
                expected[user, wanted, topic] = covered and allowed(user, Verb.RECEIVE, topic)
            found[user, wanted, SYS] = SYS in caller.topics()
            expected[user, wanted, SYS] = wanted == "$SYS/#" and allowed(user, Verb.RECEIVE, SYS)
    assert said_of(found, expected) == []
    assert any(expected.values())


def test_what_is_retained_is_heard_only_by_who_may(desk: Desk, spy: Caller) -> None:
    sendable = [topic for topic in TOPICS if not topic.startswith("$")]
    for topic in sendable:
        spy.code(spy.publish(topic, b"kept", retain=True))
    for user in inside(desk):
        with desk.call(user) as caller:
            caller.subscribe("#")
            spy.publish(topics.HUB_STATUS, f"{user}: no more".encode())
            caller.wait_for(topics.HUB_STATUS, f"{user}: no more".encode())
            assert caller.topics(b"kept") == {t for t in sendable if allowed(user, Verb.RECEIVE, t)}
    for topic in sendable:
        spy.code(spy.publish(topic, b"", retain=True))


# --- how much ------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", [BY_PASSWORD, BY_CERTIFICATE], ids=["password", "certificate"])
def test_a_full_batch_passes_a_larger_message_arrives_nowhere_and_a_packet_beyond_ends_the_line(
    desk: Desk, user: User, spy: Caller
) -> None:
    topic = topics.up(OWN, topics.EVENTS)
    with desk.call(user) as caller, desk.call(User(Door.PASSWORD, OTHER)) as other:
        caller.code(caller.publish(topic, b"f" * MAX_BATCH_BYTES))
        spy.wait_for(topic, b"f" * MAX_BATCH_BYTES)
        caller.publish(topic, b"m" * (MESSAGE_BYTES + 1))
        caller.publish(topic, b"p" * (PACKET_BYTES + 1))
        caller.wait_ended()
        last = topics.up(OTHER, topics.EVENTS)
        other.code(other.publish(last, b"last"))
        spy.wait_for(last, b"last")
        assert {payload[:1] for _, payload, _ in spy.received} >= {b"f", b"l"}
        assert not {b"m", b"p"} & {payload[:1] for _, payload, _ in spy.received}
        assert not other.ended


# --- what the model itself says ------------------------------------------------------------------


def test_a_kiosk_hears_and_says_nothing_but_what_the_contract_names() -> None:
    says = {topic for topic in TOPICS if allowed(BY_PASSWORD, Verb.PUBLISH, topic)}
    hears = {topic for topic in TOPICS if allowed(BY_PASSWORD, Verb.RECEIVE, topic)}
    assert says == {topics.up(OWN, name) for name in topics.UP}
    told = {topics.down(OWN, name) for name in topics.DOWN}
    assert hears == {*told, topics.HUB_STATUS, PIECE, topics.reference("")}
    assert {topic for topic in says if may_stay(topic)} == {topics.up(OWN, topics.STATUS)}


# --- what happens to sessions --------------------------------------------------------------------


def test_a_forbidden_account_is_out_at_the_next_reload_and_stays_out(desk: Desk) -> None:
    broker = desk.broker
    mine = desk.papers.certificate("kiosk-7")
    broker.write((OWN, OTHER, "kiosk-7"), (GONE,), desk.serials)
    broker.reload()

    def let_in() -> bool:
        try:
            with broker.by_password("kiosk-7"):
                return True
        except RefusedError:
            return False

    until("the new account is known", let_in)
    with broker.by_password("kiosk-7") as kiosk, desk.call(User(Door.PASSWORD, OTHER)) as other:
        broker.write((OWN, OTHER), (GONE, "kiosk-7"), [*desk.serials, _serial(mine)])
        broker.reload()
        kiosk.wait_ended(2.0)
        assert not let_in()
        assert not other.ended
    with pytest.raises(RefusedError), broker.by_certificate(mine):
        pass


# --- what TLS is spoken --------------------------------------------------------------------------


def test_the_kiosks_doors_speak_no_weak_suite(desk: Desk) -> None:
    authority = desk.papers.authority_file
    port = desk.broker.kiosk_port
    assert tls_scan.handshake(HOST, port, authority) == "TLSv1.3"
    assert tls_scan.handshake(HOST, port, authority, suite="ECDHE+AESGCM") == "TLSv1.2"
    assert [s for s in tls_scan.WEAK if tls_scan.handshake(HOST, port, authority, suite=s)] == []


@pytest.mark.proof
@pytest.mark.parametrize("door", ["kiosk_port", "certificate_port"])
def test_a_scanner_finds_nothing_to_complain_of(desk: Desk, tmp_path: Path, door: str) -> None:
    # These two it does not try where a certificate is asked for.
    untried = {"secure_client_renego", "BREACH"} if door == "certificate_port" else frozenset()
    tls_scan.require_sound(HOST, getattr(desk.broker, door), tmp_path, untried)
