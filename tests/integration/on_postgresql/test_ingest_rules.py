"""The heart of `tests.integration.test_ingest_rules` once more, on PostgreSQL: each way in which a
row is written, kept beside or found to be there already. `make proof` runs all of them on it."""

from tests.integration import test_ingest_rules as here
from tests.integration.test_ingest_rules import hub as hub
from tests.integration.test_ingest_rules import journal as journal
from tests.support.databases import on_postgresql as on_postgresql

test_acknowledged = here.test_a_batch_is_acknowledged_through_its_last_event_with_its_hash
test_gap = here.test_a_gap_is_not_acknowledged_until_it_is_filled
test_repeated = here.test_a_repeated_batch_changes_nothing
test_later = (
    here.test_an_event_of_a_later_release_waits_in_quarantine_and_folds_at_its_place_once_understood
)
test_unregistered = (
    here.test_an_unregistered_kiosks_events_are_kept_and_counted_once_it_is_registered
)
test_fork = here.test_a_copied_journal_is_one_fork_incident_and_both_stories_are_kept
test_hello = here.test_a_hello_is_answered_from_the_database_with_the_same_nonce
test_hole = here.test_what_no_journal_holds_any_more_is_a_recorded_hole_and_the_stream_goes_on
test_set_aside = here.test_an_event_that_no_fold_takes_is_set_aside_and_the_rest_goes_on
test_seen = here.test_what_opens_again_is_to_be_seen_again
test_reference = here.test_reference_data_is_published_before_the_welcome_that_names_it
