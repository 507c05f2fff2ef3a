"""`tests.integration.test_recording` once more, on PostgreSQL."""

from tests.integration.test_recording import *  # noqa: F403
from tests.support.databases import on_postgresql as on_postgresql
