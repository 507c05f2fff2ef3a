"""The import rules of the house hold for every file, and the rules can be broken."""

from pathlib import Path

import pytest

from tests.support.architecture import PACKAGES, PURE, faults

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
)


BESIDE = {"tests", "bench"}
"""What may import everything, and is imported by nothing else."""


def test_no_package_stands_outside_the_rules() -> None:
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert found - BESIDE == set(PACKAGES)


@pytest.mark.parametrize("path", FILES)
def test_a_file_keeps_the_import_rules(path: str) -> None:
    assert faults((ROOT / path).read_text(), path, ROOT) == []


@pytest.mark.parametrize("pattern", PURE)
def test_every_rule_about_purity_still_meets_a_file(pattern: str) -> None:
    assert list(ROOT.glob(pattern)), f"{pattern} names no file: was it renamed?"


@pytest.mark.parametrize(
    ("path", "source", "fault"),
    [
        ("contract/codes.py", "import drivers.ports", "contract imports drivers"),
        ("contract/codes.py", "def f():\n    from kiosk import loop", "contract imports kiosk"),
        ("drivers/fakes.py", "from hub.db import Writer", "drivers imports hub"),
        ("drivers/fakes.py", "from kiosk import journal", "drivers imports kiosk"),
        ("kiosk/loop.py", "import hub", "kiosk imports hub"),
        (
            "kiosk/loop.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import hub.db",
            "kiosk imports hub",
        ),
        ("hub/web/pages.py", "from kiosk.screen import pages", "hub imports kiosk"),
        ("provisioning/cards.py", "import yicang.up", "provisioning imports yicang"),
        ("yicang/__main__.py", "import hub.web", "yicang imports hub outside a function"),
        ("kiosk/relay.py", "import time", "pure module imports time"),
        ("kiosk/relay.py", "def f():\n    import random", "pure module imports random"),
        ("kiosk/documents.py", "from urllib.request import urlopen", "pure module imports urllib"),
        ("kiosk/interpreter.py", "from kiosk import durable", "kiosk.durable, which is not pure"),
        ("kiosk/interpreter.py", "from . import durable", "kiosk.durable, which is not pure"),
        ("kiosk/interpreter.py", "from .durable import write_durably", "which is not pure"),
        ("kiosk/relay.py", "open('journal')", "pure module calls open"),
        (
            "hub/folds/stock.py",
            "import datetime as dt\ndef f():\n    return dt.datetime.now(dt.UTC)",
            "pure module asks the clock: dt.datetime.now",
        ),
        ("hub/folds/stock.py", "import sqlalchemy as sa", "pure module imports sqlalchemy"),
        ("contract/schema.py", "import time", "pure module imports time"),
        ("kiosk/loop.py", "import logging\nlogging.basicConfig()", "does something at import"),
        ("hub/db.py", "x = 1\ndef f():\n    global x\n    x = 2", "rebinds a global: x"),
    ],
)
def test_a_file_that_breaks_a_rule_is_caught(path: str, source: str, fault: str) -> None:
    assert any(fault in found for found in faults(source, path, ROOT))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("yicang/__main__.py", "def kiosk_run():\n    from kiosk.__main__ import run"),
        ("kiosk/loop.py", "import time\nimport drivers.ports\nfrom contract import codes"),
        ("hub/folds/stock.py", "import datetime as dt\nday = dt.timedelta(days=1)"),
        ("kiosk/relay.py", "from contract.batches import Header"),
        ("contract/__main__.py", "import sys\nfrom pathlib import Path"),
    ],
)
def test_a_file_that_keeps_the_rules_is_left_alone(path: str, source: str) -> None:
    assert faults(source, path, ROOT) == []
