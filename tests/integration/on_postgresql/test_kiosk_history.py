"""`tests.integration.test_kiosk_history` once more, on PostgreSQL."""

from tests.integration.test_kiosk_history import *  # noqa: F403
from tests.support.databases import on_postgresql as on_postgresql
