"""What an operator types at the hub reaches a kiosk within seconds, and stays there."""

import time
from pathlib import Path

from contract import topics
from contract.codes import place_code
from contract.events import person_hash
from contract.messages import Health, HubStatus, Product, decode, digest, encode
from contract.reference import PARTS, KnownPlace, manifest_of, pieces
from kiosk.lanes import REARM_MS
from kiosk.reference import ReferenceStore
from tests.support import people
from tests.support.broker import Mosquitto
from tests.support.processes import until
from tests.support.publisher import Publisher
from tests.support.site import Kiosk, Site
from tests.support.tap import Tap

PACK = "6901234567892"
GTIN = f"0{PACK}"
REARM_S = REARM_MS / 1000 + 0.1
SECONDS = 60.0
"""Far below the ten minutes of a hello."""


def hub(site: Site, *words: str) -> str:
    return site.yicang("hub", *words, "--data", str(site.data))


def knows(kiosk: Kiosk, code: str) -> bool:
    """Whether a pack is taken in without a question."""
    return kiosk.scan(code).signal == "saved"


def versions(tap: Tap) -> dict[str, str]:
    """The version of each part in the kiosk's last health."""
    healths = tap.heard("health", "kiosk-1")
    if not healths:
        return {}
    return {part.name: part.version for part in decode(healths[-1].payload, Health).reference}


def test_a_code_that_nobody_named_is_taken_in_listed_named_and_then_known(
    site: Site, tap: Tap
) -> None:
    kiosk = site.kiosk()
    kiosk.start()
    assert kiosk.scan(PACK).signal == "attention", "it asks what that is"
    item = kiosk.scan(people.RICE).codes[-1]
    kiosk.scan(people.FINISH)
    listed = until("the code is listed", lambda: hub(site, "product", "unknown"))
    assert listed.split("\t")[:2] == [GTIN, "1"]
    assert listed.rstrip().endswith("F1"), "with the category that somebody gave"
    assert site.api(f"items/{item}")["gtin"] == GTIN

    until("the kiosk has what there is", lambda: has_all(versions(tap)))
    before = versions(tap)["products"]
    hub(site, "product", "add", PACK, "F1", "五常大米", "Wuchang rice")
    assert hub(site, "product", "unknown") == ""
    until("the kiosk has it", lambda: versions(tap)["products"] != before, deadline_s=SECONDS)
    assert knows(kiosk, PACK)


def test_places_plans_cards_campaigns_and_settings_reach_a_kiosk_and_outlive_the_hub(
    site: Site, tap: Tap
) -> None:
    kiosk = site.kiosk()
    kiosk.start()
    until("the kiosk has what there is", lambda: has_all(versions(tap)))
    before = versions(tap)
    card, plan, shelf = people.card(), people.plan(), place_code("00000A")
    hub(site, "place", "add", shelf, "shelf", "米架", "Rice shelf")
    hub(site, "plan", "add", plan, "红色牡丹", "Red peony", "--items", "4")
    told = hub(site, "capability", "add", card, "lead", "count")
    hub(site, "campaign", "add", "7", "一勺米", "A Spoon of Rice", "--target", "500")
    hub(site, "setting", "add", "food_margin_days", "9")
    hub(site, "skill", "add", "11", "书法", "Calligraphy")
    hub(site, "category", "add", "p1", "宠物", "Pets")
    until(
        "the kiosk has them all",
        lambda: (
            sorted(name for name, one in versions(tap).items() if one == before[name])
            == ["papers", "products", "recalls"]
        ),
        deadline_s=SECONDS,
    )
    assert card not in told
    assert person_hash(card) in told
    assert tap.carried(card) == []

    assert site.hub is not None
    site.hub.kill()
    kiosk.kill()
    kept = ReferenceStore(kiosk.folder / "reference", "kiosk-1")
    place, made, gifts = kept.place(shelf), kept.plan(plan), kept.campaign(7)
    assert place is not None
    assert (place.kind, place.en) == ("shelf", "Rice shelf")
    assert made is not None
    assert (made.en, made.items, made.open) == ("Red peony", 4, True)
    assert gifts is not None
    assert gifts.target == 500
    assert kept.capabilities(person_hash(card)) == {"lead", "count"}
    assert kept.capabilities(person_hash(people.card())) == frozenset()
    assert kept.settings().food_margin_days == 9
    assert kept.category_words("P1").en == "Pets"


def test_a_file_of_five_thousand_names_reaches_a_kiosk(
    site: Site, tap: Tap, tmp_path: Path
) -> None:
    kiosk = site.kiosk()
    kiosk.start()
    until("the kiosk has what there is", lambda: has_all(versions(tap)))
    before = versions(tap)["products"]
    rows = [f"{gtin(number)},F1,五常大米 {number},Rice {number}" for number in range(5_000)]
    table = tmp_path / "names.csv"
    table.write_bytes("\r\n".join(["gtin,category,zh,en", *rows]).encode("gb18030"))
    assert "5000" in hub(site, "product", "import", str(table))
    files = kiosk.folder / "reference"

    until("the kiosk has them", lambda: versions(tap)["products"] != before, deadline_s=60)
    last = gtin(4_999)
    until("the last one is known", lambda: knows_last(files, last))
    assert knows(kiosk, last[1:])


def has_all(parts: dict[str, str]) -> bool:
    """Whether every part is in use, at whatever version."""
    return len(parts) == len(PARTS) and all(parts.values())


def knows_last(files: Path, last: str) -> bool:
    """Whether what the kiosk has on disk and uses holds this code."""
    return ReferenceStore(files, "kiosk-1").product(last) is not None


def gtin(number: int) -> str:
    """Fourteen digits with their check digit."""
    body = f"0690{number:09d}"
    total = sum(int(digit) * (3, 1)[at % 2] for at, digit in enumerate(body))
    return f"{body}{(10 - total % 10) % 10}"


def test_a_power_cut_between_two_pieces_leaves_the_old_names_and_then_brings_the_new(
    site: Site, tap: Tap
) -> None:
    """The test is the hub here, so that it can hold a piece back."""
    hub(site, "product", "add", PACK, "H1", "洗衣液", "Detergent")
    kiosk = site.kiosk()
    kiosk.start()
    until("the kiosk has the old name", lambda: has_all(versions(tap)))
    site.stop_hub()
    names = [Product(gtin(number), "F1", "五常大米" * 5, "Rice" * 8) for number in range(1_500)]
    payloads = pieces("products", [*names, Product(GTIN, "F1", "米", "Rice")])
    assert len(payloads) > 2
    status = encode(HubStatus(True, "another", manifest_of({"products": payloads})))
    files = kiosk.folder / "reference"
    with Publisher(site.broker.host, site.broker.port) as publisher:
        for payload in payloads[:-1]:
            publisher.send(topics.reference(digest(payload)), payload, retain=True)
        publisher.send(topics.HUB_STATUS, status, retain=True)
        until(
            "all pieces but one are there",
            lambda: all((files / digest(payload)).exists() for payload in payloads[:-1]),
        )
        kiosk.kill()
        kiosk.start()
        assert "Laundry" in kiosk.scan(PACK).message
        kiosk.scan(people.FINISH)
        publisher.send(topics.reference(digest(payloads[-1])), payloads[-1], retain=True)
        until("the new part is in use", lambda: knows_last(files, gtin(0)))
        read_at = time.monotonic()
        until("the pack may be read again", lambda: time.monotonic() - read_at > REARM_S)
        assert "Rice" in kiosk.scan(PACK).message


def test_a_copy_that_was_damaged_on_the_broker_is_refused_told_and_mended_by_the_hub(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    """Without the tap, which would take the damage for a fault of ours."""
    with Site(tmp_path, mosquitto) as site:
        shelf = place_code("00000A")
        hub(site, "place", "add", shelf, "shelf", "米架", "Rice shelf")
        site.start_hub()
        (good,) = pieces("places", [KnownPlace(shelf, "shelf", "米架", "Rice shelf")])
        with Publisher(mosquitto.host, mosquitto.port) as stranger:
            damaged = good.replace(b"Rice", b"Mice")
            stranger.send(topics.reference(digest(good)), damaged, retain=True)
        kiosk = site.kiosk()
        kiosk.start()
        files = kiosk.folder / "reference"
        until(
            "the kiosk has the good copy",
            lambda: ReferenceStore(files, "kiosk-1").place(shelf) is not None,
            deadline_s=30,
        )
        until(
            "the hub shows that it was refused",
            lambda: "reference-refused" in [one["detail"].get("what") for one in site.incidents()],
        )
