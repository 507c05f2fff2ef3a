"""Parts of reference data on their way from a real broker to a kiosk's files: whole or not at all.

The test plays the hub: what it retains is what a broker may hold, damaged copies too.
"""

import queue
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from contract import topics
from contract.codes import PLACE_IN, place_code
from contract.messages import MAX_MESSAGE_BYTES, PartHealth, Product, digest
from contract.reference import (
    Capability,
    KnownPlace,
    NamedCategory,
    SettingsOf,
    StopSettings,
    manifest_of,
    pieces,
)
from kiosk.inputs import LoopInput, MqttConnected, MqttMessage
from kiosk.mqtt_link import MqttLink
from kiosk.reference import PARTS_FILE, ReferenceStore
from kiosk.reference_desk import ReferenceDesk
from tests.support.broker import Mosquitto
from tests.support.processes import until
from tests.support.publisher import Publisher
from tests.support.reference import adopt, tell

KIOSK = "kiosk-1"
SHELF = KnownPlace(place_code("00000A"), "shelf", "米架", "Rice shelf")
OTHER = KnownPlace(place_code("00000B"), "outside", "仓库", "Store")
MANY = tuple(Product(f"{number:014d}", "F1", "五常大米" * 5, "Rice" * 8) for number in range(5_000))


class Kiosk:
    """A kiosk's store and desk on a real connection; the test takes its inputs in turn."""

    def __init__(self, broker: Mosquitto, directory: Path) -> None:
        self.inputs: queue.SimpleQueue[LoopInput] = queue.SimpleQueue()
        self.reports = 0
        self.store = ReferenceStore(directory, KIOSK)
        self.link = MqttLink(kiosk=KIOSK, host=broker.host, port=broker.port, post=self.inputs.put)
        self.desk = ReferenceDesk(self.store, self.link, self._report)
        self.link.start()
        until("the kiosk is connected", lambda: isinstance(self.inputs.get(), MqttConnected))

    def _report(self) -> None:
        self.reports += 1

    def take_one(self) -> None:
        """The next piece that the broker sends."""
        while True:
            incoming = self.inputs.get(timeout=60)
            if isinstance(incoming, MqttMessage) and self.desk.takes(incoming.topic):
                self.desk.message(incoming.topic, incoming.payload)
                return

    def take_until(self, part: str, *, ok: bool = True) -> PartHealth:
        """Pieces until ``part`` is as it should be, or refused."""
        while True:
            state = {one.name: one for one in self.desk.health()}.get(part)
            if state is not None and state.ok == ok and (not ok or part in self.store.held):
                return state
            self.take_one()

    def close(self) -> None:
        self.link.close()


@pytest.fixture
def hub(mosquitto: Mosquitto) -> Iterator[Publisher]:
    with Publisher(mosquitto.host, mosquitto.port) as publisher:
        yield publisher


@pytest.fixture
def kiosk(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Kiosk]:
    made = Kiosk(mosquitto, tmp_path / "reference")
    yield made
    made.close()


def retain(hub: Publisher, payloads: Sequence[bytes]) -> None:
    for payload in payloads:
        hub.send(topics.reference(digest(payload)), payload, retain=True)


def manifest(**parts: Sequence[bytes]) -> Mapping[str, str]:
    return manifest_of(parts)


def test_five_thousand_products_come_in_pieces_and_stay_without_a_network(
    hub: Publisher, kiosk: Kiosk, tmp_path: Path
) -> None:
    payloads = pieces("products", MANY)
    assert len(payloads) > 3
    assert max(map(len, payloads)) <= MAX_MESSAGE_BYTES
    retain(hub, payloads)
    kiosk.desk.offered(manifest(products=payloads))
    assert kiosk.store.product(MANY[0].gtin) is None, "a part is not in use before it is whole"
    kiosk.take_until("products")
    again = ReferenceStore(tmp_path / "reference", KIOSK)
    assert [again.product(one.gtin) for one in MANY] == list(MANY)


def test_naming_one_more_code_fetches_few_pieces_again() -> None:
    before = set(pieces("products", MANY))
    named = Product("99999999999994", "F1", "新", "New")
    for at in (0, 2_500, 5_000):
        after = set(pieces("products", (*MANY[:at], named, *MANY[at:])))
        assert len(after - before) <= 2


@pytest.mark.parametrize("place", [0, -1, 5_000])
def test_a_piece_with_one_wrong_byte_is_refused_and_the_old_part_stays(
    hub: Publisher, kiosk: Kiosk, place: int
) -> None:
    tell(kiosk.store, "places", SHELF)
    new = pieces("places", [OTHER, *(KnownPlace(place_code(f"{n:06d}"), "shelf", "架", "Shelf")
                                     for n in range(100))])  # fmt: skip
    damaged = bytearray(new[0])
    damaged[place] ^= 1
    hub.send(topics.reference(digest(new[0])), bytes(damaged), retain=True)
    kiosk.desk.offered(manifest(places=new))
    assert kiosk.take_until("places", ok=False).detail == "a piece is damaged"
    assert kiosk.store.place(SHELF.code) == SHELF
    assert kiosk.store.place(OTHER.code) is None
    assert kiosk.reports == 1
    retain(hub, new)  # as the hub does when it hears of it
    kiosk.take_until("places")
    assert kiosk.store.place(OTHER.code) == OTHER
    assert kiosk.reports == 1


def test_half_a_piece_is_refused(hub: Publisher, kiosk: Kiosk) -> None:
    (whole,) = pieces("places", [SHELF])
    hub.send(topics.reference(digest(whole)), whole[: len(whole) // 2], retain=True)
    kiosk.desk.offered(manifest(places=[whole]))
    kiosk.take_until("places", ok=False)
    assert kiosk.store.place(SHELF.code) is None


def test_a_piece_beyond_the_limit_is_refused_though_its_digest_is_right(
    hub: Publisher, kiosk: Kiosk
) -> None:
    (small,) = pieces("places", [SHELF])
    huge = small + b" " * MAX_MESSAGE_BYTES
    retain(hub, [huge])
    kiosk.desk.offered(manifest(places=[huge]))
    assert kiosk.take_until("places", ok=False).detail == "a piece is too large"


def test_another_part_s_piece_under_this_part_s_name_is_refused_until_another_is_offered(
    hub: Publisher, kiosk: Kiosk
) -> None:
    foreign = pieces("plans", [])
    tell(kiosk.store, "places", SHELF)
    retain(hub, foreign)
    kiosk.desk.offered(manifest(places=foreign))
    assert kiosk.take_until("places", ok=False).detail == "a piece is not of this part"
    kiosk.desk.offered(manifest(places=foreign))
    assert kiosk.reports == 1
    assert kiosk.store.place(SHELF.code) == SHELF
    right = pieces("places", [OTHER])
    retain(hub, right)
    kiosk.desk.offered(manifest(places=right))
    kiosk.take_until("places")
    assert kiosk.store.place(OTHER.code) == OTHER


def test_a_manifest_that_leaves_out_a_piece_changes_nothing(kiosk: Kiosk) -> None:
    tell(kiosk.store, "products", MANY[0])
    payloads = pieces("products", MANY)
    gap = {name: one for name, one in manifest(products=payloads).items() if name != "products.1"}
    kiosk.desk.offered(gap)
    assert [one.detail for one in kiosk.desk.health()] == ["a piece is not named"]
    assert kiosk.store.product(MANY[0].gtin) == MANY[0]


def test_a_hub_that_does_not_know_a_part_leaves_it_as_it_was(hub: Publisher, kiosk: Kiosk) -> None:
    tell(kiosk.store, "places", SHELF)
    payloads = pieces("products", MANY[:3])
    retain(hub, payloads)
    kiosk.desk.offered(manifest(products=payloads))
    kiosk.take_until("products")
    assert kiosk.store.place(SHELF.code) == SHELF
    assert all(one.ok for one in kiosk.desk.health())


def test_an_emptied_part_is_empty_and_a_part_of_a_later_release_is_left_alone(
    hub: Publisher, kiosk: Kiosk
) -> None:
    tell(kiosk.store, "capabilities", Capability("a" * 64, ("lead",)))
    assert kiosk.store.capabilities("b" * 64) == frozenset()
    nobody = pieces("capabilities", [])
    retain(hub, nobody)
    kiosk.desk.offered({**manifest(capabilities=nobody), "weather": "0" * 64})
    while kiosk.store.data.capabilities:
        kiosk.take_one()
    assert "operate" in kiosk.store.capabilities("b" * 64)


def test_pieces_that_had_come_before_a_power_cut_are_not_fetched_again(
    mosquitto: Mosquitto, hub: Publisher, tmp_path: Path
) -> None:
    payloads = pieces("products", MANY)
    retain(hub, payloads[:-1])
    first = Kiosk(mosquitto, tmp_path / "reference")
    first.desk.offered(manifest(products=payloads))
    for _ in payloads[:-1]:
        first.take_one()
    first.close()  # what is on disk is what a cut leaves: nothing more is written at a stop
    for payload in payloads[:-1]:
        hub.send(topics.reference(digest(payload)), b"", retain=True)
    retain(hub, payloads[-1:])
    second = Kiosk(mosquitto, tmp_path / "reference")
    assert second.store.product(MANY[0].gtin) is None
    second.desk.offered(manifest(products=payloads))
    second.take_until("products")
    assert second.store.product(MANY[-1].gtin) == MANY[-1]
    second.close()


def test_pieces_of_a_part_that_was_replaced_are_removed(tmp_path: Path) -> None:
    store = ReferenceStore(tmp_path / "reference", KIOSK)
    tell(store, "products", *MANY)
    kept = tell(store, "products", *MANY[:10])
    files = {path.name for path in (tmp_path / "reference").iterdir()}
    assert files == {PARTS_FILE, *kept}


def test_parts_that_a_later_release_kept_are_left_alone_by_an_earlier_one(tmp_path: Path) -> None:
    directory = tmp_path / "reference"
    tell(ReferenceStore(directory, KIOSK), "places", SHELF)
    listed = msgspec.json.decode((directory / PARTS_FILE).read_bytes())
    listed["weather"] = ["0" * 64]
    (directory / PARTS_FILE).write_bytes(msgspec.json.encode(listed))
    store = ReferenceStore(directory, KIOSK)
    assert store.damaged == []
    assert store.place(SHELF.code) == SHELF


@pytest.mark.parametrize("damage", ["byte", "cut", "gone", "list"])
def test_a_part_that_was_damaged_on_disk_is_dropped_reported_and_fetched_anew(
    mosquitto: Mosquitto, hub: Publisher, tmp_path: Path, damage: str
) -> None:
    directory = tmp_path / "reference"
    store = ReferenceStore(directory, KIOSK)
    payloads = pieces("places", [SHELF])
    (name,) = adopt(store, "places", payloads)
    tell(store, "products", MANY[0])
    match damage:
        case "byte":
            (directory / name).write_bytes(payloads[0].replace(b"Rice", b"Ricf"))
        case "cut":
            (directory / name).write_bytes(payloads[0][:20])
        case "gone":
            (directory / name).unlink()
        case "list":
            (directory / PARTS_FILE).write_bytes(b"\x00" * 100)
    retain(hub, payloads)
    kiosk = Kiosk(mosquitto, directory)
    assert kiosk.store.damaged
    assert not all(one.ok for one in kiosk.desk.health())
    assert kiosk.store.place(SHELF.code) is None
    assert kiosk.store.place(PLACE_IN) is not None, "what the release brings along stays"
    if damage != "list":
        assert kiosk.store.product(MANY[0].gtin) == MANY[0]
    kiosk.desk.offered(manifest(places=payloads))
    kiosk.take_until("places")
    assert kiosk.store.place(SHELF.code) == SHELF
    kiosk.close()


def test_a_full_disk_leaves_the_old_part_in_use(hub: Publisher, tmp_path: Path) -> None:
    directory = tmp_path / "reference"
    store = ReferenceStore(directory, KIOSK)
    tell(store, "places", SHELF)
    asked: list[str] = []

    class Line:
        def subscribe(self, topic: str) -> None:
            asked.append(topic)

        def unsubscribe(self, topic: str) -> None:
            asked.remove(topic)

    desk = ReferenceDesk(store, Line(), lambda: None)
    directory.rename(tmp_path / "elsewhere")
    directory.write_bytes(b"")  # nothing can be written into it
    (payload,) = pieces("places", [OTHER])
    desk.offered(manifest(places=[payload]))
    desk.message(asked[0], payload)
    assert [one.detail for one in desk.health()] == ["the disk refuses"]
    assert store.place(SHELF.code) == SHELF
    directory.unlink()
    (tmp_path / "elsewhere").rename(directory)
    desk.message(asked[0], payload)
    assert store.place(OTHER.code) == OTHER
    assert asked == []


# --- what the parts come to --------------------------------------------------------------------


def test_a_kiosk_that_heard_nothing_knows_what_its_release_brings_along(tmp_path: Path) -> None:
    store = ReferenceStore(tmp_path / "reference", KIOSK)
    assert store.category_words("F1").en == "Rice, flour, oil"
    assert store.category_words("ZZ").zh == "待分类"
    assert store.category_words("Q9").en == "Q9"
    assert [one.key for one in store.categories()][:2] == ["F1", "F2"]
    place = store.place(PLACE_IN)
    assert place is not None
    assert place.kind == "shelf"
    assert store.capabilities("a" * 64) >= {"lead", "count", "sell", "deliver"}
    assert store.settings() == StopSettings()
    assert store.campaign(1) is None


def test_a_withdrawn_category_keeps_its_words_and_a_new_one_is_offered(tmp_path: Path) -> None:
    store = ReferenceStore(tmp_path / "reference", KIOSK)
    tell(
        store,
        "categories",
        NamedCategory("F1", "粮油", "Staples"),
        NamedCategory("F2", "食品", "Food", offered=False),
        NamedCategory("P1", "宠物", "Pets"),
    )
    assert [one.key for one in store.categories()] == ["F1", "P1"]
    assert store.category_words("F2").en == "Food"
    assert store.category_words("H1").en == "Laundry and cleaning"


def test_a_kiosk_takes_the_settings_that_name_it_before_those_for_all(tmp_path: Path) -> None:
    store = ReferenceStore(tmp_path / "reference", KIOSK)
    mine = StopSettings(food_margin_days=3)
    everybody = SettingsOf((), StopSettings(food_margin_days=9))
    tell(store, "settings", SettingsOf((KIOSK, "kiosk-2"), mine), everybody)
    assert store.settings() == mine
    assert ReferenceStore(tmp_path / "reference", "kiosk-7").settings().food_margin_days == 9
