"""One description of a route: from it come the route itself and its part of the OpenAPI document.

A part of the API is a list of `Route`s. What a request may hold are structs: the query's fields are
its parameters, the body is decoded and checked as a whole, and whatever does not fit is a 400 that
names the field. A field that a body does not know is refused as well: one that was misspelt must
not be taken for one that was left out (``seen``, which holds off overwriting others). Writing goes
through the same functions as the pages do. A request that changes something may carry
``Idempotency-Key``, a UUID: the same one again changes nothing and gets the same answer. (An event
knows its key by itself, so that not even a power cut between the change and its answer doubles
anything.)
"""

import contextlib
import hashlib
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Final, TypeVar, cast, get_args

import msgspec
from flask import Blueprint, Response, abort, request
from msgspec import Struct

from contract.fields import RequestId
from hub.access.permissions import Permission
from hub.access.users import User
from hub.api import models, problems, replies
from hub.api.models import Problem
from hub.api.problems import BadParameter
from hub.log.recording import API, Actor, Conflict, RequestReusedError
from hub.request import connection, now_ms, services
from hub.web import uploads
from hub.web.login import Denied, require

T = TypeVar("T")

REFS: Final = "#/components/schemas/{name}"
KEY: Final = "Idempotency-Key"
_TOLD: Final = {
    400: "Something in the request cannot be used",
    401: "No token, or an unknown one",
    403: "The token's role or scope does not reach this",
    404: "No such thing",
    409: "Things are not as the request takes them to be",
    413: "The request is too long",
    415: "The body is of another kind",
    422: "This idempotency key was used for another request",
}
_TOLD_ONCE: Final = b""
"""Kept instead of an answer that holds a secret."""
_PATH: Final = re.compile(r"\{(\w+)\}")


class Nothing(Struct, frozen=True):
    """No parameters."""


PIECE: Final = 256 * 1024


@dataclass(frozen=True)
class SentFile:
    """A body that is a file, at its beginning, and its digest."""

    file: IO[bytes]
    sha256: str


@dataclass(frozen=True)
class Call:
    """A request that was understood. ``key`` is its idempotency key."""

    user: User
    path: Mapping[str, str]
    query: Any
    body: Any
    key: str | None
    now_ms: int

    @property
    def actor(self) -> Actor:
        """Who does it, for events."""
        return Actor(self.user.id, API)

    def reach(self, stop: str, permission: Permission) -> None:
        """Raises `Denied` for a stop beyond the token's scope; "" is within one of all stops."""
        if not self.user.sees(stop):
            raise Denied(permission, stop)

    def asked(self, kind: type[T]) -> T:
        """The query."""
        assert isinstance(self.query, kind)
        return self.query

    def sent(self, kind: type[T]) -> T:
        """The body."""
        assert isinstance(self.body, kind)
        return self.body


@dataclass(frozen=True, kw_only=True)
class Route:
    """One route: ``path`` is below ``/api/v1`` with ``{name}`` for its arguments, which ``act``
    gets as text. ``act`` answers with an ``answer``. ``refusals`` are errors of ours that it may
    raise, each a status with its text; 404 and the like it raises by `flask.abort`, named in
    ``problems``. A ``secret`` answer is told once and kept nowhere: its key again is a 409. A route
    with ``file_bytes`` takes a file of so many bytes at most as its body, and gets a `SentFile`.
    """

    method: str
    path: str
    name: str
    summary: str
    permission: Permission
    act: Callable[[Call], Any]
    answer: type[Struct]
    query: type[Struct] = Nothing
    body: type[Struct] | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[int] = ()
    refusals: Mapping[type[Exception], int] = field(default_factory=dict)
    secret: bool = False
    file_bytes: int = 0

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET"

    @property
    def statuses(self) -> list[int]:
        """Every status that it may answer with, besides 200."""
        found = {401, 403, *self.problems, *self.refusals.values()}
        if self.query is not Nothing or self.body is not None or self.writes:
            found.add(400)
        if self.writes:
            found |= {409, 413, 415, 422}
        return sorted(found)


# --- from a request to an answer ------------------------------------------------------------------


def register(blueprint: Blueprint, routes: Sequence[Route]) -> None:
    """Serve ``routes``."""
    for route in routes:
        rule = _PATH.sub(r"<\1>", route.path)
        blueprint.add_url_rule(
            rule, endpoint=route.name, view_func=_view(route), methods=[route.method]
        )


def _view(route: Route) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        user = require(route.permission)
        with contextlib.ExitStack() as held:
            body: Any = _body(route.body) if route.body is not None else None
            if route.file_bytes:
                body = _sent_file(held)
            call = Call(
                user=user,
                path=path,
                query=_query(route.query),
                body=body,
                key=_key() if route.writes else None,
                now_ms=now_ms(),
            )
            return answer(call)

    def answer(call: Call) -> Response:
        user = call.user
        asked = _asked(call.body)
        try:
            given = replies.given(connection(), user.id, call.key, asked)
            if given == _TOLD_ONCE:
                return _refusal(409, "This was done. What it told is told once, and not kept.")
            if given is not None:
                return _json(given)
            content = msgspec.json.encode(route.act(call))
        except Conflict as error:
            return _conflict(error)
        except RequestReusedError:
            return _refusal(422, "This idempotency key was used for another request.")
        except tuple(route.refusals) as error:
            statuses = (route.refusals[kind] for kind in route.refusals if isinstance(error, kind))
            return _refusal(next(statuses), str(error))
        if call.key is not None:
            kept = _TOLD_ONCE if route.secret else content
            services().writer.call(
                lambda writing: replies.keep(writing, user.id, call.key, asked, kept, call.now_ms)
            )
        return _json(content)

    return uploads.takes_file(route.file_bytes)(view) if route.file_bytes else view


def _asked(body: Any) -> str:
    """What was asked, for telling whether a key comes with the same again."""
    sent = body.sha256.encode() if isinstance(body, SentFile) else request.get_data()
    parts = (request.method.encode(), request.full_path.encode(), sent)
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _sent_file(held: contextlib.ExitStack) -> SentFile:
    """The body, on disk for as long as the request is."""
    if request.mimetype != "application/octet-stream":
        abort(415, "The body must be the file, with Content-Type: application/octet-stream.")
    made = tempfile.SpooledTemporaryFile(PIECE, dir=uploads.room())  # noqa: SIM115  # it is one
    file = held.enter_context(made)
    digest = hashlib.sha256()
    while piece := request.stream.read(PIECE):
        digest.update(piece)
        file.write(piece)
    file.seek(0)
    return SentFile(cast("IO[bytes]", file), digest.hexdigest())


def _json(content: bytes) -> Response:
    response = Response(content, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _refusal(status: int, detail: str) -> Response:
    return problems.answer(Problem(title=_TOLD[status], status=status, detail=detail))


def _conflict(error: Conflict) -> Response:
    return problems.answer(
        Problem(
            title="Conflict",
            status=409,
            detail=f"Something happened to {error.subject} since position that you saw; "
            f"it is at {error.position} now.",
            parameter=error.subject,
            reasons=list(error.events),
        )
    )


def _query(kind: type[Struct]) -> Struct:
    given = {
        name: request.args[name] for name in kind.__struct_encode_fields__ if name in request.args
    }
    if any("\0" in value for value in given.values()):
        raise BadParameter("query", "no NUL characters")
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _bad(error, "query") from None


_NUL: Final = rb"\u0000"
"""A NUL as JSON writes it, which PostgreSQL keeps in no text."""


def _body(kind: type[Struct]) -> Struct:
    if request.mimetype != "application/json":
        abort(415, "The body must be JSON, with Content-Type: application/json.")
    sent = request.get_data()
    if _NUL in sent:
        raise BadParameter("body", "no NUL characters")
    try:
        return msgspec.json.decode(sent, type=kind)
    except msgspec.ValidationError as error:
        raise _bad(error, "body") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadParameter("body", "not JSON") from None


_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)


def _bad(error: msgspec.ValidationError, what: str) -> BadParameter:
    """msgspec says "… - at `$.items[0]`": the field is the caller's, the rest is for them."""
    text = str(error)
    said, _, where = text.partition(" - at `$")
    at = where.rstrip("`").lstrip(".")
    unknown = _UNKNOWN.fullmatch(said)
    if unknown is not None:
        return BadParameter(f"{at}.{unknown[1]}" if at else unknown[1], "there is no such field")
    return BadParameter(at or what, said)


def _key() -> str | None:
    key = request.headers.get(KEY)
    if key is None:
        return None
    try:
        return msgspec.convert(key.lower(), RequestId)
    except msgspec.ValidationError:
        raise BadParameter(KEY, "a UUID in lower case") from None


# --- the document ---------------------------------------------------------------------------------


def structs(routes: Sequence[Route]) -> list[type[Struct]]:
    """Every struct that these routes take or give."""
    found: list[type[Struct]] = [models.Problem]
    for route in routes:
        found += [route.answer, route.query, *([route.body] if route.body is not None else [])]
    return [kind for kind in dict.fromkeys(found) if kind is not Nothing]


def paths(routes: Sequence[Route], prefix: str) -> dict[str, Any]:
    """The routes' part of ``paths`` in the document."""
    found: dict[str, Any] = {}
    for route in routes:
        found.setdefault(prefix + route.path, {})[route.method.lower()] = _operation(route)
    return found


def _operation(route: Route) -> dict[str, Any]:
    responses = {"200": _content(route.summary, route.answer, "application/json")}
    for status in route.statuses:
        problem = _content(_TOLD[status], models.Problem, problems.MEDIA_TYPE)
        responses[str(status)] = problem
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": f"Needs the permission `{route.permission.value}`.",
        "parameters": [*_arguments(route), *_parameters(route.query), *_keys(route)],
        "responses": responses,
    }
    if route.body is not None:
        schema = {"$ref": REFS.format(name=route.body.__name__)}
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    if route.file_bytes:
        binary = {"type": "string", "format": "binary", "maxLength": route.file_bytes}
        operation["requestBody"] = {
            "required": True,
            "content": {"application/octet-stream": {"schema": binary}},
        }
    return operation


def _arguments(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": route.arguments.get(name, ""),
            "schema": {"type": "string"},
        }
        for name in _PATH.findall(route.path)
    ]


def _parameters(query: type[Struct]) -> list[dict[str, Any]]:
    if query is Nothing:
        return []
    _, schemas = msgspec.json.schema_components((query,), ref_template=REFS)
    schema = schemas[query.__name__]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _plain(one)}
        for name, one in schema["properties"].items()
    ]


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is not given is not there: null is no value of it."""
    kinds = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    if len(kinds) == 1:
        return dict(kinds[0])
    return schema


def _keys(route: Route) -> list[dict[str, Any]]:
    if not route.writes:
        return []
    [pattern] = [meta.pattern for meta in get_args(RequestId)[1:]]
    return [
        {
            "name": KEY,
            "in": "header",
            "required": False,
            "description": "The same UUID again changes nothing and gets the same answer.",
            "schema": {"type": "string", "format": "uuid", "pattern": pattern},
        }
    ]


def _content(description: str, kind: type[Struct], media: str) -> dict[str, Any]:
    schema = {"$ref": REFS.format(name=kind.__name__)}
    return {"description": description, "content": {media: {"schema": schema}}}
