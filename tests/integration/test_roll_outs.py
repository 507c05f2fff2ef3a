"""A release reaches kiosks in stages, and stops by itself where it is bad."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from hub import db
from hub.fleet import release_asks, releases, roll_outs
from hub.fleet.releases import ReleaseRefusedError
from hub.fleet.roll_outs import RollOutError
from tests.support.alarm_scene import health
from tests.support.hub_site import DAY_MS, HOUR_MS, HubSite, Journal
from tests.support.releases import HERE, NEW, NEWER, OLD, Signer, bundle
from tests.support.roll_out_scene import BY, Fleet

TARGET = f"{HERE.python}-{HERE.machine}"
KIOSKS = ("kiosk-east", "k-two", "k-three", "k-four")
ONE, TWO, THREE, FOUR = KIOSKS


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    yield found
    found.close()


@pytest.fixture
def fleet(site: HubSite, tmp_path: Path) -> Fleet:
    found = Fleet(site, tmp_path / "fleet")
    place = site.add_stop("east", "东门站", "East Gate", ("", ""), "0E0E")
    found.add(place.journal)
    for kiosk, prefix in zip(KIOSKS[1:], ("0E1E", "0E2E", "0E3E"), strict=True):
        found.add(Journal(kiosk, prefix), "east")
    found.bring(0, 1)
    return found


def offered(fleet: Fleet, kiosk: str, running: str = OLD) -> str | None:
    with fleet.site.reader.connect() as here:
        found = release_asks.offer(here, kiosk, running, TARGET)
    return None if found is None else found.release


def call(fleet: Fleet, work: object, number: int) -> None:
    fleet.site.writer.call(lambda here: work(here, number, BY, fleet.site.now_ms))  # type: ignore[operator]


# --- releases -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda raw: raw[:3000], "damaged"),
        (lambda raw: b"hello", "damaged"),
        (lambda raw: raw.replace(b"0.1.0", b"0.2.0", 1), "signature"),
        (lambda raw: raw.replace(b"ExecStart=/bin/true", b"ExecStart=/bin/evil"), "damaged"),
    ],
)
def test_what_was_changed_or_cut_is_refused_and_nothing_of_it_stays(
    fleet: Fleet, spoil: object, why: str
) -> None:
    raw = spoil(fleet.bundle(2).read_bytes())  # type: ignore[operator]
    site, folder = fleet.site, releases.folder_of(fleet.site.config)
    before = sorted(folder.iterdir())
    with pytest.raises(ReleaseRefusedError) as refused:
        releases.add(io.BytesIO(raw), site.config, site.writer.call, BY, site.now_ms)
    assert refused.value.why == why
    assert sorted(folder.iterdir()) == before


def test_a_release_of_a_stranger_is_refused_by_the_name_of_the_key(
    fleet: Fleet, tmp_path: Path
) -> None:
    stranger = bundle(tmp_path / "x.yrel", Signer(tmp_path / "stranger"), 2)
    with pytest.raises(ReleaseRefusedError, match="not trusted here") as refused:
        releases.take(io.BytesIO(stranger.read_bytes()), fleet.site.config)
    assert refused.value.why == "foreign-key"
    assert len(refused.value.detail) == 16


def test_the_same_release_again_is_kept_once_and_one_that_differs_is_refused(
    fleet: Fleet, tmp_path: Path
) -> None:
    [again] = fleet.bring(1)
    with fleet.site.reader.connect() as here:
        assert [one.id for one in releases.all_of_them(here)] == [NEW, OLD]
    other = bundle(tmp_path / "x.yrel", fleet.signer, 1, {"more": b"of it"})
    site = fleet.site
    with pytest.raises(ReleaseRefusedError) as refused:
        releases.add(io.BytesIO(other.read_bytes()), site.config, site.writer.call, BY, site.now_ms)
    assert refused.value.why == "another"
    assert releases.is_there(site.config, again)
    assert len(list(releases.folder_of(site.config).glob("*.yrel"))) == 2


def test_a_release_that_is_needed_stays_and_one_that_is_not_goes_with_its_files(
    fleet: Fleet,
) -> None:
    number, site = fleet.plan({ONE: 1}), fleet.site
    with pytest.raises(ReleaseRefusedError, match="still needs it"):
        releases.remove(site.config, site.writer.call, NEW, TARGET, BY, site.now_ms)
    call(fleet, roll_outs.halt, number)
    releases.remove(site.config, site.writer.call, NEW, TARGET, BY, site.now_ms)
    assert [path.name[:5] for path in releases.folder_of(site.config).iterdir()] == ["0.1.0"] * 2
    assert not list(releases.folder_of(site.config).glob(f"{NEW}*"))


# --- stages ---------------------------------------------------------------------------------------


def test_a_release_goes_to_one_then_some_then_all_and_each_must_confirm(fleet: Fleet) -> None:
    number = fleet.plan({ONE: 1, TWO: 2, THREE: 3, FOUR: 3}, hours=0)
    assert [offered(fleet, kiosk) for kiosk in KIOSKS] == [NEW, None, None, None]
    with pytest.raises(RollOutError, match="not-well"):
        call(fleet, roll_outs.advance, number)
    fleet.says(ONE, health(release=OLD, update="waiting", update_release=NEW,
                           update_detail="in-use"))  # fmt: skip
    fleet.look()
    assert fleet.states(number)[ONE] == "waiting"
    fleet.says(ONE, health(release=NEW, update="trying", update_release=NEW))
    fleet.look()
    with pytest.raises(RollOutError, match="not-well"):
        call(fleet, roll_outs.advance, number)
    fleet.switch(ONE, NEW)
    assert fleet.states(number) == {ONE: "well", TWO: "planned", THREE: "planned", FOUR: "planned"}
    assert offered(fleet, ONE, NEW) is None
    call(fleet, roll_outs.advance, number)
    assert [offered(fleet, kiosk) for kiosk in KIOSKS[1:]] == [NEW, None, None]
    fleet.switch(TWO, NEW)
    call(fleet, roll_outs.advance, number)
    assert [offered(fleet, kiosk) for kiosk in KIOSKS[2:]] == [NEW, NEW]


def test_the_next_stage_begins_by_itself_after_enough_good_hours_and_the_last_ends_it(
    fleet: Fleet,
) -> None:
    number, site = fleet.plan({ONE: 1, TWO: 2}, hours=6), fleet.site
    fleet.switch(ONE, NEW)
    site.now_ms += 6 * HOUR_MS - 1000
    fleet.look()
    assert offered(fleet, TWO) is None
    site.now_ms += 1000
    fleet.all_say()
    assert offered(fleet, TWO) == NEW
    site.now_ms += 3 * DAY_MS
    fleet.look()
    assert fleet.one(number).state == "running", "the second has not confirmed it"
    fleet.switch(TWO, NEW)
    site.now_ms += 6 * HOUR_MS
    fleet.all_say()
    assert fleet.one(number).state == "done"


def test_a_kiosk_that_fell_silent_with_the_release_keeps_it_from_the_others(fleet: Fleet) -> None:
    number, site = fleet.plan({ONE: 1, TWO: 1, THREE: 2}, hours=6), fleet.site
    fleet.switch(ONE, NEW)
    fleet.switch(TWO, NEW)
    site.now_ms += HOUR_MS
    fleet.says(ONE, health(release=NEW))
    for _ in range(5):
        site.now_ms += HOUR_MS
        fleet.says(TWO, health(release=NEW))
    site.now_ms += 2 * DAY_MS
    fleet.look()
    assert fleet.states(number)[ONE] == "well", "that is the last that was heard of it"
    assert offered(fleet, THREE) is None
    fleet.says(ONE, health(release=NEW))
    fleet.look()
    assert offered(fleet, THREE) == NEW


def test_a_kiosk_on_which_it_fails_halts_it_and_people_are_told_why(fleet: Fleet) -> None:
    number = fleet.plan({ONE: 1, TWO: 1, THREE: 2}, hours=1)
    fleet.switch(TWO, NEW)
    fleet.says(ONE, health(release=OLD, update="reverted", update_release=NEW,
                           update_detail="scanner-missing"))  # fmt: skip
    fleet.look()
    one = fleet.one(number)
    assert one.state == "halted"
    assert (one.why["kiosk"], one.why["detail"]) == (ONE, "scanner-missing")
    assert offered(fleet, TWO) is None
    with fleet.site.reader.connect() as here:
        query = select(db.incident.c.kind, db.incident.c.kiosk, db.incident.c.closed_ms)
        query = query.where(db.incident.c.kind == "roll-out-halted")
        assert here.execute(query).all() == [("roll-out-halted", ONE, None)]
    fleet.site.now_ms += DAY_MS
    fleet.says(TWO, health(release=NEW))
    fleet.look()
    assert fleet.states(number)[THREE] == "planned"
    call(fleet, roll_outs.resume, number)
    fleet.look()
    assert fleet.states(number)[ONE] == "left-out"
    assert offered(fleet, THREE) == NEW, "the good hours are over: it goes on without the bad one"


def test_one_that_the_hub_did_not_answer_tries_again_and_halts_nothing(fleet: Fleet) -> None:
    number = fleet.plan({ONE: 1, TWO: 2})
    fleet.says(ONE, health(release=OLD, update="reverted", update_release=NEW,
                           update_detail="not-acknowledged"))  # fmt: skip
    fleet.look()
    assert (fleet.one(number).state, fleet.states(number)[ONE]) == ("running", "again")
    assert offered(fleet, ONE) == NEW


def test_nobody_begins_while_it_is_paused(fleet: Fleet) -> None:
    number = fleet.plan({ONE: 1, TWO: 1})
    call(fleet, roll_outs.pause, number)
    assert offered(fleet, ONE) is None
    call(fleet, roll_outs.resume, number)
    assert offered(fleet, ONE) == NEW


def test_a_kiosk_far_away_need_not_hold_up_the_others(fleet: Fleet) -> None:
    number = fleet.plan({ONE: 1, TWO: 1, THREE: 2}, hours=0)
    fleet.switch(ONE, NEW)
    fleet.site.writer.call(
        lambda here: roll_outs.leave_out(here, number, TWO, BY, fleet.site.now_ms)
    )
    assert offered(fleet, TWO) is None
    call(fleet, roll_outs.advance, number)
    assert offered(fleet, THREE) == NEW


def test_going_back_is_a_roll_out_of_what_ran_before(fleet: Fleet) -> None:
    number = fleet.plan({ONE: 1, TWO: 1, THREE: 2})
    fleet.switch(ONE, NEW)
    site = fleet.site
    [back] = site.writer.call(lambda here: roll_outs.go_back(here, number, BY, site.now_ms))
    assert fleet.one(number).state == "halted"
    assert (fleet.one(back).release, fleet.one(back).back_of) == (OLD, number)
    assert offered(fleet, ONE, NEW) == OLD
    assert offered(fleet, TWO, OLD) is None, "it has never left it"
    fleet.switch(ONE, OLD)
    assert fleet.states(back) == {ONE: "well", TWO: "well"}
    assert fleet.states(number)[ONE] == "well", "that it went back as it was told is no failure"


def test_there_is_no_way_back_to_what_is_not_kept(fleet: Fleet) -> None:
    fleet.bring(2)
    number, site = fleet.plan({ONE: 1}, NEWER), fleet.site
    releases.remove(site.config, site.writer.call, OLD, TARGET, BY, site.now_ms)
    with pytest.raises(RollOutError, match="no-way-back"):
        call(fleet, roll_outs.go_back, number)


# --- the canary -----------------------------------------------------------------------------------


def weeks(fleet: Fleet, good: int = 60, bad: int = 3) -> None:
    """Two weeks of ordinary days at every kiosk."""
    for _ in range(4):
        fleet.site.now_ms += 3 * DAY_MS
        for kiosk in KIOSKS:
            fleet.work(kiosk, good, bad)


def test_a_build_that_refuses_scans_stops_itself_and_reaches_nobody_else(fleet: Fleet) -> None:
    weeks(fleet)
    number = fleet.plan({ONE: 1, TWO: 2, THREE: 3, FOUR: 3}, hours=2)
    fleet.switch(ONE, NEW)
    for _ in range(6):
        fleet.site.now_ms += HOUR_MS // 4
        fleet.work(ONE, 6, 6)
        fleet.work(TWO, 10, 1)
    one = fleet.one(number)
    assert (one.state, one.why["why"], one.why["measure"]) == ("halted", "drift", "scans")
    assert one.why["now"][0] / one.why["now"][1] > 0.4
    fleet.site.now_ms += DAY_MS
    fleet.look()
    assert [offered(fleet, kiosk) for kiosk in KIOSKS[1:]] == [None, None, None]


def test_a_build_that_prints_no_labels_stops_itself_and_its_kiosks_go_back(fleet: Fleet) -> None:
    weeks(fleet)
    number = fleet.plan({ONE: 1, TWO: 2}, hours=2, back=True)
    fleet.switch(ONE, NEW)
    for _ in range(5):
        fleet.site.now_ms += HOUR_MS // 4
        fleet.work(ONE, 8, 0, unprinted=6)
    assert fleet.one(number).why["measure"] in ("labels", "unlabelled")
    assert offered(fleet, ONE, NEW) == OLD
    assert fleet.one(number + 1).back_of == number


def test_a_good_build_goes_on_though_its_donors_err_as_ever(fleet: Fleet) -> None:
    weeks(fleet)
    number = fleet.plan({ONE: 1, TWO: 2}, hours=2)
    fleet.switch(ONE, NEW)
    for _ in range(8):
        fleet.site.now_ms += HOUR_MS // 2
        fleet.work(ONE, 20, 1)
    assert fleet.one(number).state == "running"
    assert offered(fleet, TWO) == NEW


def test_a_day_that_is_bad_everywhere_is_no_builds_fault(fleet: Fleet) -> None:
    weeks(fleet)
    number = fleet.plan({ONE: 1, TWO: 2}, hours=0)
    fleet.switch(ONE, NEW)
    fleet.site.now_ms += HOUR_MS
    for _ in range(6):
        fleet.site.now_ms += HOUR_MS // 4
        for kiosk in KIOSKS:
            fleet.work(kiosk, 6, 5)
    assert fleet.one(number).state == "running"


def test_what_an_old_release_recorded_offline_is_not_held_against_the_new_one(
    fleet: Fleet,
) -> None:
    weeks(fleet)
    number = fleet.plan({ONE: 1, TWO: 2}, hours=0)
    before = fleet.journals[ONE]
    fleet.switch(ONE, NEW)
    after = fleet.journals[ONE]
    fleet.journals[ONE] = before
    fleet.work(ONE, 5, 60)
    fleet.journals[ONE] = after
    fleet.work(ONE, 40, 1)
    assert fleet.one(number).state == "running"
