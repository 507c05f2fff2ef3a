"""The heart of `tests.integration.test_enrolment` once more, on PostgreSQL."""

from tests.integration import test_enrolment as here
from tests.integration.test_enrolment import authority as authority
from tests.integration.test_enrolment import site as site
from tests.support.databases import on_postgresql as on_postgresql

test_way = here.test_a_kiosk_is_invited_enrols_and_is_let_in_once_its_digits_are_typed
test_replaced = here.test_a_new_kiosk_takes_the_place_of_a_broken_one
test_numbers = here.test_numbers_of_kiosks_are_never_given_twice
test_expired = here.test_a_kiosk_whose_digits_nobody_typed_for_a_day_is_none
test_throttled = here.test_who_tries_codes_is_slowed_down_by_address_and_the_next_one_is_not
