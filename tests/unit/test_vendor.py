"""Vendored files are the ones that their README names."""

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("folder", ["hub/web/static/vendor", "tests/browser/vendor"])
def test_a_vendored_file_is_byte_for_byte_the_one_named_in_the_readme(folder: str) -> None:
    here = ROOT / folder
    readme = (here / "README.md").read_text(encoding="utf-8")
    row = r"^\| `([^`]+\.(?:js|wasm))` .*`([0-9a-f]{64})` \|$"
    named = dict(re.findall(row, readme, re.MULTILINE))
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in here.iterdir()
        if path.suffix in (".js", ".wasm")
    }
    assert found
    assert named == found
