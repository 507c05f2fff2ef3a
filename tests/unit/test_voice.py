"""Which message is spoken, and which light a phase has: the two tables, walked."""

from drivers.patterns import MODES
from drivers.prompts import PROMPT_NAMES
from kiosk.lights import MODE_OF, mode_of
from kiosk.state import Phase
from kiosk.texts import MESSAGES
from kiosk.voice import PAPER_PROMPT, PROMPT_OF


def test_every_spoken_message_exists_and_has_a_recording() -> None:
    assert set(PROMPT_OF) <= set(MESSAGES)
    assert {*PROMPT_OF.values(), PAPER_PROMPT} <= PROMPT_NAMES


def test_every_recording_is_spoken_for_something() -> None:
    assert {*PROMPT_OF.values(), PAPER_PROMPT} == PROMPT_NAMES


def test_whoever_must_call_somebody_hears_it() -> None:
    assert PROMPT_OF["not-saved"] == "unsaved"
    assert PROMPT_OF["no-codes"] == "staff"


def test_every_phase_has_a_light_and_rest_has_its_own() -> None:
    for phase in Phase:
        assert mode_of(phase) in MODES, phase
    assert [phase for phase in MODE_OF if mode_of(phase) == "rest"] == [Phase.REST]


def test_every_light_belongs_to_a_phase() -> None:
    assert {mode_of(phase) for phase in Phase} == set(MODES)
