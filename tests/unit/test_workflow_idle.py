"""How long a mode waits for the next scan: as the stop chose, and then the lane is at rest."""

import pytest

from contract.reference import StopSettings
from kiosk.state import Phase
from kiosk.workflow import window
from kiosk.workflow.turn import MODE_CLOSES_MS, MODE_OF
from tests.support.lanes import World
from tests.support.stories import REACH, reached, scanned

CHOSEN_S = 45


def chosen(phase: Phase) -> World:
    """A lane in ``phase`` at a stop that gave each mode its own time."""
    world = World()
    world.settings = StopSettings(idle_s=dict.fromkeys(MODE_CLOSES_MS, CHOSEN_S))
    for scan in REACH[phase]:
        world.scan(scanned(world, scan))
    assert world.state().phase is phase
    return world


@pytest.mark.parametrize("phase", MODE_OF)
def test_a_mode_waits_as_long_as_the_stop_chose(phase: Phase) -> None:
    world = chosen(phase)
    assert window(world.state(), world.settings) == CHOSEN_S * 1000
    assert not world.wait(CHOSEN_S * 1000 - 1)
    assert world.state().phase is phase
    assert world.wait(1)
    assert world.state().phase is not phase
    world.wait(2 * CHOSEN_S * 1000)
    assert world.state().phase is Phase.REST


@pytest.mark.parametrize("phase", MODE_OF)
def test_a_stop_that_said_nothing_has_the_usual_times(phase: Phase) -> None:
    world = reached(phase)
    usual = MODE_CLOSES_MS[MODE_OF[phase]]
    assert not world.wait(usual - 1)
    assert world.wait(1)
    assert world.state().phase is not phase
