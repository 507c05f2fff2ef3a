"""What is in a release, as a CycloneDX 1.6 document (ECMA-424), for whoever watches for faults.

Made by hand rather than with cyclonedx-python-lib: of the format's hundred kinds we need two, the
library would be one more thing that a release is made with, and its documents carry a random serial
number and the time of day unless told otherwise at each place. What that library is good at, the
tests use it for: they check this document against the official schema that it brings.
"""

import email
import email.message
import hashlib
import json
import re
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final

from provisioning.bootstrap.lock import Pin, canonical
from provisioning.release.commit import Commit

_SPACE: Final = uuid.UUID("6f1d2f52-5d0c-5c0e-9b57-0c8c1f1a7d43")
"""Our own name space: the same release has the same serial number (RFC 9562, version 5)."""
_TOO_LONG: Final = 60
"""Some packages put the licence's whole text where its name belongs."""


def metadata_of(wheel: bytes) -> email.message.Message:
    """The core metadata (PEP 566) in a wheel."""
    with zipfile.ZipFile(BytesIO(wheel)) as archive:
        (name,) = [n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n)]
        return email.message_from_bytes(archive.read(name))


def make(
    release: str, version: str, commit: Commit, wheels: Mapping[str, bytes], pins: Sequence[Pin]
) -> bytes:
    """The document, as JSON bytes: ``wheels`` by file name, ours among them; ``pins`` tell who
    wants whom."""
    known = {pin.name: pin for pin in pins}
    components, own = [], ""
    refs: dict[str, str] = {}
    for file, content in sorted(wheels.items()):
        metadata = metadata_of(content)
        name = canonical(str(metadata["Name"]))
        refs[name] = f"pkg:pypi/{name}@{metadata['Version']}"
        component = _component(refs[name], name, metadata, file, content)
        if name == "yicang-stop":
            own = refs[name]
        components.append(component)
    wanted: dict[str, set[str]] = {ref: set() for ref in refs.values()}
    for name, pin in known.items():
        for parent in pin.wanted_by & refs.keys():
            wanted[refs[parent]].add(refs[name])
    root = f"yicang-release:{release}"
    serial = uuid.uuid5(
        _SPACE, hashlib.sha256(f"{root}{sorted(refs.values())}".encode()).hexdigest()
    )
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(commit.made, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": "yicang-stop",
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "properties": [{"name": "yicang:commit", "value": commit.name}],
            },
        },
        "components": components,
        "dependencies": [
            {"ref": root, "dependsOn": [own]},
            *({"ref": ref, "dependsOn": sorted(wanted[ref])} for ref in sorted(wanted)),
        ],
    }
    return json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False).encode() + b"\n"


def _component(
    ref: str, name: str, metadata: email.message.Message, file: str, content: bytes
) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": ref,
        "name": name,
        "version": str(metadata["Version"]),
        "purl": ref,
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}],
        "properties": [{"name": "yicang:wheel", "value": file}],
    }
    licence = _licence(metadata)
    if licence:
        component["licenses"] = licence
    summary = str(metadata["Summary"] or "").strip()
    if summary and summary != "UNKNOWN":
        component["description"] = summary
    return component


def _licence(metadata: email.message.Message) -> list[dict[str, Any]]:
    """As the package itself says: an SPDX expression (PEP 639), or else names in its own words."""
    expression = str(metadata["License-Expression"] or "").strip()
    if expression:
        return [{"expression": expression}]
    told = [
        str(classifier).rpartition(" :: ")[2]
        for classifier in metadata.get_all("Classifier", [])
        if str(classifier).startswith("License :: ")
    ]
    said = str(metadata["License"] or "").strip()
    if not told and said and len(said) <= _TOO_LONG and "\n" not in said:
        told = [said]
    return [{"license": {"name": name}} for name in sorted(set(told))]
