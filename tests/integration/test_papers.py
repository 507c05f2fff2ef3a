"""Labels and receipts changed in the browser: seen dot for dot, saved, told to kiosks, undone."""

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from PIL import Image

from contract.papers import LOGO_DOTS, MAX_LOGO_BYTES, Papers, PapersOf
from contract.reference import read_part
from drivers.papers import SAMPLE_LABEL, SAMPLE_RECEIPT, Letterhead, compose_receipt
from drivers.ports import PrinterProfile, Words
from drivers.printer_escpos import EscposLanguage
from drivers.printer_tspl import TsplLanguage
from drivers.printer_wire import WirePrinter
from drivers.profiles import PrinterLanguage
from hub.access.permissions import Role
from hub.kiosks import catalogue
from hub.kiosks.reference import Reference
from hub.printing.paper_pictures import PRINTERS
from hub.printing.papers import KEPT
from kiosk.documents import Stamp, layout
from kiosk.state import LabelJob
from tests.integration.test_web_operator import csrf, signed_in, words
from tests.support.forms import buttons, fields, pictures
from tests.support.hub_site import HubSite
from tests.support.pictures import photograph
from tests.support.virtual_printer import DirectLink, VirtualPrinter

EAST, EVERY = "/papers/east", "/papers/every_stop"
FORM = "papers-form"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_users()
    found.add_stop("east", "东门义仓站", "East Gate", ("", ""), "0E0E")
    found.add_stop("river", "河边义仓站", "Riverside", ("", ""), "0R0R")
    yield found
    found.close()


@pytest.fixture
def operator(site: HubSite) -> FlaskClient:
    return signed_in(site)


def form_at(client: FlaskClient, address: str = EAST) -> dict[str, str]:
    return fields(client.get(address).text, FORM)


def press(
    client: FlaskClient, do: str, form: dict[str, Any], address: str = EAST
) -> tuple[int, str]:
    answer = client.post(address, data=form | {"do": do}, content_type="multipart/form-data")
    return answer.status_code, answer.text


def kinds(form: dict[str, str], paper: str = "label") -> list[str]:
    found = [name for name in form if re.fullmatch(rf"{paper}-[0-9]+-kind", name)]
    return [form[name] for name in sorted(found, key=lambda name: int(name.split("-")[1]))]


def pressed(client: FlaskClient, do: str, form: dict[str, Any]) -> dict[str, str]:
    status, page = press(client, do, form)
    assert status == 200
    return fields(page, FORM)


def told(site: HubSite) -> dict[tuple[str, ...], Papers]:
    """What kiosks are told, by the kiosks that it is for."""
    with site.reader.connect() as connection:
        found = catalogue.entries(connection, "papers")
    return {one.kiosks: one.values for one in found if isinstance(one, PapersOf)}


def dots_in(html: str, which: int = -1) -> Image.Image:
    """One of the editor's pictures: the label is the last but one, the receipt the last."""
    source, _says = pictures(html, FORM)[which]
    head, _comma, data = source.partition(",")
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


# --- saving --------------------------------------------------------------------------------------


def test_what_a_stop_saves_is_told_to_its_kiosks_and_to_no_other(
    site: HubSite, operator: FlaskClient
) -> None:
    assert told(site) == {(): Papers()}
    form = form_at(operator)
    assert (form["stop_zh"], form["stop_en"]) == ("东门义仓站", "East Gate")
    status, _ = press(operator, "save", form | {"stop_en": "East", "label-1-size": "small"})
    assert status == 303
    found = told(site)
    assert set(found) == {("kiosk-east",), ()}
    assert found[()] == Papers()
    ours = found[("kiosk-east",)]
    assert (ours.stop_zh, ours.stop_en, ours.label.parts[0].size) == ("东门义仓站", "East", "small")
    press(operator, "save", form_at(operator, EVERY) | {"receipt-language": "zh"}, EVERY)
    found = told(site)
    assert found[()].receipt.language == "zh"
    assert found[("kiosk-east",)] == ours, "a stop's own papers are all its own"


def test_a_kiosk_reads_them_from_the_messages_that_the_manifest_names(
    site: HubSite, operator: FlaskClient
) -> None:
    with site.writer.engine.begin() as connection:
        before, _ = Reference().manifest(connection, site.now_ms)
    press(operator, "save", form_at(operator) | {"stop_en": "East"})
    with site.writer.engine.begin() as connection:
        manifest, sends = Reference().manifest(connection, site.now_ms)
    assert manifest["papers"] != before["papers"]
    payload = next(send.payload for send in sends if send.topic.endswith(manifest["papers"]))
    read = {
        one.kiosks: one.values
        for one in read_part("papers", [payload])
        if isinstance(one, PapersOf)
    }
    assert read == told(site)
    assert read[("kiosk-east",)].stop_en == "East"


def test_undo_puts_back_what_was_and_any_version_comes_back(
    site: HubSite, operator: FlaskClient
) -> None:
    for name in ("One", "Two"):
        press(operator, "save", form_at(operator) | {"stop_en": name})
    page = operator.get(EAST).text
    found = re.search(r'name="n" value="([0-9]+)">\s*<input[^>]+"seen" value="([0-9]+)"', page)
    assert found is not None
    undo = {"csrf_token": csrf(operator, EAST), "n": found[1], "seen": found[2]}
    assert operator.post(f"{EAST}/back", data=undo).status_code == 303
    assert told(site)[("kiosk-east",)].stop_en == "One"
    again = undo | {"n": "2", "seen": "3"}
    assert operator.post(f"{EAST}/back", data=again).status_code == 303
    assert told(site)[("kiosk-east",)].stop_en == "Two"
    shown = operator.get(f"{EAST}?version=1").text
    assert fields(shown, FORM)["stop_en"] == "One"
    assert told(site)[("kiosk-east",)].stop_en == "Two", "looking changes nothing"
    as_every = undo | {"n": "0", "seen": "4"}
    assert operator.post(f"{EAST}/back", data=as_every).status_code == 303
    assert told(site) == {(): Papers()}
    page = words(operator.get(EAST).text)
    assert "prints what every stop does" in page
    assert "as every stop" in page


def test_old_versions_go_when_there_are_many(site: HubSite, operator: FlaskClient) -> None:
    form = form_at(operator)
    for n in range(KEPT + 3):
        assert press(operator, "save", form | {"seen": str(n), "stop_en": f"No. {n}"})[0] == 303
    with site.reader.connect() as connection:
        kept = list(connection.exec_driver_sql("SELECT n FROM papers ORDER BY n").scalars())
    assert kept == list(range(4, KEPT + 4))
    gone = {"csrf_token": csrf(operator, EAST), "n": "1", "seen": str(KEPT + 3)}
    assert operator.post(f"{EAST}/back", data=gone).status_code == 404


def test_two_people_who_change_the_same_papers_find_out(site: HubSite) -> None:
    one, two = signed_in(site), signed_in(site)
    theirs = form_at(two)
    press(one, "save", form_at(one) | {"stop_en": "First"})
    status, page = press(two, "save", theirs | {"stop_en": "Second"})
    assert (status, "operator" in words(page)) == (409, True)
    assert told(site)[("kiosk-east",)].stop_en == "First"


def test_the_audit_log_tells_who_changed_which_stop(site: HubSite, operator: FlaskClient) -> None:
    press(operator, "save", form_at(operator))
    with site.reader.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT what, subject, stop FROM audit WHERE what = 'papers.changed'"
        )
        assert [tuple(row) for row in rows] == [("papers.changed", "east", "east")]


# --- who may -------------------------------------------------------------------------------------


def test_only_who_may_and_only_their_own_stop(site: HubSite) -> None:
    site.add_user("manager", Role.WAREHOUSE_MANAGER, stops=["east"])
    site.add_user("lead", Role.VOLUNTEER_LEAD)
    manager, lead = signed_in(site, "manager"), signed_in(site, "lead")
    assert manager.get(EAST).status_code == 200
    assert press(manager, "save", form_at(manager))[0] == 303
    form = {"csrf_token": csrf(manager, EAST)}
    for address in ("/papers/river", EVERY):
        assert manager.get(address).status_code == 403
        assert press(manager, "save", form, address)[0] == 403
        assert manager.post(f"{address}/back", data=form).status_code == 403
        assert manager.post(f"{address}/preview/label", data=form).status_code == 403
    assert manager.get("/papers/river/label.png").status_code == 403
    assert "Riverside" not in manager.get("/papers/").text
    assert lead.get(EAST).status_code == 403
    assert lead.get("/papers/river/label.png").status_code == 200
    assert told(site).keys() == {("kiosk-east",), ()}


def test_nothing_is_there_for_a_stop_or_paper_that_does_not_exist(operator: FlaskClient) -> None:
    for address in ("/papers/nowhere", "/papers/nowhere/label.png", f"{EAST}/slip.png"):
        assert operator.get(address).status_code == 404
    assert operator.get(f"{EAST}?version=7").status_code == 404


# --- the form ------------------------------------------------------------------------------------


def test_each_button_changes_the_form_and_nothing_is_kept_before_saving(
    site: HubSite, operator: FlaskClient
) -> None:
    form = form_at(operator)
    assert kinds(form) == ["category", "bars", "code", "stop"]
    form = pressed(operator, "up label 4", form)
    assert kinds(form) == ["category", "bars", "stop", "code"]
    form = pressed(operator, "down label 1", form)
    assert kinds(form) == ["bars", "category", "stop", "code"]
    form = pressed(operator, "remove label 3", form)
    assert kinds(form) == ["bars", "category", "code"]
    form = pressed(operator, "add label", form | {"label-new": "words"})
    assert kinds(form) == ["bars", "category", "code", "words"]
    form |= {"label-4-zh": "不得转卖", "label-4-en": "Not for sale", "label-4-size": "small"}
    status, page = press(operator, "show", form)
    assert status == 200
    assert next(says for _, says in pictures(page, FORM)).endswith("不得转卖, Not for sale")
    assert told(site) == {(): Papers()}
    assert press(operator, "save", form)[0] == 303
    parts = told(site)[("kiosk-east",)].label.parts
    assert [(part.kind, part.zh, part.en) for part in parts][-1] == (
        "words",
        "不得转卖",
        "Not for sale",
    )
    usual = pressed(operator, "usual label", form_at(operator))
    assert kinds(usual) == ["category", "bars", "code", "stop"]


def test_what_a_paper_is_for_cannot_be_taken_off(site: HubSite, operator: FlaskClient) -> None:
    page = operator.get(EAST).text
    assert "cannot be taken off" in words(page)
    assert "remove label 4" in buttons(page, FORM)
    assert "remove label 2" not in buttons(page, FORM)
    form = form_at(operator)
    assert kinds(pressed(operator, "remove label 2", form)) == kinds(form)
    del form["label-2-kind"]
    status, page = press(operator, "save", form)
    assert status == 400
    assert "Label: “Bar code” is missing." in words(page)
    assert told(site) == {(): Papers()}


def test_words_that_nobody_wrote_are_asked_for(site: HubSite, operator: FlaskClient) -> None:
    form = pressed(operator, "add receipt", form_at(operator) | {"receipt-new": "words"})
    status, page = press(operator, "save", form)
    assert (status, "Receipt, part 10: write something" in words(page)) == (400, True)
    assert len(pictures(page, FORM)) == 2, "the rest is still to be seen"
    assert told(site) == {(): Papers()}


def test_a_paper_has_room_for_so_many_parts(operator: FlaskClient) -> None:
    form = form_at(operator)
    for _ in range(13):
        form = pressed(operator, "add label", form | {"label-new": "rule"})
    assert len(kinds(form)) == 16
    assert "no room for more than 16 parts" in words(press(operator, "show", form)[1])


def test_whatever_is_posted_the_form_comes_back(operator: FlaskClient) -> None:
    form = form_at(operator)
    for do in ("", "up", "up label", "up label 99", "down slip 1", "remove label x", "add label"):
        assert kinds(pressed(operator, do, form | {"label-new": "claim"})) == kinds(form)


# --- dot for dot ---------------------------------------------------------------------------------


def printed(printer: str, document: Any, speech: PrinterLanguage = "escpos") -> Image.Image:
    """What comes out of a printer: its bytes, read by an interpreter that shares no code with the
    drivers."""
    profile: PrinterProfile = msgspec.structs.replace(
        PRINTERS[printer], language=speech, speed_mm_s=1e9, settle_s=0.0
    )
    rows = round((profile.label_mm + profile.gap_mm) * profile.dots_per_mm)
    machine = VirtualPrinter(
        profile.language,
        width=profile.width_dots,
        label_rows=None if profile.media == "continuous" else rows,
    )
    language = EscposLanguage() if speech == "escpos" else TsplLanguage()
    outcome = WirePrinter("printer", DirectLink(machine), language, profile=profile).print(document)
    assert outcome.status == "printed"
    [piece] = machine.pieces
    return piece


def same_dots(picture: Image.Image, paper: Image.Image) -> bool:
    """A printer on labels feeds to the next one: what is left is blank."""
    if picture.mode != "1" or picture.width != paper.width or paper.height < picture.height:
        return False
    rest = paper.crop((0, picture.height, *paper.size))
    return paper.crop((0, 0, *picture.size)).tobytes() == picture.tobytes() and (
        rest.height == 0 or rest.getextrema() == (255, 255)
    )


@pytest.mark.parametrize(
    ("printer", "language"),
    [
        ("58mm", "zh"),
        ("58mm", "en"),
        ("58mm", "both"),
        ("80mm", "both"),
        ("58mm-40", "zh"),
        ("58mm-30", "both"),
        ("80mm-50", "en"),
    ],
)
def test_the_picture_of_a_label_is_what_the_kiosk_prints_dot_for_dot(
    site: HubSite, operator: FlaskClient, printer: str, language: str
) -> None:
    form = form_at(operator)
    sent = (io.BytesIO(photograph((400, 300))), "logo.jpg")
    form = pressed(operator, "logo", form | {"file": sent})
    form = pressed(operator, "add label", form | {"label-new": "words"})
    last = f"label-{len(kinds(form))}"
    form |= {f"{last}-zh": "不得转卖", "label-language": language, "label-printer": printer}
    status, page = press(operator, "show", form)
    assert status == 200
    shown = dots_in(page, -2)
    live = operator.post(f"{EAST}/preview/label", data=form)
    assert live.headers["Content-Type"].startswith("text/html")
    assert pictures(page, FORM)[-2][0] in live.text, "with and without JavaScript"
    assert press(operator, "save", form)[0] == 303
    # The kiosk has its own name and language; what the hub tells goes before.
    letterhead = Letterhead(Words("没起名的站", "A stop"), "https://hub.example")
    papers = told(site)[("kiosk-east",)]
    paper = layout(LabelJob(SAMPLE_LABEL.code, "F1"), letterhead, Stamp("h"), papers)
    assert same_dots(shown, printed(printer, paper))
    if PRINTERS[printer].media == "gap":
        assert same_dots(shown, printed(printer, paper, "tspl"))


@pytest.mark.parametrize("printer", ["58mm", "80mm"])
def test_the_picture_of_a_receipt_is_what_a_printer_makes_of_it_dot_for_dot(
    site: HubSite, operator: FlaskClient, printer: str
) -> None:
    form = form_at(operator) | {"receipt-printer": printer, "receipt-5-size": "large"}
    shown = dots_in(press(operator, "show", form)[1])
    assert press(operator, "save", form)[0] == 303
    letterhead = Letterhead(Words("没起名的站", "A stop"), "http://localhost/")
    document = compose_receipt(SAMPLE_RECEIPT, told(site)[("kiosk-east",)], letterhead)
    assert same_dots(shown, printed(printer, document))


def test_one_dot_more_or_less_would_be_seen() -> None:
    paper = Image.new("1", (384, 100), 255)
    other = paper.copy()
    other.putpixel((200, 50), 0)
    assert same_dots(paper, paper)
    assert not same_dots(paper, other)


def test_the_small_pictures_are_those_of_what_holds(operator: FlaskClient) -> None:
    before = operator.get(f"{EAST}/label.png")
    assert before.mimetype == "image/png"
    etag = before.headers["ETag"]
    again = operator.get(f"{EAST}/label.png", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    press(operator, "save", form_at(operator) | {"label-1-size": "small"})
    after = operator.get(f"{EAST}/label.png", headers={"If-None-Match": etag})
    assert after.status_code == 200
    shown = dots_in(operator.get(EAST).text, -2)
    assert Image.open(io.BytesIO(after.data)).tobytes() == shown.tobytes()


def test_the_editor_alone_lets_pictures_come_along_in_the_page(operator: FlaskClient) -> None:
    assert "img-src 'self' data:;" in operator.get(EAST).headers["Content-Security-Policy"]
    assert "data:" not in operator.get("/papers/").headers["Content-Security-Policy"]


# --- the logo ------------------------------------------------------------------------------------


def test_a_photograph_becomes_a_logo_that_every_kiosk_can_hold(
    site: HubSite, operator: FlaskClient
) -> None:
    sent = photograph((4000, 3000))
    assert len(sent) > 64 * 1024
    form = pressed(operator, "logo", form_at(operator) | {"file": (io.BytesIO(sent), "a.jpg")})
    assert kinds(form)[0] == "logo"
    assert kinds(form, "receipt")[0] == "logo"
    assert press(operator, "save", form)[0] == 303
    png = base64.b64decode(told(site)[("kiosk-east",)].logo)
    assert len(png) <= MAX_LOGO_BYTES
    logo = Image.open(io.BytesIO(png))
    assert (logo.mode, logo.width <= LOGO_DOTS[0], logo.height <= LOGO_DOTS[1]) == ("1", True, True)
    assert 0.2 < logo.convert("L").histogram()[0] / (logo.width * logo.height) < 0.8, "dithered"
    bare = pressed(operator, "no-logo", form_at(operator))
    assert (bare["logo"], "logo" in kinds(bare)) == ("", False)


@pytest.mark.parametrize(
    ("content", "zh", "en"),
    [
        (b"", "请先选择图片", "Choose a picture first"),
        (b"<svg onload='alert(1)'/>", "无法识别这张图片", "no picture that can be read"),
        (photograph()[:5000], "无法识别这张图片", "no picture that can be read"),
        (photograph((6000, 5000), "PNG"), "2500万像素", "25 million dots"),
        (b"\x89PNG\r\n\x1a\n" + bytes(13_000_000), "12 MB", "12 MB"),
    ],
    ids=["nothing", "svg", "torn", "bomb", "large"],
)
def test_what_is_no_logo_is_refused_in_words(
    site: HubSite, content: bytes, zh: str, en: str
) -> None:
    for language, said in (("zh", zh), ("en", en)):
        client = signed_in(site, language=language)
        form = form_at(client) | {"stop_en": "Typed before"}
        status, page = press(client, "logo", form | {"file": (io.BytesIO(content), "a.png")})
        assert (status, said in page) == (400, True)
        assert fields(page, FORM)["stop_en"] == "Typed before", "nothing typed is lost"
