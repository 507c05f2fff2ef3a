"""The support bundle: what somebody who is to help needs to know of a kiosk, in one ZIP file.

In it are logs, health, versions, settings without secrets, devices, and how the journal's database
is: whether it is whole, and how much it holds. Never an event, a code, or the identity.
"""

import io
import json
import platform
import sqlite3
import sys
import tomllib
import zipfile
from collections.abc import Collection, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from contract.messages import MAX_BUNDLE_BYTES
from kiosk.tasks.own_log import last_lines
from kiosk.tasks.scrub import GONE, scrub

LIBRARIES: Final = (
    "yicang-stop",
    "msgspec",
    "paho-mqtt",
    "cryptography",
    "python-escpos",
    "pillow",
)
LOG_LINES: Final = 2_000
_SECRET: Final = ("password", "secret", "token", "key", "wifi", "ssid", "psk")


def bundle(
    state: Path,
    settings: Path | None,
    health: Mapping[str, Any],
    journal: Mapping[str, Any],
    secrets: Collection[str],
) -> bytes:
    """The ZIP file, at most `MAX_BUNDLE_BYTES`: of a long log the newest lines. Raises OSError."""
    lines = last_lines(state, LOG_LINES, secrets)
    while True:
        parts = {
            "log.jsonl": "".join(f"{line}\n" for line in lines),
            "health.json": _json(_scrubbed(health, secrets)),
            "versions.json": _json(versions()),
            "settings.json": _json(_scrubbed(_settings(settings), secrets)),
            "journal.json": _json(journal),
        }
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, text in parts.items():
                packed.writestr(name, text)
        if content.tell() <= MAX_BUNDLE_BYTES or not lines:
            return content.getvalue()
        lines = lines[len(lines) // 2 + 1 :]


def versions() -> dict[str, str]:
    """Of this release, its libraries, Python and the machine."""
    found = {"python": sys.version.split()[0], "sqlite": sqlite3.sqlite_version}
    found |= {"machine": platform.machine(), "system": platform.release()}
    for library in LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            found[library] = "-"
    return found


def _settings(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return {"unreadable": type(error).__name__}
    return _redacted(document)


def _redacted(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _redacted(value)
        if isinstance(value, dict)
        else GONE
        if any(word in key.lower() for word in _SECRET)
        else value
        for key, value in document.items()
    }


def _scrubbed(value: Any, secrets: Collection[str]) -> Any:
    """Every text in it; a version of 64 hex digits becomes what any hash becomes."""
    match value:
        case str():
            return scrub(value, secrets)
        case dict():
            return {key: _scrubbed(one, secrets) for key, one in value.items()}
        case list() | tuple():
            return [_scrubbed(one, secrets) for one in value]
    return value


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, default=str) + "\n"
