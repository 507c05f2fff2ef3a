"""What anybody can read: the first page, journeys, a donor's list, and helpful refusals."""

import base64
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from contract import codes, events
from contract.codes import Kind
from contract.receipts import KeyList
from hub.stock.stock_actions import Action, Correct, Move
from hub.stock.stock_changes import Keeper, carry_out
from tests.support.hub_scene import CLAIM, KIOSK, NEVER_CLAIMED, Scene, a_scene
from tests.support.hub_site import DAY_MS, HOUR_MS, NOON, HubSite, signing_key
from tests.support.pages import PUBLIC

FAMILY = codes.token_code(Kind.FAMILY, (50).to_bytes(10))
PERSON = codes.token_code(Kind.PERSON, bytes(range(10)))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_scene(tmp_path_factory.mktemp("hub")) as found:
        yield found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    yield found
    found.close()


def words(html: str) -> str:
    """The page as it is read: no tags, single spaces."""
    body = html.partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", "<" + body)).strip()


def read(scene: Scene, path: str, language: str = "en", status: int = 200) -> str:
    response = scene.site.client(language).get(path)
    assert response.status_code == status
    return words(response.text)


def decide(site: HubSite, action: Action) -> None:
    keeper = Keeper("a" * 16, lambda _stop: True)
    site.writer.call(lambda here: carry_out(here, action, keeper, now_ms=site.now_ms))


def test_the_first_page_counts_what_came_in_what_is_here_and_what_arrived(scene: Scene) -> None:
    page = read(scene, "/")
    assert "items received 55" in page  # 36 of them by a list
    assert "in stock now 40" in page
    assert "reached a household 13" in page  # the one of today joins them tomorrow


def test_an_item_in_stock_tells_where_and_on_which_day_it_was_received(scene: Scene) -> None:
    page = read(scene, f"/t/{scene.moved}")
    assert "Adults' clothing" in page.replace("&#39;", "'")
    assert "In stock at the stop" in page
    assert "Received at Riverside Sunday 1 November 2026" in page
    assert "Moved to East Gate Tuesday 3 November 2026" in page


def test_the_same_journey_is_told_in_chinese(scene: Scene) -> None:
    page = read(scene, f"/t/{scene.moved}", "zh-CN")
    assert "大人衣物" in page
    assert "河边义仓站已接收 2026年11月1日星期日" in page
    assert "移到了东门义仓站 2026年11月3日星期二" in page


def test_an_item_that_is_out_is_on_its_way_and_no_more(scene: Scene) -> None:
    page = read(scene, f"/t/{scene.out}")
    story = page.partition("On its way")[2]
    assert "Set out with a volunteer: it is on its way" in story
    assert "10:" not in story


def test_a_delivery_is_public_once_its_day_is_over_so_that_nobody_learns_the_moment(
    site: HubSite,
) -> None:
    place = site.add_stop("east", "东门站", "East Gate", ("", ""), "4K2P")
    code = site.intake(place)
    site.finish(place, CLAIM, 1)
    plan = site.hand_out(place, code)
    pages = ("/", f"/t/{code}", f"/c/{CLAIM}")
    before = [words(site.client("en").get(page).text) for page in pages]
    site.deliver(place, plan, 1)
    assert [words(site.client("en").get(page).text) for page in pages] == before
    site.now_ms = NOON + 12 * HOUR_MS - 1
    assert [words(site.client("en").get(page).text) for page in pages] == before
    site.now_ms += 1  # midnight in Shanghai
    home, journey, gifts = (words(site.client("en").get(page).text) for page in pages)
    assert "reached a household 1" in home
    assert "Set out with a volunteer, and has reached a household" in journey
    assert "Recorded in" not in journey
    assert "Has reached a household" in gifts


def test_a_delivery_that_a_kiosk_reports_late_counts_from_the_day_on_which_it_arrived(
    site: HubSite,
) -> None:
    place = site.add_stop("east", "东门站", "East Gate", ("", ""), "4K2P")
    code = site.intake(place)
    plan = site.hand_out(place, code)
    family = events.family_hash(FAMILY)
    happened = place.journal.write(events.Delivered(plan=plan), site.now_ms, family=family)
    site.now_ms += 3 * DAY_MS
    site.receive(place.journal, [happened])
    assert "it is on its way" in site.client("en").get(f"/t/{code}").text
    site.now_ms += DAY_MS
    assert "has reached a household" in site.client("en").get(f"/t/{code}").text


def test_what_somebody_ruled_to_have_been_delivered_is_told_once_that_day_is_over(
    site: HubSite,
) -> None:
    place = site.add_stop("east", "东门站", "East Gate", ("", ""), "4K2P")
    code = site.intake(place)
    site.now_ms += DAY_MS
    decide(site, Correct(items=(code,), status="in_stock", why="looked"))
    site.now_ms += DAY_MS
    decide(site, Correct(items=(code,), status="delivered", why="asked"))
    for _ in range(2):
        assert "has reached a household" not in site.client("en").get(f"/t/{code}").text
        site.now_ms += 6 * HOUR_MS
    site.now_ms += 12 * HOUR_MS
    page = words(site.client("en").get(f"/t/{code}").text)
    assert "has reached a household" in page
    assert "Recorded in" not in page
    assert "reached a household 1" in words(site.client("en").get("/").text)


def test_what_is_decided_at_the_hub_is_told_of_its_stop(scene: Scene) -> None:
    site = scene.site
    with site.reader.connect() as here:
        code = here.exec_driver_sql("SELECT MIN(code) FROM item WHERE kiosk = 'hub'").scalar_one()
    assert "Received at East Gate" in read(scene, f"/t/{code}")
    decide(site, Move(items=(code,), place=codes.PLACES[0].code))
    assert "Moved to another shelf" in read(scene, f"/t/{code}")
    decide(site, Move(items=(code,), place=codes.PLACES[0].code, stop="river"))
    assert "Moved to Riverside" in read(scene, f"/t/{code}")


def test_a_delivery_that_twelve_families_share_is_told_with_week_and_stop(scene: Scene) -> None:
    page = read(scene, f"/t/{scene.long_gone[0]}")
    assert "Recorded in the week from 12 October 2026 to 18 October 2026, East Gate" in page
    page = read(scene, f"/t/{scene.long_gone[0]}", "zh")
    assert "登记于2026年10月12日至2026年10月18日这一周，东门义仓站" in page


def test_the_only_family_of_a_stop_cannot_be_found_by_its_week(scene: Scene) -> None:
    page = read(scene, f"/t/{scene.lonely}")
    assert "has reached a household" in page
    assert "Recorded in" not in page


def test_no_page_shows_a_person_a_family_a_volunteer_or_a_plan(scene: Scene) -> None:
    secrets = [FAMILY, PERSON, scene.plan, events.family_hash(FAMILY), scene.east.journal.session]
    for path in PUBLIC.values():
        for language in ("zh", "en"):
            html = scene.site.client(language).get(path(scene)).text
            assert not [secret for secret in secrets if secret in html]


def test_an_item_without_label_taken_back_or_only_seen_says_so(scene: Scene) -> None:
    assert "It still waits for its label" in read(scene, f"/t/{scene.unlabelled}")
    assert "this label no longer stands for an item" in read(scene, f"/t/{scene.voided}")
    seen = read(scene, f"/t/{scene.stranger}")
    assert "Its label was scanned at East Gate" in seen
    assert "has not reported it yet" in seen


def test_a_time_from_a_kiosk_without_a_clock_is_told_as_uncertain(scene: Scene) -> None:
    page = read(scene, f"/t/{scene.uncertain}")
    assert "about Tuesday 3 November 2026 (the stop’s clock was not set)" in page


def test_an_unused_label_names_its_stop_and_when_that_last_reported(scene: Scene) -> None:
    page = read(scene, f"/t/{scene.never}", status=404)
    assert "such labels come from East Gate" in page
    assert "East Gate last reported: 3 Nov 12:00" in page


def test_a_stop_with_quarantined_messages_says_that_some_could_not_be_read(scene: Scene) -> None:
    unused = codes.serial_code(Kind.ITEM, "7TWX", 4000)
    assert "1 message from there could not be read yet" in read(scene, f"/t/{unused}", status=404)


def test_a_code_of_nobody_is_a_helpful_404(scene: Scene) -> None:
    page = read(scene, f"/t/{codes.serial_code(Kind.ITEM, 'QQQQ', 1)}", status=404)
    assert "no stop of ours has labels that begin like this" in page


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("G4K2P000010", "a character seems mistyped"),
        ("G4K2P00001", "a character seems to be missing or too many"),
        ("G4K2P0000U0", "a character in it that no code contains"),
        ("hello", "not a code of ours"),
        ("😀", "not a code of ours"),
        ("B" + "4K2P00004", "a character seems to be missing"),
    ],
)
def test_a_code_that_is_not_right_says_what_the_check_found(
    scene: Scene, typed: str, told: str
) -> None:
    assert told in read(scene, f"/t/{typed}", status=404)
    assert read(scene, f"/t/{typed}", "zh", status=404)


@pytest.mark.parametrize("token", [FAMILY, PERSON, FAMILY[:-1], PERSON.lower()])
def test_a_personal_token_in_the_address_is_never_shown_again(scene: Scene, token: str) -> None:
    response = scene.site.client("en").get(f"/t/{token}")
    assert response.status_code == 404
    assert token.upper()[2:10] not in response.text.upper()
    found = scene.site.client("en").post("/find", data={"code": token})
    assert found.status_code == 404
    assert token.upper()[2:10] not in found.text.upper()


def test_other_kinds_of_codes_are_named(scene: Scene) -> None:
    assert "delivery plan, which is not public" in read(scene, f"/t/{scene.plan}", status=404)
    assert "shelf or room" in read(scene, f"/t/{codes.PLACE_IN}", status=404)


def test_a_code_as_people_write_it_leads_to_its_page(scene: Scene) -> None:
    free = scene.free
    messy = f"{free[:1].lower()}-{free[1:5]} {free[5:].lower()}"
    response = scene.site.client().get(f"/t/{messy}")
    assert (response.status_code, response.location) == (302, f"/t/{free}")
    for typed in (messy, f"  {free}\n", f"https://hub.example/t/{free}"):
        found = scene.site.client().post("/find", data={"code": typed})
        assert (found.status_code, found.location) == (303, f"/t/{free}")


def test_a_claim_typed_or_scanned_whole_leads_to_the_list(scene: Scene) -> None:
    for typed in (CLAIM.lower(), f"http://hub.example/c/{CLAIM}#signature"):
        found = scene.site.client().post("/find", data={"code": typed})
        assert (found.status_code, found.location) == (303, f"/c/{CLAIM}")


def test_a_donors_list_has_each_item_with_where_it_is(scene: Scene) -> None:
    html = scene.site.client("en").get(f"/c/{CLAIM}").text
    for code in (scene.free, scene.unlabelled, scene.out, scene.fresh, scene.voided):
        assert f'href="/t/{code}"' in html
    page = words(html)
    assert "4 items on this receipt. Thank you. 1 more was taken back." in page
    for told in ("In stock", "Waiting for its label", "On its way", "Taken back"):
        assert told in page


def test_a_claim_that_no_stop_has_reported_says_when_each_stop_last_did(scene: Scene) -> None:
    page = read(scene, f"/c/{NEVER_CLAIMED}", status=404)
    assert "There is no list at this address yet" in page
    assert "If you typed it, please compare it with your receipt" in page
    assert "If it was scanned, the stop has not reported this receipt yet" in page
    assert "East Gate 3 Nov 12:00" in page


def test_a_claim_that_may_be_mistyped_is_not_called_right(scene: Scene) -> None:
    page = scene.site.client("zh").get(f"/c/{NEVER_CLAIMED}").text
    assert "如果是手工输入的，请与收据逐字核对" in page
    assert "如果是扫码打开的，站点还没有报告这张收据" in page


def test_everybody_gets_the_keys_that_check_receipts_with_the_stop_each_belongs_to(
    scene: Scene,
) -> None:
    answer = scene.site.client().get("/keys.json")
    assert answer.mimetype == "application/json"
    published = {key.kiosk: key for key in msgspec.json.decode(answer.data, type=KeyList).keys}
    assert set(published) >= {KIOSK, "kiosk-school"}
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(signing_key(KIOSK)))
    key = published[KIOSK]
    assert base64.b64decode(key.public_key) == private.public_key().public_bytes_raw()
    assert (key.stop, key.stop_zh, key.stop_en) == ("east", "东门义仓站", "East Gate")
    assert signing_key(KIOSK) not in answer.text
    for language, told in (("zh", "核对收据"), ("en", "Check a receipt")):
        page = scene.site.client(language).get("/keys").text
        assert told in page
        assert 'href="/keys.json"' in page
        for one in published.values():
            assert one.key_id in page
            assert one.public_key in unescape(page)


def test_a_claim_is_neither_kept_by_caches_nor_handed_to_other_sites(scene: Scene) -> None:
    for claim in (CLAIM, NEVER_CLAIMED, "nonsense"):
        headers = scene.site.client().get(f"/c/{claim}").headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in headers["X-Robots-Tag"]


def test_whoever_guesses_claims_is_slowed_down_and_others_are_not(site: HubSite) -> None:
    place = site.add_stop("east", "东门站", "East Gate", ("", ""), "4K2P")
    site.intake(place)
    site.finish(place, CLAIM, 1)
    guesser = site.client()
    answers = [guesser.get(f"/c/{number:016d}").status_code for number in range(25)]
    assert answers[0] == 404
    assert answers[-1] == 429
    assert int(guesser.get("/c/" + "0" * 16).headers["Retry-After"]) >= 1
    neighbour = site.client()
    neighbour.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert neighbour.get(f"/c/{CLAIM}").status_code == 200


def test_reading_ones_own_list_often_is_not_guessing(scene: Scene) -> None:
    donor = scene.site.client()
    donor.environ_base["REMOTE_ADDR"] = "192.0.2.8"
    assert {donor.get(f"/c/{CLAIM}").status_code for _ in range(40)} == {200}


def test_no_claim_is_in_the_database_or_in_the_servers_log(
    site: HubSite, caplog: pytest.LogCaptureFixture
) -> None:
    place = site.add_stop("east", "东门站", "East Gate", ("", ""), "4K2P")
    site.intake(place)
    site.finish(place, CLAIM, 1)
    client = site.client()
    assert client.get(f"/c/{CLAIM}").status_code == 200
    with site.writer.engine.begin() as connection:
        connection.execute(text("ALTER TABLE claim RENAME TO no"))
    site.app.config["PROPAGATE_EXCEPTIONS"] = False
    with caplog.at_level("DEBUG"):
        broken = client.get(f"/c/{CLAIM}")
    assert broken.status_code == 500
    assert "Something went wrong here" in broken.text
    assert "public.claim" in caplog.text
    assert CLAIM not in caplog.text
    kept = b"".join(
        path.read_bytes() for path in Path(site.config.secret_key_file).parent.iterdir()
    )
    assert CLAIM.encode() not in kept


@pytest.mark.parametrize(
    ("accepts", "lang"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.5", "zh-Hans"),
        ("en-US", "en"),
        ("fr,en;q=0.3", "en"),
        ("fr", "zh-Hans"),
        ("", "zh-Hans"),
    ],
)
def test_the_browser_chooses_the_language(scene: Scene, accepts: str, lang: str) -> None:
    assert f'<html lang="{lang}">' in scene.site.client(accepts).get("/").text


def test_the_switch_is_remembered_also_on_pages_that_are_not_there(scene: Scene) -> None:
    client = scene.site.client("zh")
    assert '<html lang="en">' in client.get("/t/nothing?lang=en").text
    assert '<html lang="en">' in client.get("/").text
    assert '<html lang="zh-Hans">' in client.get("/?lang=zh").text
    assert '<html lang="zh-Hans">' in client.get("/?lang=klingon").text


def test_every_answer_carries_the_strict_policy(scene: Scene) -> None:
    addresses = [address(scene) for address in PUBLIC.values()]
    for path in (*addresses, "/healthz", "/static/style.css"):
        headers = scene.site.client().get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_no_page_has_inline_script_or_style_or_asks_another_site(scene: Scene) -> None:
    for path in PUBLIC.values():
        html = scene.site.client().get(path(scene)).text
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", html)
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', html)


def test_a_family_that_is_reported_a_month_late_does_not_change_what_was_said(
    site: HubSite,
) -> None:
    place = site.add_stop("east", "东门站", "East Gate", ("锦江区", "Jinjiang"), "4K2P")
    items = [site.intake(place) for _ in range(10)]
    for family, code in enumerate(items):
        site.deliver(place, site.hand_out(place, code), family)
    late = site.intake(place)
    site.now_ms += 10 * DAY_MS
    before = words(site.client("en").get(f"/t/{items[0]}").text)
    assert "Recorded in the week from 2 November 2026 to 8 November 2026" in before
    site.deliver(place, site.hand_out(place, late), 77)
    site.now_ms += 10 * DAY_MS
    assert words(site.client("en").get(f"/t/{items[0]}").text) == before
    assert "Recorded in" not in words(site.client("en").get(f"/t/{late}").text)
