"""What a kiosk on a small board loads, when, and how much memory that takes.

`python -m bench board` measures; here is what must not come back unseen.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.board import MEMORY_GOAL_MB
from bench.board_hub import SmallHub
from bench.board_site import SESSION, BoardKiosk
from tests.support.broker import Mosquitto
from tests.support.processes import ROOT, until

NEVER = frozenset(
    {"alembic", "argon2", "cryptography", "evdev", "flask", "gpiozero", "gunicorn", "hub"}
    | {"jinja2", "lgpio", "pyudev", "sqlalchemy", "waitress"}
)
"""What neither a scanner nor a printer on a serial line needs."""
FOR_PAPER = frozenset({"PIL", "barcode", "escpos", "nacl", "segno", "yaml"})

JUDGES = """
import lzma
import sys
from pathlib import Path
unpack = lzma.decompress
if sys.argv[1] == "kiosk":
    from kiosk import lean
from biip.gtin import Gtin
assert lzma.decompress is unpack
resident = int(Path("/proc/self/statm").read_text().split()[1]) * 4096
known = Gtin.parse("7044610873466")
print(resident, known.company_prefix is not None, known.value, known.prefix)
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[SmallHub]:
    with Mosquitto(tmp_path) as broker, SmallHub(broker.port, "kiosk-board") as hub:
        yield hub


def imports(log: str) -> list[str]:
    """The top-level names of what was imported, in order, and ``ready`` where it was ready."""
    found = []
    for line in log.splitlines():
        if line.startswith("import time:"):
            found.append(line.rpartition("|")[2].strip().partition(".")[0])
        elif re.search(r"kiosk \S+ is ready", line):
            found.append("ready")
    return found


def test_without_a_page_no_web_library_is_loaded_and_printing_only_once_it_is_ready(
    tmp_path: Path, hub: SmallHub
) -> None:
    told = {"PYTHONPROFILEIMPORTTIME": "1"}
    with BoardKiosk(tmp_path / "kiosk", tmp_path / "compiled", hub, env=told) as kiosk:
        kiosk.first_green_s()
        seen = until(
            "what prints is loaded",
            lambda: names if "escpos" in (names := imports(kiosk.child.log())) else None,
        )
    assert "sqlite3" in seen[: seen.index("ready")]
    assert not FOR_PAPER & set(seen[: seen.index("ready")])
    assert not NEVER & set(seen)
    assert "nacl" not in seen, "there was no receipt yet"


def test_a_kiosk_that_printed_labels_and_a_receipt_stays_within_its_memory(
    tmp_path: Path, hub: SmallHub
) -> None:
    with BoardKiosk(tmp_path / "warm-up", tmp_path / "compiled", hub) as kiosk:
        kiosk.first_green_s()
        kiosk.scan(SESSION)
        assert len(kiosk.machine.pages) > SESSION, "the labels and a receipt"
    with BoardKiosk(tmp_path / "kiosk", tmp_path / "compiled", hub) as kiosk:
        kiosk.first_green_s()
        kiosk.scan(SESSION)
        resident, _ = kiosk.child.memory_mb()
    assert resident < MEMORY_GOAL_MB


def test_goods_are_judged_the_same_without_the_table_of_companies() -> None:
    ours, companies, *judged = judged_by("kiosk")
    whole, known, *expected = judged_by("biip")
    assert judged == expected
    assert (companies, known) == ("False", "True")
    assert int(whole) - int(ours) > 10_000_000, "bytes left out"


def judged_by(who: str) -> list[str]:
    """Bytes that are resident then, whether the company is known, the number, whose it is."""
    done = subprocess.run(
        [sys.executable, "-c", JUDGES, who],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split(maxsplit=3)
