"""The command line itself: quick to answer, and each part loads what it needs and no more."""

import json
import os
import subprocess
import sys
import time

import pytest

from tests.support.processes import ROOT, run
from yicang.__main__ import COMMANDS

HEAVY = ("flask", "sqlalchemy", "alembic", "gunicorn", "paho", "PIL", "escpos", "argon2")

LOADED = """
import json, sys
from yicang.__main__ import cli
try:
    cli(sys.argv[1:])
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)))
"""


def loaded(*arguments: str) -> set[str]:
    """The top-level modules that a command has loaded at its end."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    modules: list[str] = json.loads(done.stdout.splitlines()[-1])
    return {name.partition(".")[0] for name in modules}


def test_help_names_every_command_in_both_languages_at_once() -> None:
    began = time.monotonic()
    done = run("--help")
    assert time.monotonic() - began < 1.0
    assert done.returncode == 0
    for name, lazy in COMMANDS.items():
        assert f"  {name} " in done.stdout
        assert lazy.help.zh in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    done = run(name, "--help")
    assert done.returncode == 0, done.stderr
    assert "--help" in done.stdout


def test_up_and_the_top_level_load_neither_hub_nor_kiosk_libraries() -> None:
    assert not loaded("--help") & set(HEAVY)
    assert not loaded("up", "--no-open", "--hub-port", "0") & set(HEAVY)


def test_a_kiosk_loads_no_part_of_a_hub() -> None:
    found = loaded("kiosk", "run", "--config", "pyproject.toml")
    assert "kiosk" in found
    assert not found & {"hub", "sqlalchemy", "alembic", "gunicorn", "argon2"}


def test_an_unknown_command_is_a_usage_error() -> None:
    done = run("pu")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_settings_of_a_kiosk_that_mean_nothing_are_refused_with_status_2() -> None:
    done = run("kiosk", "run", "--config", "pyproject.toml")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
