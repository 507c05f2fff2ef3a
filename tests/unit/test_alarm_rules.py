"""Every rule of the table fires where it should and nowhere else, and has words for it."""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest

from contract.messages import DeviceHealth, Health, PartHealth
from hub.alerts import judging, rules, words
from hub.alerts.facts import HubFacts, IncidentFacts, KioskFacts
from hub.alerts.judging import Verdict
from hub.alerts.limits import LIMITS, LimitError, Limits, check
from hub.alerts.rules import DAY_MS, MINUTE_MS

NOW: Final = 1_793_678_400_000
LONG_AGO: Final = NOW - DAY_MS
SCANNER: Final = DeviceHealth("serial-ttyACM0", "scanner", True)
PRINTER: Final = DeviceHealth("usb-0416", "printer", True, paper_mm=20_000)
PANEL: Final = DeviceHealth("gpio", "panel", True)
WELL: Final = Health(
    backlog=3,
    oldest_unsent_s=2,
    events=100,
    clock=True,
    uptime_s=100_000,
    disk_free_mb=20_000,
    prefixes_left=3,
    devices=(SCANNER, PRINTER, PANEL),
    temperature_c=50.0,
    throttling=(),
    reference=(PartHealth("products", True, "1"),),
)
HUB: Final = HubFacts(broker_since_ms=LONG_AGO, disk_free_mb=50_000)


def kiosk(**changes: Any) -> KioskFacts:
    plain = KioskFacts("east-k1", "east", True, NOW - 1000, WELL, NOW - 1000, 0)
    return msgspec.structs.replace(plain, **changes)


def with_health(**changes: Any) -> KioskFacts:
    return kiosk(health=msgspec.structs.replace(WELL, **changes))


def judged(*facts: KioskFacts, hub: HubFacts = HUB, **chosen: int) -> Verdict:
    limits = Limits({("", name): value for name, value in chosen.items()})
    return judging.judge(facts, hub, (), limits, NOW)


def kinds(verdict: Verdict) -> list[str]:
    return [one.kind for one in verdict.findings]


def broken(device: DeviceHealth, detail: str = "") -> tuple[DeviceHealth, ...]:
    changed = msgspec.structs.replace(device, ok=False, detail=detail)
    return tuple(changed if one == device else one for one in (SCANNER, PRINTER, PANEL))


low_paper = msgspec.structs.replace(PRINTER, paper_mm=1999)
enough_paper = msgspec.structs.replace(PRINTER, paper_mm=2000)

WRONG: Final[dict[str, tuple[KioskFacts, KioskFacts]]] = {
    "refusing": (with_health(refusing="disk-low"), with_health(refusing="")),
    "scanner-down": (with_health(devices=broken(SCANNER)), with_health(devices=broken(PANEL))),
    "printer-down": (
        with_health(devices=broken(PRINTER, "offline")),
        with_health(devices=broken(PRINTER, "out of paper")),
    ),
    "paper-out": (
        with_health(devices=broken(PRINTER, "out of paper")),
        with_health(devices=broken(PRINTER, "offline")),
    ),
    "paper-low": (
        with_health(devices=(SCANNER, low_paper)),
        with_health(devices=(SCANNER, enough_paper)),
    ),
    "device-down": (with_health(devices=broken(PANEL)), with_health(devices=broken(SCANNER))),
    "print-queue": (with_health(paper_jobs=31), with_health(paper_jobs=30)),
    "unsent-old": (with_health(oldest_unsent_s=3600), with_health(oldest_unsent_s=3599)),
    "backlog": (with_health(backlog=501), with_health(backlog=500)),
    "clock-untrusted": (
        with_health(clock=False, uptime_s=900),
        with_health(clock=False, uptime_s=899),
    ),
    "under-voltage": (
        with_health(throttling=("under-voltage",)),
        with_health(throttling=("under-voltage-before",)),
    ),
    "hot": (with_health(temperature_c=80.0), with_health(temperature_c=79.9)),
    "throttled": (
        with_health(throttling=("throttled",)),
        with_health(throttling=("under-voltage", "throttled")),
    ),
    "disk-low": (with_health(disk_free_mb=499), with_health(disk_free_mb=500)),
    "reference-refused": (
        with_health(reference=(PartHealth("products", False, "", "too large"),)),
        with_health(),
    ),
    "prefixes-low": (with_health(prefixes_left=0), with_health(prefixes_left=1)),
    "restarting": (kiosk(restarts=4), kiosk(restarts=3)),
    "kiosk-certificate": (
        kiosk(certificate_ends_ms=NOW + 30 * DAY_MS),
        kiosk(certificate_ends_ms=NOW + 31 * DAY_MS),
    ),
    "configuration-drift": (
        kiosk(drift_ms=NOW - 30 * MINUTE_MS),
        kiosk(drift_ms=NOW - 29 * MINUTE_MS),
    ),
    "update-failed": (
        with_health(update="reverted", update_release="r", update_detail="crashes"),
        with_health(update="reverted", update_release="r", update_detail="not-acknowledged"),
    ),
    "configuration-reverted": (kiosk(reverted="no scanner"), kiosk(drift_ms=NOW)),
    "kiosk-silent": (
        kiosk(online=False),
        kiosk(online=False, open_since_ms=None),
    ),
}


@pytest.mark.parametrize("kind", [one.kind for one in rules.KIOSK_RULES] + [rules.SILENT])
def test_each_rule_about_a_kiosk_fires_where_it_should_and_not_just_before(kind: str) -> None:
    wrong, fine = WRONG[kind]
    assert kinds(judged(wrong)) == [kind]
    assert kind not in kinds(judged(fine))


def test_a_kiosk_on_which_all_is_well_is_no_alarm() -> None:
    assert kinds(judged(kiosk())) == []


HUB_WRONG: Final[dict[str, tuple[HubFacts, HubFacts]]] = {
    name: (msgspec.structs.replace(HUB, **wrong), msgspec.structs.replace(HUB, **fine))
    for name, wrong, fine in (
        ("broker-away", {"broker_since_ms": None}, {"broker_since_ms": NOW}),
        ("hub-cannot-write", {"writer": False}, {"writer": True}),
        ("projector-behind", {"behind_ms": NOW - 301_000}, {"behind_ms": NOW - 299_000}),
        ("backup-late", {"backup_late": True}, {"backup_late": False}),
        ("backup-failed", {"backup_error": True}, {"backup_error": True, "backup_late": True}),
        ("hub-disk-low", {"disk_free_mb": 1999}, {"disk_free_mb": 2000}),
        (
            "hub-certificate",
            {"certificate_ends_ms": NOW + DAY_MS},
            {"certificate_ends_ms": NOW + 31 * DAY_MS},
        ),
        (
            "broker-certificate",
            {"broker_certificate_ends_ms": NOW + 30 * DAY_MS},
            {"broker_certificate_ends_ms": NOW + 31 * DAY_MS},
        ),
        ("channel-failing", {"failing_channels": ("群",)}, {"failing_channels": ()}),
    )
}


@pytest.mark.parametrize("kind", [one.kind for one in rules.HUB_RULES])
def test_each_rule_about_the_hub_fires_where_it_should_and_nowhere_else(kind: str) -> None:
    wrong, fine = HUB_WRONG[kind]
    assert kinds(judged(hub=wrong)) == [kind]
    assert kind not in kinds(judged(hub=fine))


@pytest.mark.parametrize("kind", sorted(rules.INCIDENT_RULES))
def test_an_incident_that_cannot_wait_is_an_alarm(kind: str) -> None:
    incident = IncidentFacts("k1", kind, "east", "east-k1", NOW)
    verdict = judging.judge((), HUB, (incident,), Limits(), NOW)
    assert kinds(verdict) == [f"incident-{kind}"]


def test_an_incident_about_goods_alone_calls_nobody() -> None:
    incident = IncidentFacts("k1", "past-expiry", "east", "", NOW)
    assert kinds(judging.judge((), HUB, (incident,), Limits(), NOW)) == []


# --- what nobody can know -------------------------------------------------------------------------


def test_a_pi_that_is_up_without_any_scanner_is_an_alarm() -> None:
    assert kinds(judged(with_health(devices=(PRINTER,)))) == ["scanner-down"]


def test_each_of_two_scanners_is_an_alarm_of_its_own() -> None:
    two = (
        msgspec.structs.replace(SCANNER, ok=False),
        DeviceHealth("serial-ttyACM1", "scanner", False),
    )
    keys = [one.key for one in judged(with_health(devices=two)).findings]
    assert keys == ["scanner-down:east-k1:serial-ttyACM0", "scanner-down:east-k1:serial-ttyACM1"]


def test_a_kiosk_that_says_nothing_for_too_long_is_silent_though_its_will_was_never_told() -> None:
    assert kinds(judged(kiosk(seen_ms=NOW - 181_000))) == ["kiosk-silent"]
    assert kinds(judged(kiosk(seen_ms=NOW - 180_000))) == []


def test_closed_is_not_silent_and_an_alarm_about_it_is_held() -> None:
    verdict = judged(kiosk(online=False, open_since_ms=None))
    assert kinds(verdict) == []
    assert verdict.held("east-k1", "kiosk-silent")


def test_in_the_first_minutes_after_opening_nobody_knows_yet() -> None:
    early = judged(kiosk(online=False, open_since_ms=NOW - 180_000))
    assert kinds(early) == []
    assert early.held("east-k1", "kiosk-silent")
    assert kinds(judged(kiosk(online=False, open_since_ms=NOW - 181_000))) == ["kiosk-silent"]


def test_a_dead_scanner_in_a_closed_stop_waits_for_its_opening() -> None:
    facts = msgspec.structs.replace(WRONG["scanner-down"][0], open_since_ms=None)
    assert kinds(judged(facts)) == []
    assert judged(facts).held("east-k1", "scanner-down")


def test_a_closed_stops_full_disk_is_an_alarm_at_once() -> None:
    facts = msgspec.structs.replace(WRONG["disk-low"][0], open_since_ms=None)
    assert kinds(judged(facts)) == ["disk-low"]


def test_while_the_broker_is_away_there_is_one_alarm_and_not_thirty() -> None:
    away = msgspec.structs.replace(HUB, broker_since_ms=None)
    thirty = [kiosk(kiosk=f"k{n}", online=False) for n in range(30)]
    verdict = judged(*thirty, hub=away)
    assert kinds(verdict) == ["broker-away"]
    assert verdict.held("k7", "kiosk-silent")


def test_kiosks_have_a_moment_to_come_back_after_their_broker() -> None:
    back = msgspec.structs.replace(HUB, broker_since_ms=NOW - 100_000)
    assert kinds(judged(kiosk(online=False), hub=back)) == []
    long_back = msgspec.structs.replace(HUB, broker_since_ms=NOW - 181_000)
    assert kinds(judged(kiosk(online=False), hub=long_back)) == ["kiosk-silent"]


def test_what_a_silent_kiosk_said_last_is_held() -> None:
    facts = msgspec.structs.replace(WRONG["scanner-down"][0], online=False)
    verdict = judged(facts)
    assert kinds(verdict) == ["kiosk-silent"]
    assert verdict.held("east-k1", "scanner-down")


def test_health_that_is_old_says_nothing() -> None:
    facts = msgspec.structs.replace(WRONG["hot"][0], health_ms=NOW - 11 * MINUTE_MS)
    assert kinds(judged(facts)) == []
    assert judged(facts).held("east-k1", "hot")


def test_a_kiosk_that_never_was_there_is_no_alarm() -> None:
    facts = kiosk(online=None, seen_ms=None, health=None, health_ms=None)
    assert kinds(judged(facts)) == []


# --- limits and words -----------------------------------------------------------------------------


def test_a_stop_may_have_a_limit_of_its_own() -> None:
    limits = Limits({("", "hot_c"): 60, ("east", "hot_c"): 70})
    warm = with_health(temperature_c=65.0)
    there = msgspec.structs.replace(warm, stop="river", kiosk="river-k1")
    found = judging.judge((warm, there), HUB, (), limits, NOW).findings
    assert [one.kiosk for one in found] == ["river-k1"]


@pytest.mark.parametrize("limit", LIMITS, ids=lambda one: one.name)
def test_every_limit_stands_within_its_own_bounds(limit: Any) -> None:
    check("", limit.name, limit.default)
    for value in (limit.least - 1, limit.most + 1):
        with pytest.raises(LimitError):
            check("", limit.name, value)


def test_a_limit_of_everybody_cannot_be_a_stops() -> None:
    with pytest.raises(LimitError):
        check("east", "repeat_min", 60)
    with pytest.raises(LimitError):
        check("", "no-such", 1)


@pytest.mark.parametrize("kind", rules.kinds())
def test_every_alarm_has_a_title_a_cause_and_a_question_in_both_languages(kind: str) -> None:
    told = words.WORDS[kind]
    for text in (told.title, told.cause, told.ask):
        assert re.search("[\u3400-\u9fff]", text.zh)
        assert not re.search("[\u3400-\u9fff]", text.en.replace("“", "").replace("”", ""))
    assert told.ask.zh.endswith("？")
    assert told.ask.en.endswith("?")


def test_there_are_no_words_for_alarms_that_there_are_not() -> None:
    assert set(words.WORDS) == set(rules.kinds())


@pytest.mark.parametrize("kind", sorted(WRONG))
def test_the_values_of_a_finding_fill_its_words(kind: str) -> None:
    [found] = judged(WRONG[kind][0]).findings
    told = words.of(found.kind, found.values)
    said = told.title.zh + told.cause.zh + told.cause.en + told.ask.en
    assert "{" not in said


def test_whom_to_ring_is_the_host_or_the_operator() -> None:
    check_all: Callable[[str], bool] = lambda kind: rules.ring(kind) in words.RING  # noqa: E731
    assert all(map(check_all, rules.kinds()))
    assert rules.ring("scanner-down") == rules.HOST
    assert rules.ring("broker-away") == rules.OPERATOR
