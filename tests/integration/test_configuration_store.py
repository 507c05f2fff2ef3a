"""A kiosk's configuration on disk: whatever instant the power fails at, the next start has one that
works, and what it gave up is not tried again. Real files."""

from pathlib import Path

import pytest
from msgspec import structs

from contract.configuration import Configuration, read, version_of, write
from contract.settings import SettingsError
from kiosk.config import KioskConfig, panel_wiring
from kiosk.configuration import EMPTY, Candidate, ConfigurationStore, applied
from kiosk.panel_settings import SpeakerSettings
from kiosk.trial import MAX_STARTS, Before

BASE = KioskConfig(
    kiosk="kiosk-1",
    stop_zh="一号站",
    stop_en="Stop 1",
    hub_url="http://hub.example",
    printers=("screen:",),
    state_dir="/nowhere",
)
LIT = structs.replace(BASE, scanners=("screen:",), panel="gpio:")
ROOMIER = write(Configuration(min_free_mb=100))
FULLER = write(Configuration(min_free_mb=200))


@pytest.fixture
def store(tmp_path: Path) -> ConfigurationStore:
    return ConfigurationStore(tmp_path / "configuration")


def tried(store: ConfigurationStore, text: str, command: str = "a" * 16) -> Candidate:
    """The next start tries this."""
    store.propose(text, command, Before())
    used = store.choose(BASE)
    assert used.trial is not None
    return used.trial


def test_a_kiosk_that_was_told_nothing_runs_with_its_own_settings(
    store: ConfigurationStore,
) -> None:
    assert store.choose(BASE).config == BASE
    assert store.choose(BASE).text == EMPTY


def test_what_was_confirmed_holds_at_every_start(store: ConfigurationStore) -> None:
    candidate = tried(store, ROOMIER)
    assert store.choose(BASE).config.min_free_mb == 100
    store.confirm(candidate)
    used = store.choose(BASE)
    assert (used.config.min_free_mb, used.trial) == (100, None)


def test_after_so_many_starts_it_is_given_up_and_what_held_holds(
    store: ConfigurationStore,
) -> None:
    store.confirm(tried(store, ROOMIER))
    tried(store, FULLER, "b" * 16)
    for _ in range(MAX_STARTS - 1):
        assert store.choose(BASE).config.min_free_mb == 200
    used = store.choose(BASE)
    assert (used.config.min_free_mb, used.trial) == (100, None)
    given_up = store.reverted()
    assert given_up is not None
    assert (given_up.version, given_up.why) == (version_of(FULLER), "died")
    assert store.choose(BASE).config.min_free_mb == 100


def test_a_cut_between_giving_up_and_forgetting_tries_nothing_again(
    store: ConfigurationStore, tmp_path: Path
) -> None:
    candidate = tried(store, ROOMIER)
    kept = (tmp_path / "configuration" / "candidate").read_bytes()
    store.revert(candidate, "no-hub")
    (tmp_path / "configuration" / "candidate").write_bytes(kept)
    assert store.choose(BASE).config == BASE
    assert store.candidate() is None


def test_a_cut_between_confirming_and_forgetting_is_confirmed(
    store: ConfigurationStore, tmp_path: Path
) -> None:
    candidate = tried(store, ROOMIER)
    kept = (tmp_path / "configuration" / "candidate").read_bytes()
    store.confirm(candidate)
    (tmp_path / "configuration" / "candidate").write_bytes(kept)
    used = store.choose(BASE)
    assert (used.config.min_free_mb, used.trial) == (100, None)


@pytest.mark.parametrize("name", ["confirmed", "candidate", "reverted"])
def test_a_damaged_file_is_no_reason_not_to_start(
    store: ConfigurationStore, tmp_path: Path, name: str
) -> None:
    store.confirm(tried(store, ROOMIER))
    tried(store, FULLER, "b" * 16)
    (tmp_path / "configuration" / name).write_bytes(b'{"text": "\xff')
    assert store.choose(BASE).config.min_free_mb in (64, 100, 200)


def test_its_own_settings_hold_when_they_no_longer_go_together(store: ConfigurationStore) -> None:
    """Somebody has edited kiosk.toml since: now it names the same scanner."""
    store.confirm(tried(store, write(Configuration(printers=("serial:/dev/ttyACM0",)))))
    edited = structs.replace(BASE, scanners=("serial:/dev/ttyACM0",))
    assert store.choose(edited).config == edited


def test_every_key_that_cannot_be_is_named() -> None:
    wished = Configuration(scanners=("typing:",), printers=("usb:nonsense",), panel="lamps:")
    with pytest.raises(SettingsError) as refused:
        applied(BASE, wished)
    keys = {problem.partition(":")[0] for problem in refused.value.problems}
    assert keys == {"scanners", "printers", "panel"}


def test_lights_can_be_dimmed_from_afar_but_never_put_out() -> None:
    wiring = panel_wiring(applied(LIT, Configuration(lamp_brightness=30)))
    assert wiring is not None
    assert wiring.brightness == 30
    own = panel_wiring(applied(structs.replace(LIT, lamp_brightness=60), Configuration()))
    assert own is not None
    assert own.brightness == 60, "what is not said stays"
    for bad in (0, 9, 101):
        with pytest.raises(SettingsError, match="lamp_brightness"):
            read(f'{{"lamp_brightness": {bad}}}')


def test_the_voice_is_what_both_say() -> None:
    assert applied(BASE, Configuration(speaker_volume=10)).speaker is None
    spoken = applied(BASE, Configuration(voice=True, speaker_volume=10)).speaker
    assert spoken == SpeakerSettings(volume=10)
    own = structs.replace(BASE, speaker=SpeakerSettings(device="hw:1"))
    louder = applied(own, Configuration(speaker_languages=("en", "zh"))).speaker
    assert louder == SpeakerSettings(languages=("en", "zh"), device="hw:1")
    assert applied(own, Configuration(voice=False)).speaker is None
