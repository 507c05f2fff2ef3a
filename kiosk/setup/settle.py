"""What a kiosk needs to run, written from what the hub answered.

Identity and certificates first, the settings last: as long as ``kiosk.toml`` does not name the
kiosk, the next start goes on setting up, and writes the same again.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Final

from contract.enrolling import Enrolled
from contract.enrolment import Grant, Identity
from kiosk.durable import write_durably
from kiosk.identity import IdentityStore
from kiosk.setup.flow import Keys, Progress
from provisioning.render import Value, merge, toml

AUTHORITY: Final = "broker-ca.pem"
HUB_AUTHORITY: Final = "hub-ca.pem"
"""Whom the hub's pages are signed by, where that is not the broker's authority: releases come from
there."""
CERTIFICATE: Final = "broker-client.pem"
KEY: Final = "broker-client.key"
ENROLLED_KEYS: Final = frozenset(
    {
        "kiosk",
        "stop_zh",
        "stop_en",
        "hub_url",
        "mqtt_host",
        "mqtt_port",
        "mqtt_auth",
        "mqtt_tls_ca",
        "mqtt_tls_certificate",
        "mqtt_tls_key",
    }
)
"""Settings that only enrolment gives; language, time zone and voice may have been chosen before."""
COMMENT: Final = "义仓终端的设置 / Settings of a Yicang kiosk"


def settle(path: Path, state: Path, progress: Progress, *, voice: bool) -> None:
    """Writes the kiosk's files into ``state`` and its settings to ``path``; other settings that
    stand there keep their values. With ``voice`` a speaker was heard and stays switched on.

    Raises:
        OSError: the disk refuses; the kiosk is then not set up.
        ValueError: there is no answer of the hub to settle by.
    """
    enrolled, keys = progress.enrolled, progress.keys
    if enrolled is None or keys is None:
        raise ValueError("the hub has not answered yet")
    if enrolled.mqtt_ca:
        write_durably(state / AUTHORITY, enrolled.mqtt_ca.encode())
    if progress.authority not in ("", enrolled.mqtt_ca):
        write_durably(state / HUB_AUTHORITY, progress.authority.encode())
    _certificate(enrolled, keys, state)
    IdentityStore(state / "identity.json").save(identity(enrolled, keys))
    merge(path, settings(enrolled, state, voice=voice), COMMENT, keeps=_keeps)


def settle_certificate(path: Path, state: Path, progress: Progress) -> None:
    """Adds the certificate that the hub signed when the kiosk was confirmed; the identity, which a
    journal uses by now, stays as it is. Raises as `settle`."""
    enrolled, keys = progress.enrolled, progress.keys
    if enrolled is None or keys is None:
        raise ValueError("the hub has not answered yet")
    _certificate(enrolled, keys, state)
    merge(path, settings(enrolled, state, voice=False), COMMENT, keeps=_keeps)


def _certificate(enrolled: Enrolled, keys: Keys, state: Path) -> None:
    if enrolled.certificate:
        write_durably(state / KEY, keys.client_key.encode())
        write_durably(state / CERTIFICATE, enrolled.certificate.encode())


def identity(enrolled: Enrolled, keys: Keys) -> Identity:
    """The kiosk's identity document."""
    return Identity(
        kiosk=enrolled.kiosk,
        username=enrolled.kiosk,
        password=keys.password,
        prefixes=tuple(Grant(prefix) for prefix in enrolled.prefixes),
        signing_key=keys.signing_key,
        bundle_key=enrolled.bundle_key or None,
    )


def settings(enrolled: Enrolled, state: Path, *, voice: bool) -> dict[str, Value]:
    """What enrolment says about `kiosk.config.KioskConfig`."""
    values: dict[str, Value] = {
        "kiosk": enrolled.kiosk,
        "stop_zh": enrolled.stop_zh,
        "stop_en": enrolled.stop_en,
        "hub_url": enrolled.hub_url,
        "mqtt_host": enrolled.mqtt_host,
        "mqtt_port": enrolled.mqtt_port,
        "mqtt_auth": True,
        "language": enrolled.language,
        "timezone": enrolled.timezone,
    }
    if enrolled.mqtt_ca:
        values["mqtt_tls_ca"] = str(state / AUTHORITY)
    if enrolled.certificate:
        values["mqtt_tls_certificate"] = str(state / CERTIFICATE)
        values["mqtt_tls_key"] = str(state / KEY)
    if voice:
        values["speaker"] = {"languages": [enrolled.language]}
    return values


def unsettle(path: Path, keys: Collection[str]) -> None:
    """Takes settings away again; the others stay as they are.

    Raises:
        OSError: the disk refuses; the file is as it was.
    """
    there = tomllib.loads(path.read_text(encoding="utf-8"))
    rest = {key: value for key, value in there.items() if key not in keys}
    write_durably(path, toml(rest, COMMENT).encode(), mode=0o600)


def _keeps(key: str, _there: Value) -> bool:
    """What whoever prepared the card chose comes before what the hub proposes."""
    return key in ("language", "timezone", "speaker")
