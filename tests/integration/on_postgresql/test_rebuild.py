"""`tests.integration.test_rebuild` once more, on PostgreSQL."""

from tests.integration.test_rebuild import *  # noqa: F403
from tests.support.databases import on_postgresql as on_postgresql
