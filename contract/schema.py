"""JSON Schema 2020-12 of every message, generated from the structs that read and write them.

The structs are the source; the files under ``docs/schema`` are what they say, for readers and
writers in other languages. ``python -m contract docs`` writes them together with the
AsyncAPI document; a test fails when they differ from what the code generates.

Unknown fields are allowed everywhere: evolution is additive.
"""

import inspect
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias, get_args

import msgspec
from msgspec import Struct

from contract import batches, configuration, enrolling, events, messages, reference

Schema: TypeAlias = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

MESSAGES: Final[Mapping[str, type[Struct]]] = {
    "hello": messages.Hello,
    "welcome": messages.Welcome,
    "ack": messages.Ack,
    "kiosk-status": messages.KioskStatus,
    "hub-status": messages.HubStatus,
    "health": messages.Health,
    "command": messages.Command,
    "reply": messages.Reply,
    "configuration": configuration.Configuration,
    "enrolment-request": enrolling.EnrolmentRequest,
    "enrolled": enrolling.Enrolled,
    **reference.PARTS,
    "batch-header": batches.Header,
    "event": events.Line,
}
"""Every message, and the two kinds of line in a batch, by the name of its schema file."""

BODIES: Final[Mapping[str, type[Struct]]] = {
    str(body.__struct_config__.tag): body for body in get_args(events.Body)
}
"""Every event body by its type."""


def components(ref_template: str = "#/$defs/{name}") -> dict[str, Schema]:
    """The schema of every struct by its name, structs that others hold included.

    ``ref_template`` says how one refers to another.
    """
    roots = [*MESSAGES.values(), events.Public, events.Private]
    _, found = msgspec.json.schema_components(roots, ref_template=ref_template)
    schemas = {name: _tidy(schema) for name, schema in found.items()}
    # The struct keeps both parts as bytes, which are what is hashed; on the wire they are these.
    parts = schemas[events.Line.__name__]["properties"]
    for name, struct in (("public", events.Public), ("private", events.Private)):
        parts[name] = {"$ref": ref_template.format(name=struct.__name__)}
    return schemas


def _tidy(schema: Any) -> Any:
    """Docstrings without their indentation; no ``discriminator``, which is OpenAPI's word."""
    if isinstance(schema, list):
        return [_tidy(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    tidied = {key: _tidy(part) for key, part in schema.items() if key != "discriminator"}
    if isinstance(tidied.get("pattern"), str):
        # In ECMA 262, whose patterns JSON Schema uses, ``$`` is the end and nothing else; several
        # languages' engines know no look-ahead.
        tidied["pattern"] = tidied["pattern"].removesuffix(events.NO_LINE_BREAK_AFTER)
    if isinstance(tidied.get("description"), str):
        tidied["description"] = inspect.cleandoc(tidied["description"])
    return tidied


def documents() -> dict[str, Schema]:
    """Self-contained schemas by file name below ``schema/``: messages and ``body/<type>``."""
    defs = components()
    roots = {**MESSAGES, **{f"body/{tag}": body for tag, body in BODIES.items()}}
    return {f"{name}.json": _document(name, struct, defs) for name, struct in roots.items()}


def _document(name: str, struct: type[Struct], defs: Mapping[str, Schema]) -> Schema:
    root = struct.__name__
    held = sorted(reached([root], defs) - {root})
    document: Schema = {
        "$schema": DIALECT,
        "$id": f"urn:yicang:{events.VERSION}:{name.replace('/', ':')}",
        **defs[root],
    }
    if held:
        document["$defs"] = {other: defs[other] for other in held}
    return document


def reached(roots: Iterable[str], defs: Mapping[str, Schema]) -> set[str]:
    """The names of these structs and of all that they refer to, by however many steps."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_references(defs[name]))
    return found


def _references(schema: Any) -> list[str]:
    """The names of the structs that a schema refers to."""
    if isinstance(schema, list):
        return [name for part in schema for name in _references(part)]
    if not isinstance(schema, dict):
        return []
    here = [schema["$ref"].rpartition("/")[2]] if "$ref" in schema else []
    return here + [name for part in schema.values() for name in _references(part)]


def render(document: Schema) -> str:
    """A document as the text of its file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
