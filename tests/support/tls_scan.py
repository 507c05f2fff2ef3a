"""What testssl.sh has to say of a TLS listener.

testssl.sh from Debian, rather than sslyze: that one holds `cryptography` back below 47, which
kiosks and hub run. It speaks old protocols by itself, whatever this machine's OpenSSL still knows.
"""

import json
import shutil
import socket
import ssl
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

INSTALL_LINE: Final = "sudo apt-get install --no-install-recommends testssl.sh"
SECTIONS: Final = ("-p", "-s", "-f", "-E", "-U")
"""Protocols, kinds of suites, forward secrecy, each suite, known attacks."""
DEADLINE_S: Final = 300

OLD: Final = ("SSLv2", "SSLv3", "TLS1", "TLS1_1")
NEW: Final = ("TLS1_2", "TLS1_3")
FINE: Final = frozenset({"OK", "INFO", "DEBUG"})
OF_THE_MACHINE: Final = frozenset({"engine_problem"})
"""What it says of the machine that it runs on."""

WEAK: Final = (
    "AES128-SHA",
    "AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-ECDSA-AES256-SHA",
)
"""Suites without forward secrecy, without authenticated encryption, or both."""


class Finding(NamedTuple):
    """``severity``: OK, INFO, or from LOW to CRITICAL."""

    severity: str
    text: str


class ScannerMissing(AssertionError):  # noqa: N818 - a test that needs it fails, not errors
    """The tests need testssl.sh; the text is the line to type."""


def scan(host: str, port: int, folder: Path) -> Mapping[str, Finding]:
    """All that testssl.sh found, by its ids. Takes about half a minute.

    Raises:
        ScannerMissing: it is not installed.
    """
    found = shutil.which("testssl") or shutil.which("testssl.sh")
    if found is None:
        raise ScannerMissing(f"testssl.sh is not installed. Type: {INSTALL_LINE}")
    report = folder / f"testssl-{port}.json"
    subprocess.run(
        [
            found,
            *("--quiet", "--color", "0", "--warnings", "off", "--nodns", "none"),
            *SECTIONS,
            *("--jsonfile", str(report), f"{host}:{port}"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=DEADLINE_S,
        check=False,  # its status counts what it found
    )
    rows = msgspec.convert(json.loads(report.read_text()), list[dict[str, str]])
    return {row["id"]: Finding(row["severity"], row["finding"]) for row in rows}


def require_sound(
    host: str, port: int, folder: Path, ignored: Collection[str] = frozenset()
) -> None:
    """A TLS listener takes TLS 1.2 and 1.3 and nothing older, only suites with forward secrecy and
    authenticated encryption, and knows no attack. ``ignored`` are ids whose finding does not matter
    here.

    Raises:
        AssertionError: with what was found.
    """
    found = scan(host, port, folder)
    for name in OLD:
        assert found[name].text.startswith("not offered"), f"{name}: {found[name].text}"
    for name in NEW:
        assert found[name].text.startswith("offered"), f"{name}: {found[name].text}"
    bad = {
        name: one
        for name, one in found.items()
        if one.severity not in FINE and name not in OF_THE_MACHINE | set(ignored)
    }
    assert not bad, str(bad)
    suites = [one.text for name, one in found.items() if name.startswith("cipher-tls")]
    assert suites
    weak = [
        text for text in suites if not ("ECDH" in text and ("AESGCM" in text or "ChaCha20" in text))
    ]
    assert not weak, str(weak)
    kinds = {name: one.text for name, one in found.items() if name.startswith("cipherlist_")}
    assert kinds.pop("cipherlist_STRONG") == "offered"
    assert set(kinds.values()) == {"not offered"}, str(kinds)


def handshake(host: str, port: int, authority: Path, *, suite: str = "") -> str | None:
    """The protocol that a handshake of TLS 1.2 with only this suite, or of any, ends in; None: it
    was refused. For what an everyday test can ask within milliseconds."""
    context = ssl.create_default_context(cafile=str(authority))
    if suite:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(f"{suite}:@SECLEVEL=0")
    with socket.create_connection((host, port), timeout=10) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=host) as line:
                return line.version()
        except (ssl.SSLError, ConnectionError):
            return None
