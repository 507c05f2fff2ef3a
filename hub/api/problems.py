"""Errors as problem+json (RFC 9457), one way for every one of them."""

from typing import Final

import msgspec
from flask import Response, request
from werkzeug.exceptions import HTTPException

from hub.api.models import Problem

MEDIA_TYPE: Final = "application/problem+json"
MACHINE_PATHS: Final = ("/api/", "/healthz")


_DETAILS: Final = {
    403: "This token's role may not do that.",
    404: "There is nothing at this address; /api/v1/openapi.json lists every one.",
    405: "This address does not take this method; the header Allow says which it takes.",
    413: "The request is longer than the hub reads.",
    415: "The hub does not read this kind of content.",
    429: "Too many requests; wait as long as the header Retry-After says.",
}


class BadParameter(Exception):  # noqa: N818 - it is the caller's error, not ours
    """A parameter that cannot be used; ``detail`` says what it should be."""

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(detail)
        self.parameter = parameter
        self.detail = detail


def wanted() -> bool:
    """Whether whoever asks is a machine."""
    return request.path.startswith(MACHINE_PATHS)


def answer(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The response that says ``problem``."""
    response = Response(
        msgspec.json.encode(problem), status=problem.status, content_type=MEDIA_TYPE
    )
    response.headers.update(headers or {})
    response.headers["Cache-Control"] = "no-store"
    return response


def from_exception(error: HTTPException) -> Response:
    """What Flask raised, as a problem; ``Allow`` and the like are kept."""
    status = error.code or 500
    kept = {
        name: value
        for name, value in error.get_headers()
        if name.lower() in ("allow", "retry-after")
    }
    return answer(Problem(title=error.name, status=status, detail=_detail(error, status)), kept)


def _detail(error: HTTPException, status: int) -> str:
    """What a route said, else our words for the status, never the library's."""
    if status >= 500:
        return "The hub failed; its log says why."
    if error.description and error.description != type(error).description:
        return error.description
    return _DETAILS.get(status, "The hub did not understand this request.")


def bad_parameter(error: BadParameter) -> Response:
    """400 with the parameter's name."""
    return answer(
        Problem(title="Bad Request", status=400, detail=error.detail, parameter=error.parameter)
    )


def unauthorised(detail: str) -> Response:
    """401 that says how to do better."""
    return answer(
        Problem(title="Unauthorized", status=401, detail=detail),
        {"WWW-Authenticate": 'Bearer realm="yicang"'},
    )
