"""``POST /api/v1/enrolments``: a kiosk that was invited asks to belong to this hub.

The one route that changes something without a token: the request's code and its signature stand for
one. What the contract says of it is in `contract.enrolling`.
"""

from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Blueprint, Response, request

from contract import enrolling
from contract.enrolling import STATUS, Enrolled, EnrolmentRequest, Refusal, RefusedError
from hub.api import problems
from hub.api.models import Problem
from hub.fleet import enrolment
from hub.fleet.enrolment import Refused
from hub.fleet.reachable import NotReachableError, Reach, reach
from hub.request import now_ms, services

ROUTE: Final = "/enrolments"
_NUL: Final = rb"\u0000"

_TOLD: Final = {
    Refusal.BAD_REQUEST: "The request does not fit.",
    Refusal.UNKNOWN: "No invitation of this hub has this code.",
    Refusal.EXPIRED: "The time of this invitation is over.",
    Refusal.USED: "Another kiosk has used this invitation.",
    Refusal.CANCELLED: "This invitation was taken back.",
    Refusal.BAD_SIGNATURE: "The signature does not fit the request and its key.",
    Refusal.TOO_MANY: "Too many requests; wait as long as the header Retry-After says.",
}


def blueprint() -> Blueprint:
    """The one route; it takes no token and no cookie."""
    api = Blueprint("enrolments", __name__, url_prefix="/api/v1")
    api.post(ROUTE)(ask)
    return api


def ask() -> Response:
    """Answers with `Enrolled`, or says why not."""
    try:
        here = reach(services().config)
    except NotReachableError:
        return problems.answer(
            Problem(
                title="Not Found",
                status=404,
                type="not-reachable",
                detail="This hub is not set up for kiosks that come over the network.",
            )
        )
    body, moment, address = request.get_data(), now_ms(), request.remote_addr or ""
    signature = request.headers.get(enrolling.SIGNATURE_HEADER, "")
    try:
        if _NUL in body:
            raise RefusedError(Refusal.BAD_REQUEST, "no NUL characters")
        asked = enrolling.open_request(body, signature, verify)
    except RefusedError as error:
        why, detail = error.refusal, error.detail
        refused = services().writer.call(
            lambda writing: enrolment.refuse(writing, why, address, moment)
        )
        return _refused(refused, detail)
    return _answer(asked, here, address, moment)


def _answer(asked: EnrolmentRequest, here: Reach, address: str, moment: int) -> Response:
    answer = services().writer.call(
        lambda writing: enrolment.enrol(writing, asked, here, address, moment)
    )
    if isinstance(answer, Refused):
        return _refused(answer)
    response = Response(msgspec.json.encode(answer), content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _refused(refused: Refused, detail: str = "") -> Response:
    status = STATUS[refused.why]
    headers = {}
    if refused.why is Refusal.TOO_MANY:
        headers["Retry-After"] = str(-(-refused.wait_ms // 1000))
        detail = ""
    problem = Problem(
        title="Not enrolled",
        status=status,
        type=refused.why.value,
        detail=f"{_TOLD[refused.why]} {detail}".strip(),
    )
    return problems.answer(problem, headers)


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether ``signature`` is that of ``public_key`` over ``message`` (Ed25519)."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


STRUCTS: Final = (EnrolmentRequest, Enrolled)


def path(refs: str) -> dict[str, Any]:
    """This route's part of the OpenAPI document; ``refs`` as `hub.api.openapi.REFS`."""

    def content(kind: str, media: str = "application/json") -> dict[str, Any]:
        return {media: {"schema": {"$ref": refs.format(name=kind)}}}

    by_status: dict[int, list[str]] = {404: ["not-reachable"]}
    for refusal, status in STATUS.items():
        by_status.setdefault(status, []).append(refusal.value)
    responses = {"200": {"description": "It is enrolled", "content": content("Enrolled")}}
    for status, words in sorted(by_status.items()):
        responses[str(status)] = {
            "description": f"type: {', '.join(words)}",
            "content": content("Problem", problems.MEDIA_TYPE),
        }
    return {
        "post": {
            "operationId": "enrolKiosk",
            "summary": "A kiosk that was invited asks to belong to this hub",
            "description": "Needs no token. The same code and key again get the same answer.",
            "security": [],
            "parameters": [
                {
                    "name": enrolling.SIGNATURE_HEADER,
                    "in": "header",
                    "required": True,
                    "description": "Ed25519 signature over `yicang/1/enrolment`, a zero byte and "
                    "the body, in base64.",
                    "schema": {"type": "string"},
                }
            ],
            "requestBody": {"required": True, "content": content("EnrolmentRequest")},
            "responses": responses,
        }
    }
