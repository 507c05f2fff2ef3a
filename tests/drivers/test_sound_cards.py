"""Which sound card is heard: folders as the kernel lays them out below /sys/class/sound."""

import sys
from pathlib import Path

import pytest

from drivers.ports import DeviceInput, DeviceState
from drivers.sound_cards import usual_device
from drivers.sound_files import SHIPPED
from drivers.speaker_aplay import AplaySpeaker
from tests.support.processes import until


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    folder = tmp_path / "sound"
    folder.mkdir()
    (folder / "timer").touch()
    return folder


def card(cards: Path, number: int, name: str, bus: str = "platform", ends: str = "p") -> None:
    there = cards / f"card{number}"
    there.mkdir()
    (there / "id").write_text(f"{name}\n")
    for end in ends:
        (there / f"pcmC{number}D0{end}").mkdir()
    (there / "device").mkdir()
    (cards.parent / "bus" / bus).mkdir(parents=True, exist_ok=True)
    (there / "device" / "subsystem").symlink_to(cards.parent / "bus" / bus)


def test_a_speaker_on_usb_is_heard_before_the_boards_own_socket(cards: Path) -> None:
    card(cards, 0, "vc4hdmi0")
    card(cards, 1, "Headphones")
    assert usual_device(cards) == "plughw:CARD=Headphones"
    card(cards, 2, "Device", "usb", "pc")
    assert usual_device(cards) == "plughw:CARD=Device"


def test_a_board_with_hdmi_alone_leaves_it_to_alsa(cards: Path) -> None:
    card(cards, 0, "vc4hdmi0")
    card(cards, 1, "vc4hdmi1")
    assert usual_device(cards) == "default"


def test_a_cameras_microphone_is_no_speaker(cards: Path) -> None:
    card(cards, 0, "Camera", "usb", "c")
    assert usual_device(cards) == "default"


def test_a_machine_without_sound_leaves_it_to_alsa(tmp_path: Path) -> None:
    assert usual_device(tmp_path / "none") == "default"


def test_a_speaker_that_is_plugged_in_later_is_used_from_the_next_prompt_on(
    cards: Path, tmp_path: Path
) -> None:
    asked = tmp_path / "asked"
    program = "import sys; sys.stdin.buffer.read(); print(sys.argv[3], file=open('{}', 'a'))"
    player = (sys.executable, "-c", program.format(asked))
    posted: list[DeviceInput] = []
    speaker = AplaySpeaker("auto", ("zh",), (SHIPPED,), posted.append, player=player, cards=cards)
    speaker.start()
    until("it looked for a card", lambda: any(isinstance(one, DeviceState) for one in posted))
    card(cards, 1, "Device", "usb")
    speaker.say("saved")
    until("it spoke", lambda: asked.read_text().split() == ["default", "plughw:CARD=Device"])
    speaker.close()
