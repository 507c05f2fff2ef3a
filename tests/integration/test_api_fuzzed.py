"""Whatever is sent to the API, it answers as its own document says, and never fails.

schemathesis makes requests from the document: valid ones, ones with something wrong, and chains
of them. Every answer is held against the statuses, media types and schemas that the document names.
The everyday run tries a few of each route; `make proof` runs it whole.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hub.access.permissions import Role
from tests.support.hub_scene import Scene, a_scene

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_scene(tmp_path_factory.mktemp("hub")) as found:
        yield found


def _fuzz(scene: Scene, role: Role, examples: int) -> int:
    """Fuzzes every operation of the document; how many there are."""
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", scene.site.app)
    headers = {"Authorization": f"Bearer {scene.site.token(role)}"}
    count = 0
    for operation in schema.get_all_operations():
        assert isinstance(operation, Ok), operation
        _fuzz_one(operation.ok(), headers, examples)
        count += 1
    return count


def _fuzz_one(operation: Any, headers: dict[str, str], examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:
        response = case.call(headers=headers)
        case.validate_response(response, checks=list(CHECKS))

    send()


def test_the_api_answers_as_its_document_says_whatever_is_sent(scene: Scene) -> None:
    assert _fuzz(scene, Role.ADMINISTRATOR, 4) > 15


@pytest.mark.proof
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.VIEWER])
def test_the_api_survives_a_full_run(scene: Scene, role: Role) -> None:
    assert _fuzz(scene, role, 150) > 15
