"""What the page offers to touch: whatever means something now, and nothing that does not."""

import pytest
from msgspec import structs

from contract.actions import ARGUMENTS, VERB_WORDS, Verb
from contract.codes import parse
from contract.reference import StopSettings
from drivers.ports import Signal
from kiosk.inputs import InputKind, Scan
from kiosk.screen.decks import decks
from kiosk.screen.modes import MODES
from kiosk.screen.offers import CATEGORY_ICONS, ICONS, Offer, offer, scan_of
from kiosk.state import LaneState, Phase
from kiosk.workflow import step
from kiosk.workflow.table import ROWS
from tests.support.kiosk_scenes import RICHER
from tests.support.lanes import World
from tests.support.stories import REACH, scanned

ROLLS = (Verb.NEW_ROLL, Verb.NEW_RECEIPT_ROLL)


def world_in(phase: Phase, *, longer: bool) -> World:
    world = World()
    for scan in RICHER.get(phase, REACH[phase]) if longer else REACH[phase]:
        world.scan(scanned(world, scan))
    assert world.state().phase is phase
    return world


def offered(world: World, settings: StopSettings | None = None) -> Offer:
    return offer(
        world.state(), world.allocator, settings or world.settings, world.now, campaigns=(1,)
    )


def cards(shown: Offer) -> list[str]:
    """The code of everything that can be touched; one of each pad of numbers."""
    codes = [card.code for card in (shown.finish, shown.undo, shown.help) if card is not None]
    codes += [card.code for card in shown.cards]
    deck = decks()
    numbers = {
        "quantity": deck.quantities["3"],
        "price": deck.prices["125"],
        "expiry": deck.months["2027-06"],
    }
    for pad in shown.pads:
        codes += [card.code for card in pad.cards] or [numbers[pad.key]]
    return codes


def scan_for(code: str) -> Scan:
    action = parse(code).action
    return scan_of(action.verb, action.argument)


def taken(world: World, scan: Scan) -> bool:
    outcome = step(world.state(), world.allocator, scan, world.facts(scan))
    return outcome.signal is not Signal.REFUSED


@pytest.mark.parametrize("longer", [False, True])
@pytest.mark.parametrize("phase", Phase)
def test_no_button_is_refused(phase: Phase, longer: bool) -> None:
    world = world_in(phase, longer=longer)
    touched = cards(offered(world))
    assert touched
    assert [code for code in touched if not taken(world, scan_for(code))] == []


@pytest.mark.parametrize("longer", [False, True])
@pytest.mark.parametrize("phase", Phase)
def test_whatever_card_the_table_takes_can_be_touched(phase: Phase, longer: bool) -> None:
    world = world_in(phase, longer=longer)
    touched = {parse(code).action.verb for code in cards(offered(world))}
    again = {Verb.MARKET} if phase is Phase.MARKET else set()
    taken_verbs = {
        verb
        for verb in Verb
        if verb not in ROLLS
        and any(
            (phase, scan.kind) in ROWS and taken(world, scan)
            for argument in ARGUMENTS.get(verb, ("",))
            for scan in (scan_of(verb, argument),)
        )
    }
    assert touched == taken_verbs - again


def test_a_sale_without_a_price_cannot_be_finished_by_touch() -> None:
    assert offered(world_in(Phase.SELLING, longer=False)).finish is None
    assert offered(world_in(Phase.SELLING, longer=True)).finish is not None


def test_nothing_can_be_undone_where_nothing_happened() -> None:
    assert offered(world_in(Phase.REST, longer=False)).undo is None
    assert offered(world_in(Phase.INTAKE, longer=False)).undo is not None


def test_a_stop_without_a_market_offers_none() -> None:
    world = world_in(Phase.REST, longer=False)
    with_one, without = offered(world), offered(world, StopSettings(market=False))
    market = next(card.code for card in with_one.cards if card.icon == "storefront")
    assert market not in [card.code for card in without.cards]


def test_a_stop_offers_the_ways_to_pay_that_it_takes() -> None:
    world = world_in(Phase.SELLING, longer=False)
    shown = offered(world, StopSettings(payments=("C",)))
    (pay,) = [pad for pad in shown.pads if pad.key == "pay"]
    assert [card.en for card in pay.cards] == ["Cash"]


def test_asked_with_a_persons_capabilities_it_offers_no_more_than_the_workflow_takes() -> None:
    world = world_in(Phase.CARDED, longer=False)
    for can in (frozenset[str](), frozenset({"sell"}), frozenset({"count", "deliver"})):
        shown = offer(world.state(), world.allocator, world.settings, world.now, capabilities=can)
        for card in shown.cards:
            scan = scan_for(card.code)
            facts = structs.replace(world.facts(scan), capabilities=can)
            outcome = step(world.state(), world.allocator, scan, facts)
            assert outcome.signal is not Signal.REFUSED, (can, card.en)


def test_without_codes_nothing_can_be_taken_in_by_touch() -> None:
    shown = offered(World(prefix=None))
    assert "category" not in [pad.key for pad in shown.pads]


def test_asking_changes_nothing() -> None:
    world = world_in(Phase.INTAKE, longer=True)
    state, allocator = world.state(), world.allocator
    offered(world)
    assert world.state() is state
    assert world.allocator is allocator


def test_the_question_opens_its_own_choice() -> None:
    assert offered(world_in(Phase.ASKING, longer=False)).open_pad == "category"
    assert offered(world_in(Phase.INTAKE, longer=False)).open_pad == ""


def test_a_campaign_that_is_given_to_can_be_given_to_again() -> None:
    world = world_in(Phase.GIVING, longer=False)
    shown = offer(world.state(), world.allocator, world.settings, world.now)
    (pad,) = [pad for pad in shown.pads if pad.key == "campaign"]
    assert len(pad.cards) == 1


def test_every_phase_has_a_face_of_its_own() -> None:
    assert set(MODES) == set(Phase)
    assert len({(mode.zh, mode.en, mode.icon) for mode in MODES.values()}) == len(Phase)


def test_every_verb_and_category_has_a_pictogram() -> None:
    assert set(ICONS) == set(VERB_WORDS)
    assert set(CATEGORY_ICONS) == set(ARGUMENTS[Verb.CATEGORY])


def test_every_number_of_the_contract_is_on_a_pad() -> None:
    deck = decks()
    assert len(deck.quantities) == len(ARGUMENTS[Verb.QUANTITY])
    assert len(deck.prices) == len(ARGUMENTS[Verb.PRICE])
    assert len(deck.months) == len(ARGUMENTS[Verb.EXPIRY])
    assert parse(deck.prices["125"]).action.verb is Verb.PRICE
    assert scan_for(deck.quantities["24"]).kind is InputKind.QUANTITY


def test_a_lane_that_was_never_used_can_be_drawn() -> None:
    shown = offer(LaneState(), World().allocator, StopSettings(), 0)
    assert shown.finish is None
    assert shown.pads[0].key == "category"


def test_a_card_belongs_to_one_place_only() -> None:
    for phase in Phase:
        touched = cards(offered(world_in(phase, longer=True)))
        assert len(touched) == len(set(touched)), phase
