"""The heart of `tests.integration.test_backup` once more, on PostgreSQL and its own tools."""

from tests.integration import test_backup as here
from tests.integration.test_backup import backed as backed
from tests.integration.test_backup import hub as hub
from tests.integration.test_backup import journal as journal
from tests.support.databases import on_postgresql as on_postgresql

test_safe = here.test_only_what_outlives_the_machine_is_safe
test_verify = here.test_an_event_that_is_not_what_it_was_when_it_was_verified_makes_no_backup
test_restore = here.test_a_restored_hub_has_what_people_did_at_it_after_the_backup_and_nothing_twice
