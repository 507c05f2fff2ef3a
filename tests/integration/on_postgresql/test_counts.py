"""The heart of `tests.integration.test_counts` once more, on PostgreSQL."""

from tests.integration import test_counts as here
from tests.integration.test_counts import site as site
from tests.support.databases import on_postgresql as on_postgresql

test_two_kiosks = here.test_two_kiosks_count_at_once_and_each_item_has_one_outcome
test_late = here.test_a_kiosk_that_was_offline_explains_days_later_what_was_missing
test_removed = here.test_a_count_that_does_not_belong_is_taken_out_again
