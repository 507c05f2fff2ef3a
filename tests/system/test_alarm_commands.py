"""Alarms and opening hours at the command line, with the hub running and without."""

from pathlib import Path

import pytest

from tests.system.test_hub_commands import data, done, hub, refused, with_key

__all__ = ["data", "hub", "with_key"]

STOP = "stop-1"


def test_hours_and_telephone_are_set_part_by_part(hub: Path) -> None:
    assert done(hub, "contact", "show", STOP) == "任何时间都开放 / open at any time\n"
    done(hub, "contact", "set", STOP, "--hours", "mon=9:00-12:00,14:00-18:00", "--hours",
         "sat=10:00-16:00", "--holidays", "2026-10-01/2026-10-07")  # fmt: skip
    shown = done(hub, "contact", "set", STOP, "--phone", "028 5550 1234").splitlines()
    assert shown[0] == "mon 09:00-12:00 14:00-18:00"
    assert shown[1] == "tue -"
    assert shown[5] == "sat 10:00-16:00"
    assert shown[7:] == ["holidays 2026-10-01/2026-10-07", "phone 028 5550 1234"]
    assert done(hub, "contact", "set", STOP, "--always", "--holidays", "").splitlines() == [
        "任何时间都开放 / open at any time",
        "phone 028 5550 1234",
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("contact", "show", "stop-9"), "no such stop"),
        (("contact", "set", STOP, "--hours", "mon=nine"), "hours look like"),
        (("contact", "set", STOP, "--hours", "someday=09:00-10:00"), "mon=09:00-18:00"),
        (("contact", "set", STOP, "--holidays", "soon"), "a holiday looks like"),
        (("contact", "set", STOP, "--phone", "ask"), "a telephone number"),
        (("contact", "set", STOP, "--always", "--hours", "mon=09:00-10:00"), "choose one"),
        (("alarm", "acknowledge", "77"), "no such alarm"),
    ],
)
def test_what_cannot_be_is_refused_in_words_that_name_it(
    data: Path, words: tuple[str, ...], told: str
) -> None:
    assert told in refused(data, *words)


def test_where_all_is_well_the_list_of_alarms_is_empty(data: Path) -> None:
    assert done(data, "alarm", "list") == ""
