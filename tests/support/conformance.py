"""Whether a message is what the contract's JSON Schemas and topics say; independent of decoders.

Uses jsonschema on the generated schemas and the standard library's JSON, not msgspec, so that a
fault of the decoders does not hide itself.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator

from contract import asyncapi, batches, events, reference, schema, topics


class Conformance:
    """Judges messages; remembers lines that it has judged, since kiosks resend."""

    def __init__(self) -> None:
        self._validators = {
            name.removesuffix(".json"): Draft202012Validator(document)
            for name, document in schema.documents().items()
        }
        self._properties = Draft202012Validator(asyncapi.user_properties_schema())
        self._judged: dict[bytes, list[str]] = {}

    def problems(self, topic: str, payload: bytes, properties: Mapping[str, str]) -> list[str]:
        """What is wrong with a message, a line each; empty when nothing is."""
        parts = topic.split("/")
        match parts[2:] if "/".join(parts[:2]) == topics.ROOT else []:
            case ["hub", "status"]:
                return self._message("hub-status", payload)
            case ["reference", digest]:
                return self._reference(digest, payload)
            case [kiosk, "up", topics.EVENTS]:
                return list(self._batch(kiosk, payload, properties))
            case [_, "up", topics.STATUS]:
                return self._message("kiosk-status", payload)
            case [_, "up", name] if name in topics.UP:
                return self._message(name, payload)
            case [_, "down", name] if name in topics.DOWN:
                return self._message(name, payload)
        return ["a topic that the contract does not have"]

    def _reference(self, digest: str, payload: bytes) -> list[str]:
        if not payload:
            return []  # an empty payload takes retained reference data away
        if hashlib.sha256(payload).hexdigest() != digest:
            return ["reference data under another digest than its own"]
        try:
            fields = json.loads(payload)
        except (ValueError, RecursionError) as error:
            return [f"not JSON: {error}"]
        parts = set(reference.PARTS) & set(fields)
        if len(parts) != 1:
            return [f"a piece of {len(parts)} parts of the reference data"]
        return self.against(parts.pop(), fields)

    def _message(self, name: str, payload: bytes) -> list[str]:
        try:
            value = json.loads(payload)
        except (ValueError, RecursionError) as error:
            return [f"not JSON: {error}"]
        return self.against(name, value)

    def against(self, name: str, value: Any) -> list[str]:
        """What is wrong with decoded JSON by the schema ``name``."""
        return [
            f"{name}: {error.json_path} {error.message[:300]}"
            for error in self._validators[name].iter_errors(value)
        ]

    def _batch(self, kiosk: str, payload: bytes, properties: Mapping[str, str]) -> Iterator[str]:
        if len(payload) > batches.MAX_BATCH_BYTES:
            yield f"a batch of {len(payload)} bytes"
        for error in self._properties.iter_errors(dict(properties)):
            yield f"user properties: {error.json_path} {error.message[:300]}"
        first, *lines = payload.removesuffix(b"\n").split(b"\n")
        problems = self._message("batch-header", first)
        yield from problems
        if problems:
            return
        header = json.loads(first)
        for name, value in header.items():
            if properties.get(batches.PROPERTY_PREFIX + name) != str(value):
                yield f"user property of {name} differs from the header"
        if len(lines) != header["count"]:
            yield f"{len(lines)} lines for a header of {header['count']}"
        for seq, line in enumerate(lines, start=header["first"]):
            problems = self.line_problems(line)
            yield from problems
            if not problems:
                public = json.loads(line)["public"]
                place = (public["kiosk"], public["epoch"], public["seq"])
                if place != (kiosk, header["epoch"], seq):
                    yield f"an event of {place} at {(kiosk, header['epoch'], seq)}"

    def line_problems(self, line: bytes) -> list[str]:
        """What is wrong with one event line."""
        if line not in self._judged:
            self._judged[line] = self._judge(line)
        return self._judged[line]

    def _judge(self, line: bytes) -> list[str]:
        if len(line) > events.MAX_EVENT_BYTES:
            return [f"an event line of {len(line)} bytes"]
        return self._message("event", line)
