"""The heart of `tests.integration.test_audit` once more, on PostgreSQL."""

from tests.integration import test_audit as here
from tests.integration.test_audit import site as site
from tests.support.databases import on_postgresql as on_postgresql

test_refused = here.test_the_database_itself_refuses_to_change_the_log
test_paged = here.test_a_long_log_is_paged_newest_first
test_scoped = here.test_an_auditor_of_one_stop_reads_what_concerns_it
