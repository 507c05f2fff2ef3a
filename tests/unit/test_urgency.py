"""What needs a human first: one table, and the order that it makes."""

import random
from typing import Final

import pytest

from contract.messages import DeviceHealth, Health, PartHealth
from hub.alerts import judging, life, rules
from hub.alerts.facts import HubFacts, IncidentFacts, KioskFacts
from hub.alerts.judging import Finding
from hub.alerts.life import Alarm
from hub.alerts.limits import Limits
from hub.fleet import urgency
from hub.fleet.urgency import Standing, rank
from tests.support.alarm_scene import SCANNER, health

NOW: Final = 1_800_000_000_000
MINUTE_MS: Final = 60_000
LIMITS: Final = Limits()
HUB: Final = HubFacts(broker_since_ms=0)
BROKEN: Final = DeviceHealth("serial--dev-ttyACM0", "scanner", False, "unplugged")
PRINTER: Final = DeviceHealth("usb-1", "printer", True, "ready", 9_000)
NO_PAPER: Final = DeviceHealth("usb-1", "printer", False, "out of paper")
JAMMED: Final = DeviceHealth("usb-1", "printer", False, "is away")
LITTLE: Final = DeviceHealth("usb-1", "printer", True, "ready", 700)
DARK: Final = DeviceHealth("gpio", "panel", False, "the pins failed")


def facts(told: Health | None = None, **changes: object) -> KioskFacts:
    """A kiosk that is there at an open stop, and well but for what is named."""
    values: dict[str, object] = {
        "kiosk": "one",
        "stop": "east",
        "online": True,
        "seen_ms": NOW - 20_000,
        "health": told or health(SCANNER, PRINTER),
        "health_ms": NOW - 20_000,
        "open_since_ms": 0,
    }
    return KioskFacts(**{**values, **changes})  # type: ignore[arg-type]


def alarm(finding: Finding, *, seen: bool = False, began_ms: int = NOW - 300_000) -> Alarm:
    """That this has been an alarm for five minutes."""
    begun = life.begin(finding, LIMITS, began_ms, ())
    fired = life.step(begun, finding, LIMITS, began_ms + 61_000)
    return life.acknowledge(fired, "somebody", NOW) if seen else fired


def judged(
    one: KioskFacts, *, hub: HubFacts = HUB, incidents: tuple[IncidentFacts, ...] = ()
) -> Standing:
    found = judging.judge([one], hub, incidents, LIMITS, NOW).findings
    mine = [each for each in found if each.kiosk == one.kiosk]
    broker = hub.broker_since_ms is not None
    return urgency.standing(one, mine, (), LIMITS, NOW, broker=broker)


def told(**changes: object) -> KioskFacts:
    return facts(health(SCANNER, PRINTER, **changes))


DAY: Final = rules.DAY_MS
TABLE: Final[tuple[tuple[str, KioskFacts], ...]] = (
    ("scanner-down", facts(health(BROKEN, PRINTER))),
    ("refusing", told(refusing="disk-low")),
    ("kiosk-silent", facts(online=False)),
    ("printer-down", facts(health(SCANNER, JAMMED))),
    ("paper-out", facts(health(SCANNER, NO_PAPER))),
    ("restarting", facts(restarts=5)),
    ("configuration-reverted", facts(reverted="printer-fails")),
    ("update-failed", told(update="refused", update_release="r", update_detail="target")),
    ("paper-low", facts(health(SCANNER, LITTLE))),
    ("print-queue", told(paper_jobs=40)),
    ("under-voltage", told(throttling=("under-voltage",))),
    ("hot", told(temperature_c=84.0)),
    ("throttled", told(throttling=("throttled",))),
    ("device-down", facts(health(SCANNER, PRINTER, DARK))),
    ("disk-low", told(disk_free_mb=200)),
    ("unsent-old", told(backlog=3, oldest_unsent_s=7200)),
    ("backlog", told(backlog=900)),
    ("clock-untrusted", told(clock=False)),
    ("kiosk-certificate", facts(certificate_ends_ms=NOW + 3 * DAY)),
    ("prefixes-low", told(prefixes_left=0)),
    ("reference-refused", told(reference=(PartHealth("plans", False, detail="too new"),))),
    ("configuration-drift", facts(drift_ms=NOW - 40 * MINUTE_MS)),
)
"""Each rule about a kiosk by itself, the most pressing first."""


def standings() -> list[tuple[str, Standing]]:
    return [(kind, judged(one)) for kind, one in TABLE]


def test_each_trouble_has_its_place_in_the_order() -> None:
    of_kiosks = {rules.SILENT, *(one.kind for one in rules.KIOSK_RULES)}
    incidents = {rules.INCIDENT + kind for kind in rules.INCIDENT_RULES}
    assert set(urgency.KINDS) == of_kiosks | incidents
    assert len(set(urgency.KINDS)) == len(urgency.KINDS)
    assert {kind for kind, _one in TABLE} == of_kiosks


@pytest.mark.parametrize(("kind", "one"), standings(), ids=[kind for kind, _one in TABLE])
def test_a_kiosk_is_as_urgent_as_the_rule_that_finds_it(kind: str, one: Standing) -> None:
    severities = {rule.kind: rule.severity for rule in rules.KIOSK_RULES}
    severities[rules.SILENT] = rules.URGENT
    assert [each.kind for each in one.troubles] == [kind]
    assert one.level == severities[kind]
    assert one.first is not None
    assert one.first.ring == rules.ring(kind)


def test_whatever_the_order_they_come_in_the_most_pressing_kiosk_stands_first() -> None:
    urgent_first = sorted(
        standings(), key=lambda one: (one[1].level != urgency.URGENT, urgency.KINDS.index(one[0]))
    )
    shuffled = standings()
    random.Random(7).shuffle(shuffled)
    assert [kind for kind, _one in sorted(shuffled, key=lambda one: rank(one[1]))] == [
        kind for kind, _one in urgent_first
    ]
    assert urgent_first[0][0] == "scanner-down"


@pytest.mark.parametrize(
    ("one", "hub", "presence", "level"),
    [
        (facts(), HUB, urgency.PRESENT, urgency.WELL),
        (facts(seen_ms=NOW - 181_000), HUB, urgency.AWAY, urgency.URGENT),
        (facts(seen_ms=NOW - 180_000), HUB, urgency.PRESENT, urgency.WELL),
        (facts(online=False), HUB, urgency.AWAY, urgency.URGENT),
        (facts(online=False, open_since_ms=None), HUB, urgency.AWAY, urgency.ABSENT),
        (facts(seen_ms=NOW - 999_000, open_since_ms=None), HUB, urgency.AWAY, urgency.ABSENT),
        (
            facts(online=None, seen_ms=None, health=None, health_ms=None),
            HUB,
            urgency.NEVER,
            urgency.NEW,
        ),
        (facts(online=False), HubFacts(None), urgency.UNKNOWN, urgency.WELL),
        (facts(health(BROKEN)), HubFacts(None), urgency.UNKNOWN, urgency.WELL),
        (facts(health(BROKEN), online=False, open_since_ms=None), HUB, urgency.AWAY, "away"),
    ],
    ids=[
        "well",
        "says that it is there, and nothing comes for three minutes",
        "three minutes are not over",
        "its will was told",
        "away while its stop is closed",
        "silent while its stop is closed",
        "never heard",
        "the hub has no broker",
        "the hub has no broker: what was last told is no news",
        "a device that was down before it was switched off for the night",
    ],
)
def test_who_is_there_and_what_it_makes(
    one: KioskFacts, hub: HubFacts, presence: str, level: str
) -> None:
    found = judged(one, hub=hub)
    assert (found.presence, found.level) == (presence, level)


def test_levels_come_in_their_order_and_names_decide_between_equals() -> None:
    away = facts(online=False, open_since_ms=None, kiosk="c-away")
    new = facts(online=None, kiosk="b-new")
    wanted = [
        judged(facts(health(BROKEN), kiosk="z-urgent")),
        judged(facts(health(SCANNER, LITTLE), kiosk="y-soon")),
        judged(away),
        judged(new),
        judged(facts(kiosk="a-well")),
        judged(facts(kiosk="b-well")),
        urgency.ended("a-ended"),
    ]
    other_way_round = list(reversed(wanted))
    assert sorted(other_way_round, key=rank) == wanted


def test_what_somebody_takes_care_of_comes_after_what_nobody_does() -> None:
    one = facts(health(BROKEN), kiosk="a-seen")
    two = facts(health(SCANNER, NO_PAPER), kiosk="b-open")
    [first] = judging.judge([one], HUB, (), LIMITS, NOW).findings
    seen = urgency.standing(one, [first], [alarm(first, seen=True)], LIMITS, NOW)
    assert seen.first is not None
    assert seen.first.handled
    assert [each.kiosk for each in sorted([seen, judged(two)], key=rank)] == ["b-open", "a-seen"]


def test_what_has_lasted_longer_comes_first() -> None:
    made = []
    for name, began in (("young", NOW - 200_000), ("old", NOW - 900_000)):
        one = facts(health(BROKEN), kiosk=name)
        [found] = judging.judge([one], HUB, (), LIMITS, NOW).findings
        open_one = alarm(found, began_ms=began)
        made.append(urgency.standing(one, [found], [open_one], LIMITS, NOW))
    assert [each.kiosk for each in sorted(made, key=rank)] == ["old", "young"]


def test_an_alarm_stays_on_a_kiosk_that_can_no_longer_tell() -> None:
    one = facts(health(BROKEN))
    [found] = judging.judge([one], HUB, (), LIMITS, NOW).findings
    gone = facts(health(BROKEN), online=False)
    silent = judging.judge([gone], HUB, (), LIMITS, NOW).findings
    both = urgency.standing(gone, silent, [alarm(found)], LIMITS, NOW)
    assert [each.kind for each in both.troubles] == ["scanner-down", "kiosk-silent"]
    assert [each.alarm is not None for each in both.troubles] == [True, False]


def test_an_incident_that_calls_somebody_is_trouble_of_its_kiosk() -> None:
    wanted = IncidentFacts("help:1", "help-wanted", "east", "one", NOW)
    found = judged(facts(), incidents=(wanted,))
    assert found.level == urgency.URGENT
    assert [each.kind for each in found.troubles] == ["incident-help-wanted"]


def test_the_usual_version_is_the_one_that_most_run() -> None:
    assert urgency.usual(["1.0", "1.1", "1.1", ""]) == "1.1"
    assert urgency.usual(["1.0", "1.1"]) == "1.1"
    assert urgency.usual(["", ""]) == ""
    assert urgency.version(health(software="1.0", release="1.1-0123abcd")) == "1.1-0123abcd"
    assert urgency.version(health(software="1.0")) == "1.0"
    assert urgency.version(None) == ""


def test_the_paper_of_a_kiosk_is_that_of_its_emptiest_printer() -> None:
    assert urgency.paper_mm(health(SCANNER, PRINTER, LITTLE)) == 700
    assert urgency.paper_mm(health(SCANNER)) is None
    assert urgency.paper_mm(None) is None


def test_a_place_is_as_urgent_as_its_worst_kiosk() -> None:
    assert urgency.worst([urgency.WELL, urgency.SOON, urgency.NEW]) == urgency.SOON
    assert urgency.worst([]) == urgency.WELL
