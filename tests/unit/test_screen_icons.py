"""The page's pictograms are those of the cards, so that whoever knows one knows the other."""

import re
from pathlib import Path

import pytest

from contract.actions import Verb
from kiosk.screen.modes import MODES
from kiosk.screen.offers import CATEGORY_ICONS, ICONS, card_of
from provisioning.marks import verb_mark

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "kiosk" / "screen" / "static"
CARDS = ROOT / "provisioning" / "icons"
SPRITE = dict(
    re.findall(
        r'<symbol id="([^"]+)"[^>]*>(.*?)</symbol>', (STATIC / "icons.svg").read_text("utf-8")
    )
)


def outline(svg: str) -> list[str]:
    return re.findall(r'\bd="([^"]+)"', svg)


def test_every_pictogram_that_is_used_is_there() -> None:
    used = {mode.icon for mode in MODES.values()} | set(ICONS.values())
    used |= set(CATEGORY_ICONS.values()) | {card_of(Verb.PAY, way).icon for way in "CWA"}
    for page in (*STATIC.glob("*.js"), ROOT / "kiosk/screen/templates/kiosk.html"):
        used |= set(re.findall(r"icon: \"([a-z-]+)\"|icon\(\"([a-z-]+)\"", page.read_text("utf-8")))
    names = {name for one in used for name in ([one] if isinstance(one, str) else one) if name}
    assert names - SPRITE.keys() == set()


@pytest.mark.parametrize("name", sorted(SPRITE))
def test_a_pictogram_is_drawn_as_on_the_cards(name: str) -> None:
    card = CARDS / f"{name}.svg"
    assert outline(SPRITE[name])
    if card.exists():
        assert outline(SPRITE[name]) == outline(card.read_text("utf-8"))


@pytest.mark.parametrize("verb", [verb for verb in Verb if len(verb.value) == 2])
def test_a_button_has_the_pictogram_of_its_card(verb: Verb) -> None:
    assert verb_mark(verb).icons == (ICONS[verb],)
