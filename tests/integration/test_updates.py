"""A machine takes over a release, or goes back to the one before, by itself."""

import dataclasses
import os
from pathlib import Path

import pytest

from provisioning.updates.alone import BusyError
from provisioning.updates.bundle import BundleError
from provisioning.updates.names import CONFIRMED, CURRENT
from provisioning.updates.progress import Phase, Result
from provisioning.updates.words import REASONS
from tests.support.journals import Home
from tests.support.releases import (
    BROUGHT,
    IDS,
    NEW,
    NEWER,
    NEXT,
    OLD,
    Machine,
    Manners,
    PanicError,
    Signer,
    bundle,
    make_quickly,
)

WELL = Manners(schema=NEXT)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path / "person")


def machine(
    tmp_path: Path, signer: Signer, new: Manners = WELL, old: Manners | None = None
) -> Machine:
    newer = dataclasses.replace(WELL)
    manners = {OLD: old or Manners(), NEW: new, NEWER: newer}
    made = Machine(tmp_path / "root", signer, manners)
    made.prepare()
    made.start_kiosk()
    return made


def events(one: Machine) -> list[str]:
    """Every event in the machine's journal, as the release in use reads it."""
    home = Home(one.home_folder)
    opened = home.open(seed=os.urandom(8).hex(), schema=one.manners[one.in_use()].schema)
    found = [event.id for event in opened.lines()]
    opened.close()
    return found


def assert_nothing_recorded_is_lost(one: Machine) -> None:
    assert set(one.recorded()) <= set(events(one))


def test_a_release_that_works_is_taken_over_and_the_one_before_it_kept(
    tmp_path: Path, signer: Signer
) -> None:
    one = machine(tmp_path, signer)
    one.offer()
    state = one.updater().run()
    assert (state.phase, state.result, state.before) == (Phase.IDLE, Result.CONFIRMED, OLD)
    assert one.in_use() == NEW
    assert one.running == NEW
    assert one.places.linked(CONFIRMED) == NEW
    assert one.places.complete() == [OLD, NEW]
    assert one.told() == {"update": "confirmed", "release": NEW, "reason": ""}
    assert_nothing_recorded_is_lost(one)


def test_only_the_running_and_the_one_before_are_kept(tmp_path: Path, signer: Signer) -> None:
    one = machine(tmp_path, signer)
    one.offer(1)
    one.updater().run()
    one.offer(2)
    assert one.updater().run().result is Result.CONFIRMED
    assert one.places.complete() == [NEW, NEWER]


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (Manners(schema=NEXT, devices={"scanner": 1, "printer": 1}), "scanner-missing"),
        (Manners(schema=NEXT, devices={"scanner": 2}), "printer-missing"),
        (Manners(schema=NEXT, refusing="disk-low"), "refusing"),
        (Manners(schema=NEXT, heard=False), "not-acknowledged"),
        (Manners(crashes=True), "crashes"),
    ],
)
def test_a_release_that_does_not_work_is_left_again_and_says_why(
    tmp_path: Path, signer: Signer, new: Manners, why: str
) -> None:
    one = machine(tmp_path, signer, new)
    one.offer()
    state = one.updater().run()
    assert (state.phase, state.result) == (Phase.IDLE, Result.REVERTED)
    assert one.in_use() == OLD
    assert one.running == OLD
    assert one.places.linked(CONFIRMED) == OLD
    assert one.told() == {"update": "reverted", "release": NEW, "reason": why}
    assert_nothing_recorded_is_lost(one)
    again = one.updater().run()
    tried = {"not-acknowledged": Result.REVERTED}.get(why)
    assert again.result is (tried or Result.REVERTED)
    assert (NEW in again.refused) == (tried is None)


def test_a_release_that_takes_the_machine_down_is_left_after_some_starts(
    tmp_path: Path, signer: Signer
) -> None:
    one = machine(tmp_path, signer, Manners(panics=True))
    one.offer()
    starts = 0
    with pytest.raises(PanicError):
        one.updater().run()
    while one.running != OLD:
        one.power_cut()
        starts += 1
        assert starts < 20, "it starts for ever"
        try:
            one.boot()
        except PanicError:
            assert one.in_use() in (OLD, NEW)
    assert one.in_use() == OLD
    assert one.told()["reason"] == "start-loop"
    assert_nothing_recorded_is_lost(one)


@pytest.mark.parametrize(
    ("old", "why"),
    [
        (Manners(open_now=False), "not-the-hour"),
        (Manners(backlog=1), "backlog"),
        (Manners(resting_s=3), "in-use"),
        (Manners(heard=False), "not-acknowledged"),
        (Manners(refusing="read-only"), "refusing"),
    ],
)
def test_a_bad_moment_is_waited_for_and_nothing_is_touched(
    tmp_path: Path, signer: Signer, old: Manners, why: str
) -> None:
    one = machine(tmp_path, signer, old=old)
    one.offer()
    state = one.updater().run()
    assert (state.phase, state.reason) == (Phase.WAITING, why)
    assert one.in_use() == OLD
    assert one.told() == {"update": "waiting", "release": NEW, "reason": why}
    one.manners[OLD] = Manners()
    one.tell()
    assert one.updater().run().result is Result.CONFIRMED


def test_a_release_that_is_withdrawn_while_it_waits_is_not_begun(
    tmp_path: Path, signer: Signer
) -> None:
    one = machine(tmp_path, signer, old=Manners(open_now=False))
    fetched = one.offer()
    assert one.updater().run().phase is Phase.WAITING
    fetched.unlink()
    one.manners[OLD] = Manners()
    state = one.updater().run()
    assert state.phase is Phase.IDLE
    assert state.refused == ()
    assert one.in_use() == OLD


def test_a_person_installs_at_any_hour_and_goes_back_by_hand(
    tmp_path: Path, signer: Signer
) -> None:
    one = machine(tmp_path, signer, old=Manners(open_now=False))
    source = bundle(tmp_path / "stick" / "any-name.yrel", signer, 1)
    assert one.updater().install(source).result is Result.CONFIRMED
    assert one.in_use() == NEW
    assert one.updater().roll_back().result is Result.CONFIRMED
    assert one.in_use() == OLD
    assert_nothing_recorded_is_lost(one)
    assert one.updater().roll_back().result_release == NEW


def test_going_back_without_anything_to_go_back_to_is_refused(
    tmp_path: Path, signer: Signer
) -> None:
    one = machine(tmp_path, signer)
    with pytest.raises(BundleError, match="there is none") as refused:
        one.updater().roll_back()
    assert refused.value.word == "no-previous"


def test_an_older_release_is_installed_only_when_told_so(tmp_path: Path, signer: Signer) -> None:
    one = machine(tmp_path, signer)
    one.offer(2)
    one.updater().run()
    older = bundle(tmp_path / "older.yrel", signer, 1)
    with pytest.raises(BundleError, match="is older"):
        one.updater().install(older)
    assert one.in_use() == NEWER
    assert one.updater().install(older, older=True).result is Result.CONFIRMED
    assert one.in_use() == NEW


def test_a_kiosk_that_is_dead_already_can_be_repaired_by_force(
    tmp_path: Path, signer: Signer
) -> None:
    one = machine(tmp_path, signer, old=Manners(crashes=True))
    source = bundle(tmp_path / "repair.yrel", signer, 1)
    assert one.updater().install(source, forced=True).result is Result.CONFIRMED
    assert one.in_use() == NEW


def test_a_bundle_of_a_stranger_that_was_fetched_is_refused_once_and_told(
    tmp_path: Path, signer: Signer
) -> None:
    one = machine(tmp_path, signer)
    bundle(one.places.incoming / f"{NEW}.yrel", Signer(tmp_path / "stranger"), 1)
    state = one.updater().run()
    assert (state.result, state.result_reason) == (Result.REFUSED, "foreign-key")
    assert one.told() == {"update": "refused", "release": NEW, "reason": "foreign-key"}
    assert one.places.complete() == [OLD]
    assert one.in_use() == OLD


def test_a_bundle_whose_environment_cannot_be_made_leaves_no_trace(
    tmp_path: Path, signer: Signer
) -> None:
    one = machine(tmp_path, signer)
    one.offer()

    def failing(folder: Path, what: object) -> None:
        (folder / "half").write_bytes(b"made")
        raise BundleError("install", "no room")

    state = one.updater(make=failing).run()
    assert (state.result, state.result_reason) == (Result.REFUSED, "install")
    assert not (one.places.releases / NEW).exists()
    assert one.in_use() == OLD


SCANNED = {
    "yicang-kiosk.service": "current/systemd/yicang-kiosk.service",
    "multi-user.target.wants/yicang-kiosk.service": "/etc/systemd/system/yicang-kiosk.service",
    "sysusers.d/yicang.conf": "current/systemd/sysusers.d/yicang.conf",
    "udev/rules.d/99-yicang.rules": "current/systemd/udev/99-yicang.rules",
}
WITH_OLD = SCANNED | {
    "yicang-left.timer": "current/systemd/yicang-left.timer",
    "timers.target.wants/yicang-left.timer": "/etc/systemd/system/yicang-left.timer",
}
WITH_NEW = SCANNED | {
    "yicang-weigh.timer": "current/systemd/yicang-weigh.timer",
    "timers.target.wants/yicang-weigh.timer": "/etc/systemd/system/yicang-weigh.timer",
    "yicang-kiosk.service.d/weigh.conf": "current/systemd/yicang-kiosk.service.d/weigh.conf",
    "yicang-update-weigh.service": "confirmed/systemd/yicang-update-weigh.service",
    "udev/rules.d/98-yicang-scales.rules": "current/systemd/udev/98-yicang-scales.rules",
}


def test_what_a_release_brings_and_drops_of_units_and_rules_goes_with_it(
    tmp_path: Path, signer: Signer
) -> None:
    one = machine(tmp_path, signer)
    assert one.has() == WITH_OLD
    one.offer()
    assert one.updater().run().result is Result.CONFIRMED
    assert one.has() == WITH_NEW
    said = [" ".join(words) for words in one.told_machine]
    asked = "systemd-run --quiet --collect --service-type=oneshot --"
    assert said[:3] == [
        "systemctl stop yicang-left.timer",
        f"{asked} systemd-sysusers",
        "systemctl daemon-reload",
    ]
    assert "udevadm control --reload" in said
    assert "systemctl start --no-block yicang-weigh.timer" in said
    one.told_machine.clear()
    assert one.updater().roll_back().result is Result.CONFIRMED
    assert one.has() == WITH_OLD
    said = [" ".join(words) for words in one.told_machine]
    assert said[0] == "systemctl stop yicang-weigh.timer"
    assert "systemctl start --no-block yicang-left.timer" in said


def test_a_release_that_is_left_again_leaves_nothing_of_its_units(
    tmp_path: Path, signer: Signer
) -> None:
    one = machine(tmp_path, signer, Manners(crashes=True))
    one.offer()
    assert one.updater().run().result is Result.REVERTED
    assert one.has() == WITH_OLD


def test_what_a_person_has_put_in_a_units_place_stays(tmp_path: Path, signer: Signer) -> None:
    one = machine(tmp_path, signer)
    units = one.places.root / "etc/systemd/system"
    (units / "timers.target.wants/yicang-left.timer").unlink()  # disabled
    (units / "yicang-weigh.timer").symlink_to("/dev/null")  # masked
    own = units / "yicang-kiosk.service.d/own.conf"
    own.parent.mkdir()
    own.write_text("[Service]\nNice=5\n")
    one.offer()
    assert one.updater().run().result is Result.CONFIRMED
    assert (units / "yicang-weigh.timer").readlink() == Path("/dev/null")
    assert one.updater().roll_back().result is Result.CONFIRMED
    assert (units / "yicang-weigh.timer").readlink() == Path("/dev/null")
    assert own.exists()


def test_a_machine_that_cannot_take_the_units_goes_back(tmp_path: Path, signer: Signer) -> None:
    one = machine(tmp_path, signer)
    (one.places.root / "etc/systemd/system/yicang-kiosk.service.d").write_text("no folder")
    one.offer()
    state = one.updater().run()
    assert (state.result, state.result_reason) == (Result.REVERTED, "cannot-switch")
    assert one.in_use() == one.running == OLD


def test_new_units_wait_for_a_system_that_can_be_written(tmp_path: Path, signer: Signer) -> None:
    one = machine(tmp_path, signer)
    one.fixed = True
    one.offer()
    state = one.updater().run()
    assert (state.phase, state.reason) == (Phase.WAITING, "read-only")
    assert one.has() == WITH_OLD
    one.fixed = False
    assert one.updater().run().result is Result.CONFIRMED
    one.fixed = True
    one.offer(2)  # brings nothing of the kind
    assert one.updater().run().result is Result.CONFIRMED


def test_one_that_was_cut_off_and_whose_file_is_out_of_sight_says_so_and_may_come_again(
    tmp_path: Path, signer: Signer
) -> None:
    one = machine(tmp_path, signer)
    hidden = bundle(tmp_path / "home" / "new.yrel", signer, 1, BROUGHT[1])

    def cut(_folder: Path, _what: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one.updater(make=cut).install(hidden)
    hidden.rename(tmp_path / "elsewhere.yrel")  # as a service with ProtectHome sees it
    state = one.updater().run()
    assert (state.result, state.result_reason) == (Result.REFUSED, "source")
    assert one.told() == {"update": "refused", "release": NEW, "reason": "source"}
    assert "/root, /home, /tmp" in REASONS["source"].en
    assert one.in_use() == OLD
    one.offer()
    assert one.updater().run().result is Result.CONFIRMED


def test_a_link_of_the_kiosks_account_is_not_followed(tmp_path: Path, signer: Signer) -> None:
    one = machine(tmp_path, signer)
    elsewhere = bundle(tmp_path / "elsewhere.yrel", signer, 1)
    (one.places.incoming / f"{NEW}.yrel").symlink_to(elsewhere)
    state = one.updater().run()
    assert (state.phase, state.result) == (Phase.IDLE, Result.NONE)
    assert one.places.complete() == [OLD]
    assert one.in_use() == OLD


def test_two_updaters_do_not_meet(tmp_path: Path, signer: Signer) -> None:
    one = machine(tmp_path, signer, old=Manners(heard=False))
    one.offer()
    met: list[str] = []

    def second() -> None:
        try:
            one.updater().run()
        except BusyError as error:
            met.append(str(error))

    one.on_sleep = second
    one.updater().run()
    assert met
    assert "another update" in met[0]


def test_a_damaged_state_file_is_forgotten_and_the_links_hold(
    tmp_path: Path, signer: Signer
) -> None:
    one = machine(tmp_path, signer)
    one.places.state.write_bytes(b"\0" * 40)
    one.offer()
    assert one.updater().run().result is Result.CONFIRMED
    assert one.in_use() == NEW


@pytest.mark.parametrize("early", [True, False])
def test_a_release_under_trial_is_left_though_nobody_knows_any_more_that_it_is(
    tmp_path: Path, signer: Signer, early: bool
) -> None:
    one = machine(tmp_path, signer, Manners(panics=True))
    one.offer()
    with pytest.raises(PanicError):
        one.updater().run()
    one.power_cut()
    one.places.state.write_bytes(b"\0" * 40)
    state = one.updater(early=early).run()
    assert (state.result, state.result_reason) == (Result.REVERTED, "cut-off")
    assert one.in_use() == OLD
    assert NEW in state.refused
    assert_nothing_recorded_is_lost(one)


def test_a_release_that_vanished_from_the_disk_is_replaced_by_the_confirmed_one(
    tmp_path: Path, signer: Signer
) -> None:
    one = machine(tmp_path, signer)
    (one.places.home / CURRENT).unlink()
    (one.places.home / CURRENT).symlink_to(f"releases/{IDS[2]}")
    one.updater(early=True).run()
    assert one.in_use() == OLD


def test_what_half_an_unpacking_left_behind_is_no_release(tmp_path: Path, signer: Signer) -> None:
    one = machine(tmp_path, signer)
    folder = one.places.releases / NEW
    folder.mkdir()
    (folder / "rubbish").write_bytes(b"half")
    one.offer()
    assert one.updater(make=make_quickly).run().result is Result.CONFIRMED
    assert not (one.places.releases / NEW / "rubbish").exists()
