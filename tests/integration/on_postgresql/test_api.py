"""The heart of `tests.integration.test_api` once more, on PostgreSQL: what asks the database."""

from tests.integration import test_api as here
from tests.integration.test_api import document as document
from tests.integration.test_api import program as program
from tests.integration.test_api import scene as scene
from tests.integration.test_api import site as site
from tests.support.databases import on_postgresql as on_postgresql

test_routes = here.test_every_route_answers_as_the_document_says
test_item = here.test_an_item_comes_with_its_state_and_all_its_events
test_positions = here.test_positions_tell_how_far_stock_is_counted_not_what_has_only_just_arrived
test_paged = here.test_events_are_paged_without_gap_or_repeat
test_stock = here.test_stock_counts_what_the_board_counts
