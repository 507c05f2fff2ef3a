"""The tables [gpio] and [speaker] of kiosk.toml: what is refused, and how it is told."""

from pathlib import Path

import pytest

from contract.actions import ACTIONS, Verb
from contract.codes import action_code, parse
from contract.settings import SettingsError
from drivers.wiring import Buzzer, Lamp, LaneWiring, PushButton, Wiring
from kiosk.config import KioskConfig, lane_names, load, panel_wiring
from kiosk.panel_settings import BUTTONS
from provisioning.render import RenderError, merge

BASE = """
kiosk = "kiosk-1"
stop_zh = "义仓 1 号站"
stop_en = "Yicang Stop 1"
hub_url = "https://stop.example"
scanners = ["screen:", "serial:/dev/ttyACM0", "serial:/dev/ttyACM1"]
panel = "gpio:"
"""
RIGHT = """
[gpio]
buzzer = 18
buzzer_kind = "active"
lights_active_high = false

[gpio.lanes.lane-1]
red = 17
green = 27
blue = 22
[gpio.lanes.lane-1.buttons]
finish = 5
not-home = 19
quantity-06 = 26

[gpio.lanes.lane-2]
red = 23
green = 24
yellow = 25
buzzer = 12
"""


def read(tmp_path: Path, text: str) -> KioskConfig:
    path = tmp_path / "kiosk.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def faults(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, text)
    problems = list(refused.value.problems)
    assert all(" / " in problem for problem in problems), "both languages"
    return problems


def test_every_pin_ends_up_where_it_was_said(tmp_path: Path) -> None:
    config = read(tmp_path, BASE + RIGHT)
    assert panel_wiring(config) == Wiring(
        (
            LaneWiring(
                "lane-1",
                Lamp(17, 27, 22),
                Buzzer(18, passive=False),
                (
                    PushButton(5, action_code(Verb.FINISH)),
                    PushButton(19, action_code(Verb.NOT_HOME)),
                    PushButton(26, action_code(Verb.QUANTITY, "06")),
                ),
            ),
            LaneWiring("lane-2", Lamp(23, 24, yellow=25), Buzzer(12, passive=False)),
        ),
        lights_active_high=False,
    )


def test_without_a_table_the_first_real_scanner_has_the_usual_wiring(tmp_path: Path) -> None:
    wiring = panel_wiring(read(tmp_path, BASE))
    assert wiring is not None
    (lane,) = wiring.lanes
    assert lane.lane == "lane-1"
    assert lane.lamp == Lamp(17, 27, 22)
    assert lane.buzzer == Buzzer(18)
    cards = [action_code(verb) for verb in (Verb.FINISH, Verb.UNDO, Verb.HELP)]
    assert [button.text for button in lane.buttons] == cards
    screen = BASE.replace(', "serial:/dev/ttyACM0", "serial:/dev/ttyACM1"', "")
    alone = panel_wiring(read(tmp_path, screen))
    assert alone is not None
    assert [lane.lane for lane in alone.lanes] == ["screen"]


def test_scanners_that_are_found_by_themselves_may_be_in_any_lane(tmp_path: Path) -> None:
    found = BASE.replace('"screen:", "serial:/dev/ttyACM0", "serial:/dev/ttyACM1"', '"auto:"')
    usual = panel_wiring(read(tmp_path, found))
    assert usual is not None
    assert [lane.lane for lane in usual.lanes] == ["lane-1"]
    both = panel_wiring(read(tmp_path, found + RIGHT))
    assert both is not None
    assert [lane.lane for lane in both.lanes] == ["lane-1", "lane-2"]
    faults(tmp_path, found + RIGHT.replace("lane-2", "lane-9"))


def test_a_kiosk_without_pins_has_no_wiring_and_keeps_its_table(tmp_path: Path) -> None:
    config = read(tmp_path, BASE.replace("gpio:", "none:") + RIGHT)
    assert config.gpio is not None
    assert panel_wiring(config) is None


def test_every_fault_is_told_at_once_with_its_path_and_the_nearest_name(tmp_path: Path) -> None:
    said = faults(
        tmp_path,
        BASE.replace("serial:/dev/ttyACM0", "seriel:/dev/ttyACM0")
        + """
[gpio]
buzzer = 18

[gpio.lanes.lane-1]
red = 17
green = 17
blue = 22
yellow = 4
[gpio.lanes.lane-1.buttons]
finnish = 5
undo = 18

[gpio.lanes.lane-9]
red = 6
""",
    )
    expected = [
        "did you mean serial:?",
        "gpio.lanes.lane-1.green: 引脚 17 已用于 gpio.lanes.lane-1.red",
        "gpio.lanes.lane-1: blue",
        "gpio.lanes.lane-1.buttons.finnish: 没有这个设置 / unknown key；是不是 finish?",
        "gpio.lanes.lane-1.buttons.undo: 引脚 18 已用于 gpio.buzzer",
        "gpio.lanes.lane-9: 没有这条通道（有：lane-1, lane-2, screen）",
        "gpio.lanes.lane-9.green: 缺少 / missing",
    ]
    for part in expected:
        assert sum(part in line for line in said) == 1, (part, said)
    assert "did you mean lane-1?" in "\n".join(said) or "did you mean lane-2?" in "\n".join(said)


def test_what_is_no_pin_and_what_is_no_key_is_told_by_its_path(tmp_path: Path) -> None:
    said = faults(
        tmp_path,
        BASE
        + """
[gpio]
buzer = 18
buzzer_kind = "loud"

[gpio.lanes.lane-1]
red = 28
green = 1
blu = 22
buttons = { finish = "five", undo = 99 }

[speaker]
languages = ["zh", "fr"]
volume = 101
sounds = "/tmp"
""",
    )
    for part in (
        "gpio.buzer: 没有这个设置 / unknown key；是不是 buzzer?",
        "gpio.buzzer_kind: 值不对 / bad value ('loud')",
        "gpio.lanes.lane-1.red: 值不对 / bad value (28)",
        "gpio.lanes.lane-1.green: 值不对 / bad value (1)",
        "gpio.lanes.lane-1.blu: 没有这个设置 / unknown key；是不是 blue?",
        "gpio.lanes.lane-1.buttons: 值不对",
        "speaker.languages: 值不对",
        "speaker.volume: 值不对 / bad value (101)",
        "speaker.sounds: 没有这个设置",
    ):
        assert sum(part in line for line in said) == 1, (part, said)
    assert len(said) == 9


def test_a_table_where_a_value_belongs_and_the_reverse_are_told(tmp_path: Path) -> None:
    said = faults(tmp_path, BASE + "speaker = 3\n[gpio]\nlanes = [1]\n")
    assert [line.partition(":")[0] for line in said] == ["speaker", "gpio.lanes"]
    said = faults(tmp_path, BASE + "[gpio]\nbuzzer = 18\n")
    assert said == ["gpio.lanes: 缺少 / missing"]


def test_a_button_to_the_supply_cannot_sit_on_a_pin_that_is_pulled_up(tmp_path: Path) -> None:
    table = "[gpio]\nbuttons_pull_up = false\n[gpio.lanes.lane-1.buttons]\nhelp = 3\n"
    (line,) = faults(tmp_path, BASE + table)
    assert line.startswith("gpio.lanes.lane-1.buttons.help: ")
    assert "ground" in line
    read(tmp_path, BASE + table.replace("false", "true"))


def test_renewing_the_settings_at_a_start_keeps_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(BASE + RIGHT + '[speaker]\nlanguages = ["dialect"]\n', encoding="utf-8")
    before = load(path)
    merge(path, {"screen_port": 9000, "scanners": before.scanners}, "renewed")
    after = load(path)
    assert after.screen_port == 9000
    assert (after.gpio, after.speaker) == (before.gpio, before.speaker)
    text = path.read_text(encoding="utf-8")
    merge(path, {"screen_port": 9000}, "renewed")
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("key", "line"),
    [("day", "day = 2026-11-22"), ("share", "share = 0.5"), ("lists", "[[lists]]\nof = 'tables'")],
)
def test_what_cannot_be_written_back_is_left_as_it_is(tmp_path: Path, key: str, line: str) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(RenderError, match=f"{key}$"):
        merge(path, {"screen_port": 9000}, "renewed")
    assert path.read_text(encoding="utf-8") == f"{line}\n"


def test_a_button_can_stand_for_every_card_and_is_named_in_words() -> None:
    assert len(BUTTONS) == len(ACTIONS)
    for name, text in BUTTONS.items():
        code = parse(text)
        assert code.text == text
        assert name.startswith(ACTIONS[code.verb].verb.name.lower().replace("_", "-"))
    assert {"finish", "undo", "help", "not-home", "category-F1"} <= set(BUTTONS)


def test_a_voice_is_off_until_it_is_asked_for(tmp_path: Path) -> None:
    assert read(tmp_path, BASE).speaker is None
    speaker = read(tmp_path, BASE + '[speaker]\nlanguages = ["dialect", "zh"]\n').speaker
    assert speaker is not None
    assert (speaker.languages, speaker.volume, speaker.device) == (("dialect", "zh"), 80, "auto")


def test_lanes_are_counted_past_the_page() -> None:
    assert lane_names(["serial:/dev/a", "screen:", "serial:/dev/b"]) == (
        "lane-1",
        "screen",
        "lane-2",
    )
