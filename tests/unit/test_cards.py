"""What `yicang provision cards` prints: complete, readable by scanners and by people.

Every code is read back from the pixels that a printer would get, by a decoder that shares nothing
with our encoders, from every page of every option.
"""

import contextlib
import csv
import hashlib
import itertools
import re
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from click.testing import CliRunner, Result
from PIL import Image, ImageChops

from contract.actions import (
    ACTIONS,
    ARGUMENTS,
    MAX_QUANTITY,
    Verb,
    expiry_of,
    price_of,
)
from contract.codes import PLACE_BY_CODE, PLACE_IN, Code, Kind, parse
from contract.events import person_hash
from contract.reference import Campaign, KnownPlace, NamedCategory, Skill
from provisioning import marks
from provisioning.cards import cards_command
from provisioning.deck import (
    BUILT_IN,
    PRICE_CARDS,
    Card,
    Group,
    campaign_card,
    catalogue,
    deck,
    months_from,
)
from provisioning.enrolment_sheet import STEPS
from provisioning.ink import ICONS, Ink
from provisioning.mark_drawing import draw_mark
from provisioning.marks import Mark
from provisioning.poster import PARTS
from provisioning.sheets import A4, ID1, Format, Language
from tests.support.paper import Code as Read
from tests.support.paper import read_codes

MM_PER_INCH = 25.4
FIRST_MONTH, MONTHS = "2026-12", 24
WHOLE_DECK = deck(BUILT_IN, months_from(FIRST_MONTH, MONTHS))
NUMERIC = {Verb.EXPIRY, Verb.PRICE, Verb.CAMPAIGN}
"""Verbs whose cards are a choice from a long row of numbers."""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cards_command, [str(one) for one in arguments])


def written(out: Path, *arguments: object) -> Path:
    result = run("--out", out, *arguments)
    assert result.exit_code == 0, result.output
    assert str(out) in result.output
    return out


def opened(pdf: Path) -> "contextlib.closing[pypdfium2.PdfDocument]":
    return contextlib.closing(pypdfium2.PdfDocument(pdf))  # type: ignore[no-untyped-call]


def pages(pdf: Path, dpi: float) -> Iterator[Image.Image]:
    with opened(pdf) as document:
        for page in document:
            yield page.render(scale=dpi / 72).to_pil()


def read(pdf: Path, dpi: float) -> list[Read]:
    return [code for page in pages(pdf, dpi) for code in read_codes(page, scale=1)]


def sizes(pdf: Path) -> set[tuple[float, float]]:
    """The page sizes in mm."""
    with opened(pdf) as document:
        return {
            (round(width * MM_PER_INCH / 72, 1), round(height * MM_PER_INCH / 72, 1))
            for width, height in (page.get_size() for page in document)
        }


def text_of(pdf: Path) -> str:
    with opened(pdf) as document:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)


@pytest.fixture(scope="module", params=list(Format))
def sheets(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole deck, in each format."""
    out = tmp_path_factory.mktemp("cards") / f"{request.param.value}.pdf"
    return written(out, "--format", request.param.value, "--expiry-from", FIRST_MONTH)


# --- what is in the deck -----------------------------------------------------------------------


def test_every_action_has_a_card_and_every_number_that_people_choose_from() -> None:
    codes = [parse(card.code) for card in WHOLE_DECK]
    actions = [code for code in codes if code.kind is Kind.ACTION]
    printed = {code.verb for code in actions if code.action.verb not in NUMERIC}
    assert printed == {key for key, action in ACTIONS.items() if action.verb not in NUMERIC}
    assert len(actions) == len({code.text for code in actions})

    def arguments(verb: Verb) -> list[str]:
        return [code.action.argument for code in actions if code.action.verb is verb]

    assert [price_of(argument) for argument in arguments(Verb.PRICE)] == list(PRICE_CARDS)
    months = [expiry_of(argument) for argument in arguments(Verb.EXPIRY)]
    assert (months[0], months[-1], len(months)) == ("2026-12", "2028-11", 24)
    assert {code.text for code in codes if code.kind is Kind.PLACE} == set(PLACE_BY_CODE)
    assert PLACE_IN in PLACE_BY_CODE
    assert Counter(card.group for card in WHOLE_DECK)[Group.QUANTITY] == MAX_QUANTITY - 1


def test_price_cards_add_up_to_every_half_yuan() -> None:
    reached = {0}
    for price in PRICE_CARDS:
        reached |= {sum_ + price for sum_ in reached}
    assert set(range(5, 501, 5)) <= reached


def test_no_two_cards_of_a_group_say_the_same() -> None:
    for group, members in itertools.groupby(WHOLE_DECK, key=lambda card: card.group):
        cards = list(members)
        for field in ("code", "zh", "en"):
            assert len({getattr(card, field) for card in cards}) == len(cards), (group, field)


def picture(drawn: Sequence[Mark]) -> Iterator[Image.Image]:
    """Each mark as it looks on paper, 25 mm wide, in shades of grey."""
    ink = Ink("marks")
    for mark in drawn:
        ink.page((27.0, 27.0))
        draw_mark(ink, mark, 1, 1, 25)
    with contextlib.closing(pypdfium2.PdfDocument(ink.output())) as document:  # type: ignore[no-untyped-call]
        for page in document:
            yield page.render(scale=1.5).to_pil().convert("L")


def difference(one: Image.Image, other: Image.Image) -> float:
    """The part of the area that is clearly lighter on one picture than on the other."""
    apart = ImageChops.difference(one, other).histogram()
    return sum(apart[61:]) / (one.width * one.height)


def test_nobody_needs_to_read_to_tell_two_cards_apart_even_in_black_and_white() -> None:
    cards = [*WHOLE_DECK, *(campaign_card(number, "甲", "A") for number in range(1, 13))]
    alike_by_colour = {Group.EXPIRY}  # the same month of two years: the year tells
    seen = list(zip(cards, picture([card.mark for card in cards]), strict=True))
    for (one, first), (other, second) in itertools.combinations(seen, 2):
        least = 0.002 if {one.group, other.group} <= alike_by_colour else 0.01
        assert difference(first, second) > least, (one.en, other.en)


def test_neighbours_know_their_cards_by_animal_and_colour() -> None:
    looks = [marks.person_mark(number) for number in range(108)]
    assert len({(mark.icons, mark.colour) for mark in looks}) == 108
    animals = list(picture(looks[: len(marks.ANIMALS)]))
    for first, second in itertools.combinations(animals, 2):
        assert difference(first, second) > 0.05


def test_every_icon_in_the_folder_is_used_and_none_is_missing() -> None:
    source = "".join(
        (ICONS.parent / name).read_text()
        for name in ("marks.py", "poster.py", "mark_drawing.py", "enrolment_sheet.py")
    )
    named = set(re.findall(r'"([a-z]+(?:-[a-z]+)*)"', source))
    assert {path.stem for path in ICONS.glob("*.svg")} <= named
    used = {icon for card in WHOLE_DECK for icon in card.mark.icons}
    used |= {icon for step in STEPS for icon in step.icons}
    used |= {icon for part in PARTS for step in part.steps for icon in step.icons}
    assert used <= {path.stem for path in ICONS.glob("*.svg")}
    assert "Apache License 2.0" in (ICONS / "LICENCE").read_text()


# --- what scanners read ------------------------------------------------------------------------


# The coarser printer is the harder one: the finer is tried on each format with the proofs.
@pytest.mark.parametrize("dpi", [203, pytest.param(300, marks=pytest.mark.proof)])
def test_every_card_reads_from_every_format(sheets: Path, dpi: int) -> None:
    poster = [
        Read("Code128", code) for code in (poster_codes() if sheets.stem == Format.A4.value else [])
    ]
    cards = [
        Read(symbology, card.code) for card in WHOLE_DECK for symbology in ("Code128", "QRCode")
    ]
    assert Counter(read(sheets, dpi)) == Counter([*poster, *cards])


def poster_codes() -> list[str]:
    by_verb = {parse(card.code).action.verb: card.code for card in WHOLE_DECK[:25]}
    return [by_verb[verb] for part in PARTS for verb in part.verbs]


@pytest.mark.proof
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("layout", ["a4", "card"])
def test_one_language_reads_as_well(tmp_path: Path, language: str, layout: str) -> None:
    pdf = written(
        tmp_path / "cards.pdf", "--language", language, "--format", layout,
        "--expiry-from", FIRST_MONTH, "--campaign", "1=一勺米/A spoon of rice",
    )  # fmt: skip
    expected = {card.code for card in WHOLE_DECK} | {campaign_card(1, "一勺米", "").code}
    assert {code.text for code in read(pdf, 203)} == expected
    text = "".join(text_of(pdf).split())
    assert ("一勺米" in text) == (language == "zh")
    assert ("Aspoonofrice" in text) == (language == "en")
    for card in WHOLE_DECK:
        assert ("".join(card.zh.split()) in text) == (language == "zh"), card.zh


EVERY_TOKEN = ("--persons", 9, "--personal", 3, "--families", 17)


@pytest.fixture(scope="module", params=list(Format))
def tokens(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cards and slips that are new each time, in each format."""
    out = tmp_path_factory.mktemp("tokens") / f"{request.param.value}.pdf"
    return written(out, *EVERY_TOKEN, "--format", request.param.value)


@pytest.mark.parametrize(
    ("dpi", "greys"),
    [(203, True), pytest.param(300, True, marks=pytest.mark.proof), (300, False)],
)
def test_every_token_reads_even_from_a_printer_without_greys(
    tokens: Path, dpi: int, greys: bool
) -> None:
    found: Counter[Read] = Counter()
    for page in pages(tokens, dpi):
        found += Counter(read_codes(page if greys else black_and_white(page), scale=1))
    barred = {one.text for one in found if one.symbology == "Code128"}
    assert Counter(parse(text).kind for text in barred) == {Kind.PERSON: 12, Kind.FAMILY: 17}
    assert {one.text for one in found if one.symbology == "QRCode"} == barred
    assert len(found) == 2 * len(barred)


@pytest.mark.parametrize("dpi", [203, pytest.param(300, marks=pytest.mark.proof)])
def test_every_price_label_of_a_sheet_reads(tmp_path: Path, dpi: int) -> None:
    pdf = written(tmp_path / "prices.pdf", "--prices", "0.5,12.5,500")
    prices = []
    for page in pages(pdf, dpi):
        dot = dpi / MM_PER_INCH
        for row, column in itertools.product(range(8), range(3)):  # equal codes: one at a time
            left, top = column * 70 * dot, (0.5 + row * 37) * dot
            label = page.crop((int(left), int(top), int(left + 70 * dot), int(top + 37 * dot)))
            [code] = read_codes(label, scale=1)
            prices.append(price_of(parse(code.text).action.argument))
    assert Counter(prices) == {5: 24, 125: 24, 5000: 24}


def black_and_white(page: Image.Image) -> Image.Image:
    """What a printer makes of it that knows no greys."""
    return page.convert("L").point(lambda grey: 255 * (grey > 127))


def test_labels_read_from_a_label_printer_of_203_dots_an_inch(tmp_path: Path) -> None:
    pdf = written(
        tmp_path / "l.pdf", "--families", 12, "--prices", "0.5,12.5,500", "--format", "card"
    )
    assert sizes(pdf) == {(105.0, 37.0), (70.0, 37.0)}
    found = [
        code
        for page in pages(pdf, 203.2)
        for code in read_codes(black_and_white(page), scale=1)
        if code.symbology == "Code128"
    ]
    assert len(found) == 12 + 3 * 24


def bar_codes(page: Image.Image) -> Iterator[tuple[str, list[int], int, int, int]]:
    """Of each Code 128 code: its text, its bars and spaces in dots, its height, the blank at either
    side. Of equal codes beneath each other the reader tells one."""
    grey = page.convert("L")
    for result in zxingcpp.read_barcodes(grey, try_downscale=False):
        if str(result.format).replace(" ", "") != "Code128":
            continue
        where = result.position
        middle = (where.top_left.y + where.bottom_left.y) // 2
        row = [dot < 128 for dot in grey.crop((0, middle, grey.width, middle + 1)).tobytes()]
        centre = (where.top_left.x + where.top_right.x) // 2
        edges = sorted((where.top_left.x, where.top_right.x))
        first = next(x for x in range(max(0, edges[0] - 6), centre) if row[x])
        last = next(x for x in range(min(grey.width - 1, edges[1] + 6), centre, -1) if row[x])
        runs = [len(list(run_)) for _, run_ in itertools.groupby(row[first : last + 1])]
        left = next((n for n in range(1, first) if row[first - n]), first)
        right = next((n for n in range(1, grey.width - last) if row[last + n]), grey.width - last)
        column = grey.crop((first, 0, first + 1, grey.height)).tobytes()
        top = next(y for y in range(middle, -1, -1) if column[y] > 128)
        low = next(y for y in range(middle, grey.height) if column[y] > 128)
        yield result.text, runs, low - top - 1, left, right


@pytest.mark.parametrize("layout", list(Format))
def test_bars_are_wide_and_high_enough_for_the_cheapest_reader(
    tmp_path: Path, layout: Format
) -> None:
    dpi = 400
    pdf = written(
        tmp_path / "some.pdf", "--only", "action,place,price", "--persons", 3, "--families", 2,
        "--prices", "500", "--format", layout.value,
    )  # fmt: skip
    seen = set()
    for page in pages(pdf, dpi):
        for text, runs, height, left, right in bar_codes(page):
            symbols = (len(runs) - 1) // 6  # three bars and three spaces each, the stop one more
            module = sum(runs) / (11 * symbols + 2)
            assert module >= 0.3 / MM_PER_INCH * dpi - 0.05
            assert min(runs) >= module - 2  # a dot is lost at each edge
            assert height >= 12 / MM_PER_INCH * dpi - 1
            assert min(left, right) >= 10 * module - 2
            seen.add(text)
    assert len(seen) == 25 + len(BUILT_IN.places) + len(PRICE_CARDS) + 3 + 2 + 1


# --- what people see ---------------------------------------------------------------------------


def test_pages_are_what_the_printer_holds(sheets: Path) -> None:
    expected = ID1 if sheets.stem == Format.CARD.value else A4
    assert sizes(sheets) == {expected}


def test_every_word_is_there_in_both_languages(sheets: Path) -> None:
    text = "".join(text_of(sheets).split())
    for card in WHOLE_DECK:
        assert "".join(card.zh.split()) in text
        assert "".join(card.en.split()) in text


def test_nothing_is_printed_where_printers_cannot_reach(sheets: Path) -> None:
    """Home printers leave 5 mm and more blank around; card printers about half a millimetre."""
    edge_mm = 0.5 if sheets.stem == Format.CARD.value else 5
    dpi = 200 if sheets.stem == Format.CARD.value else 100
    edge = int(edge_mm / MM_PER_INCH * dpi)
    for page in pages(sheets, dpi):
        grey = page.convert("L")
        inner = grey.crop((edge, edge, grey.width - edge, grey.height - edge))
        frame = grey.copy()
        frame.paste(255, (edge, edge, edge + inner.width, edge + inner.height))
        assert frame.getextrema() == (255, 255)


def test_the_files_stay_small(sheets: Path) -> None:
    assert sheets.stat().st_size < 400_000


def test_the_poster_shows_how_to_give_and_how_to_hand_over(tmp_path: Path) -> None:
    pdf = written(tmp_path / "poster.pdf", "--only", "poster")
    with opened(pdf) as document:
        assert len(document) == 1
    for dpi in (203, 300):
        assert {code.text for code in read(pdf, dpi)} == set(poster_codes())
    text = "".join(text_of(pdf).split())
    for part in PARTS:
        for step in part.steps:
            assert "".join(step.zh.split()) in text
            assert "".join(step.en.split()) in text


# --- choosing ----------------------------------------------------------------------------------


def test_only_the_chosen_groups_are_printed(tmp_path: Path) -> None:
    pdf = written(tmp_path / "few.pdf", "--only", "grade, pay")
    found = {code.text for code in read(pdf, 203)}
    groups = {card.group for card in WHOLE_DECK if card.code in found}
    assert groups == {Group.GRADE, Group.PAY}


def test_what_is_asked_for_comes_alone_or_with_the_chosen_groups(tmp_path: Path) -> None:
    alone = {code.text for code in read(written(tmp_path / "a.pdf", "--prices", "7"), 203)}
    assert len(alone) == 1
    both = read(written(tmp_path / "b.pdf", "--prices", "7", "--only", "pay"), 203)
    assert {parse(code.text).action.verb for code in both} == {Verb.PRICE, Verb.PAY}


def test_a_chosen_range_of_months(tmp_path: Path) -> None:
    pdf = written(tmp_path / "m.pdf", "--only", "expiry", "--expiry-from", "2039-10", "--months", 3)
    months = {expiry_of(parse(code.text).action.argument) for code in read(pdf, 203)}
    assert months == {"2039-10", "2039-11", "2039-12"}


def test_a_hubs_names_stand_on_the_cards_and_what_it_withdrew_does_not() -> None:
    team = KnownPlace("W00000TJ", "team", "红队", "Red team")
    known = catalogue(
        [NamedCategory("F1", "米面", "Rice"), NamedCategory("F2", "零食", "Snacks", offered=False),
         NamedCategory("Q9", "花草", "Plants")],
        [team, KnownPlace(PLACE_IN, "shelf", "收货台", "Desk")],
        [Skill("05", "修家电", "Mending"), Skill("77", "唱歌", "Singing")],
        [Campaign(3, "一勺米", "Rice", open=False), Campaign(4, "冬衣", "Coats")],
    )  # fmt: skip
    cards = {card.code: card for card in deck(known, ())}
    names = {card.zh for card in cards.values()}
    assert {"米面", "收货台", "修家电", "冬衣", "红队"} <= names
    assert not {"米面粮油", "零食", "食品饮料", "花草", "入库区", "修理", "唱歌"} & names
    assert "一勺米" not in names
    assert cards[team.code].mark.icons == ("account-group",)


def test_places_of_one_kind_look_different() -> None:
    teams = [
        KnownPlace(f"W00000T{n}", "team", name, name) for n, name in enumerate(("红队", "红旗队"))
    ]
    signs = [mark.sign for mark in marks.place_marks(teams).values()]
    assert len(set(signs)) == 2


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--only", "action,foo"), ("foo", "category")),
        (("--prices", "5,x"), ("--prices", "x")),
        (("--prices", "50.5"), ("50.5",)),
        (("--prices", "0"), ("--prices",)),
        (("--expiry-from", "2026"), ("--expiry-from", "2026-12")),
        (("--expiry-from", "2039-10"), ("2039-12",)),
        (("--expiry-from", "2030-13"), ("2030-13",)),
        (("--campaign", "0=甲/A"), ("--campaign",)),
        (("--campaign", "一勺米"), ("--campaign", "1=一勺米/A spoon of rice")),
        (("--only", "campaign"), ("--campaign",)),
        (("--items", "5"), ("--data",)),
        (("--can", "sell"), ("--personal",)),
        (("--hashes", "x.csv"), ("--persons",)),
        (("--data", "/nowhere", "--only", "place"), ("/nowhere",)),
    ],
)
def test_what_cannot_be_is_said_in_both_languages(
    tmp_path: Path, arguments: tuple[str, ...], named: tuple[str, ...]
) -> None:
    out = tmp_path / "cards.pdf"
    result = run("--out", out, *arguments)
    assert result.exit_code == 2
    assert re.search("[\u3400-\u9fff].* / .*[a-z]", result.output)
    for word in named:
        assert word in result.output
    assert not out.exists()


def test_help_is_in_both_languages() -> None:
    shown = run("--help").output
    described = re.sub(r"\s+", " ", shown)
    options = re.findall(r"(?<![\w-])--[a-z-]+", described)
    assert {"--only", "--format", "--persons", "--families", "--items", "--prices"} <= set(options)
    for option in (one for one in cards_command.params if one.name):
        help_text = getattr(option, "help", None) or ""
        assert re.search("[\u3400-\u9fff]", help_text), option.name
        assert re.search("[a-z]{3}", help_text), option.name


def test_every_option_and_group_is_explained_and_every_explained_option_exists() -> None:
    page = (ICONS.parents[1] / "docs" / "cards.md").read_text()
    options = {name for one in cards_command.params for name in one.opts}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", page)) - {"--help"} == options
    for group in Group:
        assert group is Group.PERSON or f"`{group.value}`" in page


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    result = run("--out", tmp_path / "no" / "cards.pdf")
    assert result.exit_code == 1
    assert "cannot write" in result.output


# --- bearer tokens -----------------------------------------------------------------------------


def codes_of(pdf: Path, kind: Kind) -> set[str]:
    found: set[Code] = {parse(one.text) for one in read(pdf, 300)}
    return {code.text for code in found if code.kind is kind}


def test_peoples_cards_leave_their_hashes_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "people.pdf"
    result = run("--out", out, "--persons", 5, "--personal", 2, "--can", "deliver", "--can", "sell")
    assert result.exit_code == 0, result.output
    tokens = codes_of(out, Kind.PERSON)
    assert len(tokens) == 7
    register = tmp_path / "people-hashes.csv"
    rows = list(csv.DictReader(register.read_text().splitlines()))
    assert {row["person"] for row in rows} == {person_hash(token) for token in tokens}
    assert Counter(row["can"] for row in rows) == {"": 5, "deliver sell": 2}
    for path in (out, register):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(tmp_path.iterdir()) == [register, out]
    said = result.output + register.read_text()
    assert not any(token in said or token[1:-1] in said for token in tokens)
    assert "0600" in result.output
    assert "删除" in result.output
    assert "Delete it" in result.output
    printed = text_of(out)
    for row in rows:
        assert f"No. {row['number']}" in printed


def test_families_tokens_are_new_each_time_and_only_on_paper(tmp_path: Path) -> None:
    first = codes_of(written(tmp_path / "a.pdf", "--families", 3), Kind.FAMILY)
    second = codes_of(written(tmp_path / "b.pdf", "--families", 3), Kind.FAMILY)
    assert len(first | second) == 6
    assert {path.name for path in tmp_path.iterdir()} == {"a.pdf", "b.pdf"}
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("there", ["people.pdf", "people-hashes.csv"])
def test_tokens_are_never_written_over_another_file(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("kept")
    before = hashlib.sha256((tmp_path / there).read_bytes()).hexdigest()
    result = run("--out", tmp_path / "people.pdf", "--persons", 1)
    assert result.exit_code == 2
    assert "已存在" in result.output
    assert hashlib.sha256((tmp_path / there).read_bytes()).hexdigest() == before
    assert [path.name for path in tmp_path.iterdir()] == [there]


def test_the_deck_of_a_group_needs_no_more_than_its_verbs_arguments() -> None:
    def shown(verb: Verb) -> set[str]:
        found = (parse(card.code) for card in WHOLE_DECK if card.code.startswith("K"))
        return {code.action.argument for code in found if code.action.verb is verb}

    for verb in set(ARGUMENTS) - NUMERIC:
        assert shown(verb) == set(ARGUMENTS[verb])


def test_a_long_name_stays_on_its_card() -> None:
    zh, en = (
        "街道社区服务中心东侧二楼走廊尽头的储藏室",
        "The store room at the far end of the corridor",
    )
    card = Card(Group.PLACE, PLACE_IN, zh, en, marks.quantity_mark(2))
    from provisioning.sheets import draw_cards

    ink = Ink("long")
    draw_cards(ink, [card], Format.CARD, Language.BOTH)
    with contextlib.closing(pypdfium2.PdfDocument(ink.output())) as document:  # type: ignore[no-untyped-call]
        page = document[0].render(scale=300 / 72).to_pil().convert("L")
    right = page.crop((page.width - round(1 / MM_PER_INCH * 300), 0, page.width, page.height))
    assert right.getextrema() == (255, 255)
    assert {code.text for code in read_codes(page, scale=1)} == {PLACE_IN}
