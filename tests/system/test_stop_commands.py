"""Stops at the command line, with the hub running and without; also by the set-up of a machine."""

import json
from pathlib import Path

import pytest

from hub import db
from tests.support.processes import run
from tests.system.test_hub_commands import data, done, hub, refused, rows, with_key

__all__ = ["data", "hub", "with_key"]


def test_a_stop_is_added_and_named_anew(hub: Path) -> None:
    done(hub, "stop", "add", "east", "东门站", "East Gate", "--district", "锦江区:Jinjiang")
    assert "east: 东门站 / East Gate  (锦江区)" in done(hub, "stop", "list").splitlines()
    again = done(hub, "stop", "add", "east", "东门站", "East Gate", "--district", "锦江区:Jinjiang")
    assert "it is so already" in again
    done(hub, "stop", "add", "east", "新东门站", "New East Gate")
    assert "east: 新东门站 / New East Gate" in done(hub, "stop", "list").splitlines()
    assert len([row for row in rows(hub, db.audit) if "stop.put" in row]) == 2


def test_setting_a_machine_up_again_adds_the_stops_that_a_hub_has_not(hub: Path) -> None:
    words = ("--stop", "stop-1:别的名字:Another name", "--stop", "west:西门站:West Gate")
    for changed in (True, False):
        told = run("provision", "hub-data", "--data", str(hub), *words)
        assert told.returncode == 0, told.stdout + told.stderr
        assert json.loads(told.stdout)["changed"] is changed
    listed = done(hub, "stop", "list").splitlines()
    assert "west: 西门站 / West Gate" in listed
    assert not [line for line in listed if "Another name" in line]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("East Gate", "东门站", "East Gate"), "an id has 1 to 32"),
        (("east", " ", "East Gate"), "a name has 1 to 60"),
        (("east", "东门站", "E" * 61), "a name has 1 to 60"),
        (("east", "东门站", "East", "--city", "成都"), "should be like 中文:English"),
    ],
)
def test_a_stop_that_cannot_be_is_refused_in_words_that_name_it(
    data: Path, words: tuple[str, ...], told: str
) -> None:
    assert told in refused(data, "stop", "add", *words)
