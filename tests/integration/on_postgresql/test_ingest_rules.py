"""`tests.integration.test_ingest_rules` once more, on PostgreSQL."""

from tests.integration.test_ingest_rules import *  # noqa: F403
from tests.support.databases import on_postgresql as on_postgresql
