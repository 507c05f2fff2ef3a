"""`tests.integration.test_web_operator` once more, on PostgreSQL."""

from tests.integration.test_web_operator import *  # noqa: F403
from tests.support.databases import on_postgresql as on_postgresql
