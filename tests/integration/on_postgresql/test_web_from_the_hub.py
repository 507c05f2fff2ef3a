"""`tests.integration.test_web_from_the_hub` once more, on PostgreSQL."""

from tests.integration.test_web_from_the_hub import *  # noqa: F403
from tests.support.databases import on_postgresql as on_postgresql
