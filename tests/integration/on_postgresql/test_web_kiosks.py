"""`tests.integration.test_web_kiosks` once more, on PostgreSQL."""

from tests.integration.test_web_kiosks import *  # noqa: F403
from tests.support.databases import on_postgresql as on_postgresql
