"""From the scan to the label's last byte, through a whole kiosk: nobody waits for a label.

`bench.label` measures a driver by itself. Here the clock starts when the scanner has sent its code,
and between it and the printer stand interpreter, workflow, journal and the desk for paper.
"""

import time
from pathlib import Path

import pytest

from bench.label import GOALS_S, ITEM, STOP
from contract.actions import CATEGORY_BY_KEY, Verb
from contract.codes import action_code
from drivers.layout import lay_out
from drivers.ports import PROFILES
from drivers.printer_escpos import EscposLanguage
from kiosk.documents import Letterhead, Stamp, label
from kiosk.state import LabelJob
from tests.support import people
from tests.support.paper import read_codes
from tests.support.processes import until
from tests.support.serial_devices import HandScanner
from tests.support.site import Site
from tests.support.tries import quickest
from tests.support.virtual_printer import PtyPrinter, VirtualPrinter

WIRE_BITS = 10
QUIET_S = 0.2
"""What comes after so long is no byte of the label but a question whether it came out."""
QUESTION_BYTES = 16
"""What is asked before a label and right behind it, at most."""


def sizes(profile_name: str) -> dict[str, int]:
    """Bytes of each category's label, in both languages."""
    profile = PROFILES[profile_name]
    head = Letterhead(STOP, "https://stop.example", "both")
    return {
        category: len(EscposLanguage().encode(lay_out(paper, profile), profile).data)
        for category in CATEGORY_BY_KEY
        for paper in (label(LabelJob(item=ITEM, category=category), head, Stamp("head")),)
    }


@pytest.mark.proof  # in seconds: for a machine that does nothing else
@pytest.mark.parametrize(
    ("profile", "baud"), [("58mm-native", 9_600), ("58mm-native", 115_200), ("58mm", 115_200)]
)
def test_the_labels_last_byte_has_left_in_time_after_the_scan(
    site: Site, tmp_path: Path, profile: str, baud: int
) -> None:
    machine = VirtualPrinter("escpos")
    with (
        HandScanner(tmp_path / "scanner") as scanner,
        PtyPrinter(tmp_path / "printer", machine, baud=baud),
    ):
        kiosk = site.kiosk(
            stop_zh=STOP.zh,
            stop_en=STOP.en,
            language="both",
            scanners=[f"serial:{scanner.path}"],
            printers=[f"serial:{tmp_path / 'printer'}?baud={baud}&profile={profile}"],
        )
        kiosk.start()
        until(
            "scanner and printer are there",
            lambda: sum(device["ok"] for device in kiosk.state()["kiosk"]["devices"]) >= 2,
        )
        scanner.scan(people.SOAP)  # a donor's first thing; what prints is loaded by now
        machine.wait_for_pages(1)
        known = sizes(profile)
        costliest = sorted(known, key=known.__getitem__, reverse=True)

        def once(number: int) -> float:
            category = costliest[number]  # a card that is read twice at once counts once
            until(
                "the line is quiet",
                lambda: machine.idle and time.monotonic() - machine.last_byte_at > 0.3,
            )
            before = machine.taken
            begun = time.monotonic()
            scanner.scan(action_code(Verb.CATEGORY, category))
            enough = before + 0.9 * known[category]  # each code has bars of its own
            until(
                "the label has left, and the line is quiet",
                lambda: (
                    machine.taken > enough and time.monotonic() - machine.last_byte_at > QUIET_S
                ),
            )
            took, sent = machine.last_byte_at - begun, machine.taken - before
            assert took >= (sent - QUESTION_BYTES) * WIRE_BITS / baud, "no faster than the line"
            return took

        assert quickest(once, GOALS_S[baud]) <= GOALS_S[baud]
        machine.wait_for_pages(2)
        assert [code.text for code in read_codes(machine.pieces[-1])]
        assert machine.strays == b""
        kiosk.stop()
