"""When the watchdog is fed, and when it is left to bite: at the kiosk and at the hub."""

from msgspec.structs import replace

from hub.watchdog import DEAF_S, STUCK_S, UNWELL_S, WriterFacts, serves, writes
from kiosk.watchdog import UNACKED_MS, UNSAVED_MS, Facts, Watch, look

FINE = Facts(now=0, failing_since=None, refusing=False, connected=True, acked=10, waiting=0)
SECOND = 1000
MINUTE = 60 * SECOND


class Kiosk:
    """Looks every two seconds."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.now = 0

    def for_ms(self, duration: int, facts: Facts) -> bool:
        """How the last of so many looks ended."""
        fed = True
        for _ in range(duration // (2 * SECOND)):
            self.now += 2 * SECOND
            self.watch, fed = look(self.watch, replace(facts, now=self.now))
        return fed


def test_a_kiosk_that_works_is_fed_for_ever() -> None:
    assert Kiosk().for_ms(24 * 60 * MINUTE, FINE)


def test_a_hub_that_answers_and_acknowledges_nothing_ends_the_feeding() -> None:
    kiosk = Kiosk()
    waiting = replace(FINE, waiting=3)
    assert kiosk.for_ms(UNACKED_MS - MINUTE, waiting)
    assert not kiosk.for_ms(2 * MINUTE, waiting)


def test_one_acknowledgement_is_progress() -> None:
    kiosk = Kiosk()
    for acked in range(5):
        assert kiosk.for_ms(UNACKED_MS - MINUTE, replace(FINE, waiting=900, acked=acked))


def test_a_kiosk_without_a_network_is_fed_for_a_month_and_has_its_time_afterwards() -> None:
    kiosk = Kiosk()
    offline = replace(FINE, connected=False, waiting=4000)
    assert kiosk.for_ms(24 * 60 * MINUTE, offline)
    assert kiosk.for_ms(UNACKED_MS - MINUTE, replace(offline, connected=True))
    # A line that breaks now and then starts nothing anew.
    assert kiosk.for_ms(MINUTE, offline)
    assert not kiosk.for_ms(2 * MINUTE, replace(offline, connected=True))


def test_a_machine_that_slept_waited_for_nobody() -> None:
    kiosk = Kiosk()
    waiting = replace(FINE, waiting=3)
    assert kiosk.for_ms(MINUTE, waiting)
    kiosk.now += 24 * 60 * MINUTE
    assert kiosk.for_ms(2 * SECOND, waiting)


def test_a_journal_that_takes_nothing_ends_the_feeding() -> None:
    failing = replace(FINE, failing_since=1000)
    assert look(Watch(), replace(failing, now=1000 + UNSAVED_MS - 1))[1]
    assert not look(Watch(), replace(failing, now=1000 + UNSAVED_MS))[1]


def test_a_full_disk_is_told_by_lights_and_mended_by_no_start() -> None:
    refusing = replace(FINE, failing_since=1000, refusing=True, now=1000 + 10 * UNSAVED_MS)
    assert look(Watch(), refusing)[1]


def test_a_writer_that_hangs_ends_the_feeding_unless_somebody_said_how_long() -> None:
    facts = WriterFacts(alive=True, turned=50.0)
    assert writes(facts, 50.0 + STUCK_S - 1)
    assert not writes(facts, 50.0 + STUCK_S)
    rebuilding = replace(facts, allowed_s=3600.0)
    assert writes(rebuilding, 50.0 + STUCK_S)
    assert not writes(rebuilding, 50.0 + 3600)


def test_a_writer_that_is_gone_or_only_fails_ends_the_feeding() -> None:
    assert not writes(WriterFacts(alive=False, turned=50.0), 51.0)
    failing = WriterFacts(alive=True, turned=1000.0, unwell_since=1000.0 - UNWELL_S)
    assert not writes(failing, 1000.0)
    assert writes(replace(failing, unwell_since=999.0), 1000.0)


def test_pages_that_nobody_serves_end_the_feeding() -> None:
    assert serves(100.0, 100.0 + DEAF_S - 1)
    assert not serves(100.0, 100.0 + DEAF_S)
