"""`tests.integration.test_migrations` once more, on PostgreSQL."""

from tests.integration.test_migrations import *  # noqa: F403
from tests.support.databases import on_postgresql as on_postgresql
