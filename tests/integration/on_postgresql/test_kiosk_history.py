"""The heart of `tests.integration.test_kiosk_history` once more, on PostgreSQL."""

from tests.integration import test_kiosk_history as here
from tests.integration.test_kiosk_history import east as east
from tests.integration.test_kiosk_history import site as site
from tests.support.databases import on_postgresql as on_postgresql

test_each_look = here.test_each_look_goes_into_its_hour
test_counted = here.test_events_and_printers_that_failed_are_counted_once
test_rolled = here.test_old_hours_become_whole_days_once_and_old_days_go
