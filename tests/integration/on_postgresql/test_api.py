"""`tests.integration.test_api` once more, on PostgreSQL."""

from tests.integration.test_api import *  # noqa: F403
from tests.support.databases import on_postgresql as on_postgresql
