"""The guide for those who run a stop says what the code has, in both languages."""

import re
from contextlib import closing
from pathlib import Path

import click
import pypdfium2
import pytest
from babel.messages.pofile import read_po
from click.testing import CliRunner

from contract.actions import VERB_WORDS
from drivers import guidance, light_pages
from drivers.guidance import NOBODY, Guidance
from drivers.light_pictures import SHOWN_MS, light_told, shown
from drivers.patterns import ALARMS, MODES, OTHER, SIGNALS, Colour
from drivers.ports import Alarm, Signal
from drivers.prompts import SETUP_PROMPTS
from hub.alerts.words import WORDS
from provisioning.cards import cards_command
from yicang.__main__ import cli

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
EN = (DOCS / "operate.md").read_text(encoding="utf-8")
ZH = (DOCS / "operate.zh.md").read_text(encoding="utf-8")
PAGES = {path.name: path.read_text(encoding="utf-8") for path in (*DOCS.glob("*.md"),)} | {
    "README.md": (ROOT / "README.md").read_text(encoding="utf-8")
}


# --- lights ---------------------------------------------------------------------------------------


def test_every_light_has_its_row_its_strip_and_an_order() -> None:
    assert guidance.SIGNALS.keys() == set(Signal)
    assert guidance.ALARMS.keys() == set(Alarm)
    assert guidance.MODES_DO.keys() == MODES.keys() | {"other"}
    for page in (EN, ZH):
        shown_there = set(re.findall(rf"{light_pages.FOLDER}/([a-z]+)\.svg", page))
        assert shown_there == {name[:-4] for name in light_pages.strips()} - {"idle"}


def test_the_strips_are_those_of_today() -> None:
    folder = DOCS / light_pages.FOLDER
    assert {path.name for path in folder.iterdir()} == light_pages.strips().keys()
    for name, picture in light_pages.strips().items():
        assert (folder / name).read_text(encoding="utf-8") == picture, "stale: run make docs"


def test_a_strip_shows_three_seconds_of_what_the_panel_shows() -> None:
    for pattern in (*SIGNALS.values(), *ALARMS.values(), *MODES.values(), None):
        assert sum(ms for _, _, ms in shown(pattern)) == SHOWN_MS
    lit = [(light, ms) for light, _, ms in shown(SIGNALS[Signal.SAVED])]
    assert lit == [(Colour.GREEN, 1500), (Colour.OFF, 1500)]


def test_no_two_lights_are_told_in_the_same_words() -> None:
    for language in ("zh", "en"):
        told = [getattr(light_told(one), language) for one in (*SIGNALS.values(),)]
        assert len(set(told)) == len(told)
        lasting = (*(one for one in ALARMS.values() if one.loop), *MODES.values(), OTHER)
        told = [getattr(light_told(one), language) for one in lasting]
        assert len(set(told)) == len(told)


def test_whoever_is_to_be_rung_will_ask_what_the_stop_was_told_they_ask() -> None:
    asked = {
        Alarm.UNSAVED: "refusing",
        Alarm.PAPER: "paper-out",
        Alarm.OFFLINE: "unsent-old",
    }
    for alarm, kind in asked.items():
        said, hub = guidance.ALARMS[alarm].asked, WORDS[kind].ask
        assert (said.zh, said.en) == (hub.zh, hub.en)
    dark, silent = guidance.DARK.asked, WORDS["kiosk-silent"].ask
    assert (dark.zh, dark.en) == (silent.zh, silent.en)


def test_a_question_is_asked_only_by_somebody() -> None:
    rows: list[Guidance] = [*guidance.SIGNALS.values(), *guidance.ALARMS.values()]
    for row in rows:
        assert row.asked is NOBODY or row.ring is not NOBODY


def test_the_alarms_of_the_morning_look_are_asked_about_in_the_hubs_words() -> None:
    for language, page in (("en", EN), ("zh", ZH)):
        table = page.rpartition("|---|---|---|\n")[2].partition("\n\n")[0]
        rows = dict(re.findall(r"^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$", table, re.MULTILINE))
        said = {getattr(one.title, language): getattr(one.ask, language) for one in WORDS.values()}
        assert len(rows) == 5
        for title, question in rows.items():
            assert said[title] == question


@pytest.mark.parametrize(
    ("page", "heading", "language"),
    [(EN, "| it says | what happened |", "en"), (ZH, "| 它说 | 怎么回事 |", "zh")],
    ids=["en", "zh"],
)
def test_what_a_new_kiosk_says_can_be_looked_up_in_the_language_in_which_it_was_said(
    page: str, heading: str, language: str
) -> None:
    table = page.partition(heading)[2].partition("\n\n")[0]
    cells = re.findall(r"^\| (.+?) \|", table, re.MULTILINE)
    told = [sentence for cell in cells for sentence in re.findall(r"“([^”]+)”", cell)]
    words = {one.name: getattr(one, language) for one in SETUP_PROMPTS}
    counting = [words.pop(name) for name in ("setup-part", "setup-of")]
    assert any(all(part in sentence for part in counting) for sentence in told)
    sentences = {word for name, word in words.items() if name.startswith("setup-")}
    assert sentences <= set(told)


# --- the wall card --------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["both", "zh", "en"])
def test_the_wall_card_is_one_page_with_trouble_on_top(tmp_path: Path, language: str) -> None:
    out = tmp_path / "lights.pdf"
    words = ["--only", "lights", "--language", language, "--out", str(out)]
    result = CliRunner().invoke(cards_command, words)
    assert result.exit_code == 0, result.output
    with closing(pypdfium2.PdfDocument(str(out))) as document:  # type: ignore[no-untyped-call]
        assert len(document) == 1
        text = "".join(document[0].get_textpage().get_text_range().split())
    for said in ("zh", "en"):
        firsts = [guidance.ALARMS[Alarm.UNSAVED].do, guidance.DARK.do]
        orders = ["".join(getattr(one, said).split()) for one in firsts]
        if language in ("both", said):
            assert text.index(orders[0]) < text.index(orders[1])
        else:
            assert orders[0] not in text


@pytest.mark.parametrize("page", [EN, ZH], ids=["en", "zh"])
def test_the_sum_for_the_ups_adds_up(page: str) -> None:
    watts = [
        (float(volts) * float(amperes), float(said))
        for volts, amperes, said in re.findall(r"([\d.]+) V × ([\d.]+) A = ([\d.]+) W", page)
    ]
    for reckoned, said in watts:
        assert reckoned == pytest.approx(said, abs=0.06 if said < 100 else 0.5)
    *parts, peak = (said for _, said in watts)
    [(volts, amperes, seconds, hourly)] = re.findall(
        r"([\d.]+) V × ([\d.]+) A × (\d+) [^=|]*= [^\d]*([\d.]+) Wh", page
    )
    printing = float(volts) * float(amperes) * float(seconds) / 3600
    assert printing == pytest.approx(float(hourly), abs=0.05)
    together = sum(parts) + float(hourly)
    assert f"**{together:.0f} W**" in page
    assert f"{together:.0f} ÷ 0.6 = " in page
    assert together / 0.6 <= 40
    assert peak < 300


# --- both languages -------------------------------------------------------------------------------


def test_both_languages_have_the_same_chapters_pictures_links_and_commands() -> None:
    def outline(page: str) -> list[int]:
        return [len(marks) for marks in re.findall(r"^(#+) ", page, re.MULTILINE)]

    def pictures(page: str) -> list[str]:
        return re.findall(r"\]\((pictures/[^)]+)\)", page)

    def elsewhere(page: str) -> list[str]:
        found: list[str] = re.findall(r"\]\(((?:https?:|[a-z.]+\.md)[^)]*)\)", page)
        return sorted(one for one in found if not one.startswith("operate"))

    assert outline(EN) == outline(ZH)
    assert pictures(EN) == pictures(ZH)
    assert elsewhere(EN) == elsewhere(ZH)
    assert commands(EN) == commands(ZH)
    assert "](operate.zh.md)" in EN.split("##", 1)[0]
    assert "](operate.md)" in ZH.split("##", 1)[0]


def test_the_menus_and_cards_that_the_guide_names_are_called_so_in_both_languages() -> None:
    folder = ROOT / "hub" / "web" / "translations" / "zh" / "LC_MESSAGES"
    with (folder / "messages.po").open("rb") as file:
        chinese = {str(one.id): str(one.string) for one in read_po(file) if one.id}
    bold = " → ".join(re.findall(r"\*\*([^*]+)\*\*", EN)).split(" → ")
    named = {word.rstrip(".") for word in bold if word[0].isupper()} & chinese.keys()
    assert named >= {
        "Kiosks", "Add a kiosk", "Make the invitation", "Print the sheet (PDF)", "Confirm",
        "Take the invitation back", "Stops", "Self-test", "Replace it", "Blink and beep", "Alarms",
        "Take it out of service, or revoke it", "I take care of it", "Incidents", "Backups",
        "Who is told",
    }  # fmt: skip
    there = set(" → ".join(re.findall(r"\*\*([^*]+)\*\*", ZH)).split(" → "))
    cards = {en: zh for zh, en in VERB_WORDS.values()}
    assert cards.keys() & set(bold) == {"Help", "New roll of labels", "Print a label again"}
    for word in named:
        assert cards.get(word, chinese[word]) in {one.rstrip("。") for one in there}, word


# --- commands and links of all pages --------------------------------------------------------------


def commands(page: str) -> set[str]:
    """Every ``yicang …`` that stands as code."""
    code = re.findall(r"`([^`\n]+)`", page) + re.findall(r"^ {4,}(.+)$", page, re.MULTILINE)
    found: set[str] = set()
    for line in code:
        for words in re.findall(r"(?:^|[/ (])yicang ([a-z].*?)(?:$|\||#|\)|;|&&)", line):
            found.add(str(words).strip())
    return found


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_command_and_option_on_a_page_exists(name: str) -> None:
    for line in commands(PAGES[name]):
        command: click.Command = cli
        words = line.split()
        context = click.Context(command)
        while words and isinstance(command, click.Group) and re.fullmatch("[a-z-]+", words[0]):
            inner = command.get_command(context, words[0])
            assert inner is not None, f"yicang {line}"
            command = inner
            words.pop(0)
        options = {option for one in command.params for option in one.opts} | {"--help"}
        used = {word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)}
        if words[:1] != ["…"] and not isinstance(command, click.Group):
            assert used <= options, f"yicang {line}"


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_link_to_another_page_leads_somewhere(name: str) -> None:
    base = ROOT if name == "README.md" else DOCS
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", PAGES[name]):
        path = base / target if target else base / name
        assert path.exists(), target
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path.read_text(encoding="utf-8")), f"{target}#{anchor}"


def anchors(page: str) -> set[str]:
    """Headings as links name them: lower case, blanks as hyphens, without punctuation."""
    heads = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
