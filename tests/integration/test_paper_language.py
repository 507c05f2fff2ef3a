"""Papers in the language that the stop chose at the hub, over that of the kiosk's own settings."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image

from contract.actions import Verb
from contract.codes import action_code
from contract.messages import digest
from contract.reference import SettingsOf, StopSettings, pieces
from kiosk.documents import Stamp, layout
from kiosk.reference import ReferenceStore
from kiosk.state import LabelJob
from tests.support.journals import KIOSK, Home
from tests.support.print_desk import LETTERHEAD, PrintDesk, is_picture, machine_for, printer_on
from tests.support.virtual_printer import DirectLink

RICE = action_code(Verb.CATEGORY, "F1")
PROFILE = "58mm"


def label_in(language: str, item: str) -> Image.Image:
    """The label as it looks in this language."""
    machine = machine_for(PROFILE)
    head = replace(LETTERHEAD, language=language)
    printer_on(DirectLink(machine), PROFILE).print(layout(LabelJob(item, "F1"), head, Stamp("h")))
    [piece] = machine.pieces
    return piece


@pytest.mark.parametrize(
    ("chosen", "spoken"), [("zh", "zh"), ("en", "en"), ("both", "both"), ("", "en")]
)
def test_a_label_speaks_the_language_that_the_stop_chose(
    tmp_path: Path, chosen: str, spoken: str
) -> None:
    home = Home(tmp_path / "kiosk")
    store = ReferenceStore(home.directory / "reference", KIOSK)
    (payload,) = pieces("settings", [SettingsOf((), StopSettings(language=chosen))])
    store.keep(digest(payload), payload)
    store.adopt("settings", (digest(payload),))
    machine = machine_for(PROFILE)
    desk = PrintDesk(home, printer_on(DirectLink(machine), PROFILE))
    desk.switch_on()
    try:
        desk.scan(RICE)
        desk.work()
        [piece], [item] = machine.pieces, desk.items()
    finally:
        desk.off()
    fits = [name for name in ("zh", "en", "both") if is_picture(piece, label_in(name, item))]
    assert fits == [spoken]
