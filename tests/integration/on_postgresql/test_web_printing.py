"""`tests.integration.test_web_printing` once more, on PostgreSQL."""

from tests.integration.test_web_printing import *  # noqa: F403
from tests.support.databases import on_postgresql as on_postgresql
