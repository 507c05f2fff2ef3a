"""The pages about lights and voices show what the code has."""

import re
import tomllib
from pathlib import Path

import pytest

from contract.settings import convert_settings
from drivers import pages
from drivers.patterns import ALARMS, MODES, SIGNALS
from drivers.prompts import PROMPTS
from kiosk.config import lane_names
from kiosk.panel_settings import USUAL, USUAL_BUZZER, GpioSettings, SpeakerSettings, wiring

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", pages.DRAWN)
def test_a_page_shows_the_tables_of_today(name: str) -> None:
    assert page(name) == pages.renewed(name, page(name)), "stale: run make docs"


def test_every_pattern_and_every_prompt_is_on_its_page() -> None:
    for name in (*SIGNALS, *ALARMS, *MODES):
        assert f"\n| {name} | " in page("panel.md")
    for prompt in PROMPTS:
        assert f"\n| `{prompt.name}.wav` | {prompt.zh} | {prompt.en} |" in page("voices.md")


def toml_on(name: str) -> dict[str, object]:
    """The last indented block of a page that is TOML with a table in it."""
    blocks = re.findall(r"(?:^ {4}.*\n|^\n)+", page(name), flags=re.MULTILINE)
    found = [tomllib.loads(block) for block in blocks if "\n    [" in f"\n{block}"]
    assert len(found) == 1
    return found[0]


def test_the_settings_on_the_page_are_settings_a_kiosk_takes() -> None:
    gpio = toml_on("panel.md")["gpio"]
    assert isinstance(gpio, dict)
    settings = convert_settings(gpio, GpioSettings)
    lanes = lane_names(["serial:/dev/ttyACM0", "serial:/dev/ttyACM1"])
    assert [lane.lane for lane in wiring(settings, lanes).lanes] == ["lane-1", "lane-2"]
    speaker = toml_on("voices.md")["speaker"]
    assert isinstance(speaker, dict)
    assert convert_settings(speaker, SpeakerSettings) == SpeakerSettings()


def test_the_usual_wiring_is_the_one_in_the_picture() -> None:
    picture = page("panel.md")
    for colour, pin in {"red": USUAL.red, "green": USUAL.green, "blue": USUAL.blue}.items():
        assert re.search(rf"GPIO{pin} ──\[330 Ω\]──►\|── {colour}\b", picture)
    for button, pin in USUAL.buttons.items():
        assert re.search(rf"GPIO{pin} +── {button}\b", picture)
    assert f"GPIO{USUAL_BUZZER} ──" in picture


def test_a_page_without_markers_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "panel.md"
    path.write_text("nothing to draw in\n")
    with pytest.raises(ValueError, match="needs the lines"):
        pages.main([str(path)])
    assert path.read_text() == "nothing to draw in\n"
