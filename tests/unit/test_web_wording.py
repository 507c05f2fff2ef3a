"""Every event has a sentence of its own on the hub's pages."""

import pytest
from flask import Flask
from flask_babel import Babel

from contract import events as contract
from hub.web import wording
from tests.support.lines import EVERY_BODY


@pytest.mark.parametrize("body", EVERY_BODY, ids=contract.type_of)
def test_no_event_shows_its_machine_word_to_people(body: contract.Body) -> None:
    app = Flask(__name__)
    Babel(app)  # type: ignore[no-untyped-call]  # the library has no annotations there
    with app.test_request_context():
        said = wording.describe(body)
    assert said not in ("", contract.type_of(body))


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(1, "1 minute"), (60, "1 hour"), (95, "1 hour 35 minutes"), (120, "2 hours")],
)
def test_time_worked_is_told_in_hours_and_minutes(minutes: int, said: str) -> None:
    app = Flask(__name__)
    Babel(app)  # type: ignore[no-untyped-call]  # the library has no annotations there
    body = contract.WorkEnded(session="5e55000000000001", minutes=minutes)
    with app.test_request_context():
        assert wording.describe(body) == f"Somebody went home after {said}"
