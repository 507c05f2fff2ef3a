"""What README promises a newcomer is there: targets, options, pages."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, flags=re.MULTILINE))


def test_every_make_target_is_explained_and_every_explained_one_exists() -> None:
    explained = set(re.findall(r"\bmake ([a-z]+)\b", README))
    assert explained == TARGETS - {"help"}


def test_make_alone_lists_every_target() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"make ([a-z]+)", listed)) >= TARGETS


def test_every_option_of_yicang_up_is_explained_and_every_explained_one_exists() -> None:
    command = [sys.executable, "-m", "yicang", "up", "--help"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"(?<!-)--[a-z][a-z-]+", said)) - {"--help"}
    section = README.partition("\n## Options\n")[2].partition("\n## ")[0]
    explained = set(re.findall(r"(?<!-)--[a-z][a-z-]+", section))
    assert explained == options


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_a_page_that_readme_points_to_exists(link: str) -> None:
    assert (ROOT / link).exists()


def test_continuous_integration_runs_what_readme_says_and_nothing_else() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    run = [line for line in lines if line and not line.startswith(("#", "set -", 'cd "'))]
    assert run == ["make check", "make test", "make proof"]
