"""The command line itself: quick to answer, and each part loads what it needs and no more."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.support.processes import ROOT, run
from tests.support.stopwatch import Stopwatch
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
    with Stopwatch() as watch:
        done = run("--help", cold=True)
    assert watch.seconds < 1.0
    assert done.returncode == 0
    for name, lazy in COMMANDS.items():
        assert f"  {name} " in done.stdout
        assert lazy.help.zh in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    done = run(name, "--help", cold=True)
    assert done.returncode == 0, done.stderr
    assert "--help" in done.stdout


def test_up_and_the_top_level_load_neither_hub_nor_kiosk_libraries() -> None:
    assert not loaded("--help") & set(HEAVY)
    assert not loaded("up", "--no-open", "--hub-port", "0") & set(HEAVY)


def test_a_kiosk_loads_no_part_of_a_hub() -> None:
    found = loaded("kiosk", "run", "--config", "pyproject.toml")
    assert "kiosk" in found
    assert not found & {"hub", "sqlalchemy", "alembic", "gunicorn", "argon2"}


@pytest.mark.parametrize(
    ("typed", "zh", "en"),
    [
        ("pu", "没有 pu 这个命令", "No such command 'pu'"),
        ("up --nope", "没有 --nope 这个选项", "No such option '--nope'"),
        ("up --lang en", "是不是 --language", "Did you mean"),
        ("up --language fr", "--language：应为 zh、en 或 both", "'fr' is not one of"),
        ("up --hub-port", "--hub-port 后面的值不对或缺少", "requires an argument"),
        ("up more", "多余或不完整的参数", "unexpected extra argument"),
        (
            "hub token --role bad",
            (
                "--role：应为 viewer、volunteer-lead、warehouse-manager、operator、auditor 或"
                " administrator"
            ),
            "'bad' is not one of",
        ),
        ("hub user add", "缺少 NAME", "Missing argument 'NAME'"),
        ("hub quarantine show x", "ROW：应为整数", "not a valid integer"),
        ("broker --port 0", "--port：应为 1 到 65535 的整数", "is not in the range"),
        ("kiosk run --config /no", "--config：没有这个文件", "does not exist"),
        ("up --data=", "--data：目录名是空的", "--data: the directory's name is empty"),
    ],
)
def test_what_cannot_be_understood_is_said_in_both_languages(typed: str, zh: str, en: str) -> None:
    done = run(*typed.split())
    assert done.returncode == 2
    assert done.stdout == ""
    said, *more = done.stderr.splitlines()
    assert zh in said
    assert en in said
    assert all(re.fullmatch(r"用法 / usage: .* --help", line) for line in more)
    assert len(more) <= 1


@pytest.mark.parametrize("command", ["up", "broker", "hub token", "provision local"])
def test_a_data_directory_without_a_name_is_refused(command: str) -> None:
    done = run(*command.split(), "--data", "")
    assert done.returncode == 2
    assert "--data: the directory's name is empty" in done.stderr


def test_settings_of_a_kiosk_that_mean_nothing_are_refused_with_status_2() -> None:
    done = run("kiosk", "run", "--config", "pyproject.toml")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
