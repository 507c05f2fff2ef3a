"""The OpenAPI 3.1 document, generated from the structs that the API answers with."""

from typing import Any, Final

import msgspec
from msgspec import Struct

from contract.events import Public
from contract.schema import reached
from hub.api import enrolments, kiosk_releases, models, parts, routes

REFS: Final = "#/components/schemas/{name}"
PREFIX: Final = "/api/v1"

ANSWERS: Final = (
    models.Problem,
    models.ItemOut,
    models.StockOut,
    models.KiosksOut,
    models.UnnamedCodes,
    models.IncidentsOut,
    models.EventPage,
    models.HealthOut,
)


def document() -> dict[str, Any]:
    """The whole document as JSON values."""
    answers: tuple[type[Struct], ...] = (
        *ANSWERS,
        *enrolments.STRUCTS,
        *kiosk_releases.STRUCTS,
        *routes.structs(parts.ROUTES),
    )
    _, schemas = msgspec.json.schema_components((*answers, Public), ref_template=REFS)
    # To msgspec the received bytes are anything; to the reader they are an event's public part.
    schemas["EventOut"]["properties"]["public"] = {"$ref": REFS.format(name="Public")}
    # Every body is one of a closed list in this release, but later releases add types and fields.
    schemas["Public"]["properties"]["body"] = {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"type": "string"}},
        "description": "What happened; the contract's schemas tell each type's fields.",
    }
    named = reached((answer.__name__ for answer in answers), schemas)
    used = {name: schema for name, schema in schemas.items() if name in named}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Yicang Stop hub",
            "version": "1",
            "description": "Items, stock, kiosks, incidents and events of a hub. Times are Unix "
            "milliseconds. Fields may be added; none changes its meaning or goes.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": {**_paths(), **routes.paths(parts.ROUTES, PREFIX)},
        "components": {
            "schemas": used,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Made by `yicang hub token --role viewer`.",
                },
                "kiosk": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "A kiosk's own account at the broker.",
                },
            },
        },
    }


def _paths() -> dict[str, Any]:
    return {
        "/api/v1/items/{code}": _get(
            "item",
            "An item with its events",
            models.ItemOut,
            [
                {
                    "name": "code",
                    "in": "path",
                    "required": True,
                    "description": "The code of an item, or of a box that came in whole; "
                    "lower case, spaces and hyphens do not matter.",
                    "schema": {"type": "string"},
                }
            ],
            (400, 404),
        ),
        "/api/v1/stock": _get("stock", "Stock by stop and category", models.StockOut),
        "/api/v1/kiosks": _get("kiosks", "Every kiosk", models.KiosksOut),
        "/api/v1/codes-to-name": _get(
            "codesToName", "Retail codes that nobody has named yet", models.UnnamedCodes
        ),
        "/api/v1/incidents": _get(
            "incidents",
            "Open incidents, or closed ones",
            models.IncidentsOut,
            [_query("closed", {"type": "boolean", "default": False})],
            (400,),
        ),
        "/api/v1/events": _get(
            "events",
            "Events by position",
            models.EventPage,
            [
                _query("after", {"type": "integer", "minimum": 0, "default": 0}),
                _query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}),
            ],
            (400,),
        ),
        PREFIX + enrolments.ROUTE: enrolments.path(REFS),
        **kiosk_releases.paths(REFS),
        "/api/v1/openapi.json": {
            "get": {
                "operationId": "document",
                "summary": "This document",
                "security": [],
                "responses": {
                    "200": {
                        "description": "OpenAPI 3.1",
                        "content": {"application/json": {"schema": {"type": "object"}}},
                    }
                },
            }
        },
        "/healthz": {
            "get": {
                "operationId": "health",
                "summary": "Whether the hub does its work",
                "security": [],
                "responses": {
                    "200": _answer("It does", models.HealthOut),
                    "503": _problem("It does not, and why"),
                },
            }
        },
    }


def _get(
    name: str,
    summary: str,
    answer: type[Struct],
    parameters: list[dict[str, Any]] | None = None,
    problems: tuple[int, ...] = (),
) -> dict[str, Any]:
    told = {400: "A parameter cannot be used", 404: "No such thing"}
    responses = {"200": _answer(summary, answer), "401": _problem("No token, or an unknown one")}
    responses.update({str(status): _problem(told[status]) for status in problems})
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "parameters": parameters or [],
            "responses": dict(sorted(responses.items())),
        }
    }


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _answer(description: str, answer: type[Struct]) -> dict[str, Any]:
    schema = {"$ref": REFS.format(name=answer.__name__)}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": REFS.format(name=models.Problem.__name__)}
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": schema}},
    }
