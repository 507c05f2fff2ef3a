"""A machine that wants to become a kiosk, as the hub sees it: a key, a password, requests."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from contract import enrolling
from contract.enrolling import Enrolled, EnrolmentRequest
from contract.receipts import key_text
from hub.request import services
from provisioning.authority import Authority
from tests.support.hub_site import HubSite

HUB: Final = "https://hub.yicang.example:8443"


def with_tls(site: HubSite, directory: Path, *, certificates: bool = False) -> Authority:
    """The hub gets an address and an authority of its own, as `yicang provision hub` gives them,
    while its application goes on."""
    authority = Authority.create("test")
    directory.mkdir(parents=True, exist_ok=True)
    files = authority.files()
    (directory / "ca.pem").write_bytes(files.certificate)
    (directory / "ca.key").write_bytes(files.key)
    site.config = msgspec.structs.replace(
        site.config,
        public_url=HUB,
        authority_dir=str(directory),
        kiosk_certificates=certificates,
    )
    with site.app.app_context():
        there = services()
    site.app.extensions["yicang"] = msgspec.structs.replace(there, config=site.config)
    return authority


def verifier(password: str, *, salt: bytes = b"twelve bytes") -> str:
    """What the broker keeps of a password."""
    made = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101)
    return f"$7$101${base64.b64encode(salt).decode()}${base64.b64encode(made).decode()}"


class NewKiosk:
    """It has drawn its key and its password, and holds an invitation's code."""

    def __init__(self, code: str, seed: int = 1, *, certificate: bool = False) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.public_key = key_text(self.key.public_key().public_bytes_raw())
        self.request = EnrolmentRequest(
            code=code,
            public_key=self.public_key,
            verifier=verifier(f"password {seed}"),
            csr=signing_request() if certificate else "",
            software="0.5.0",
            serial="10000000abcdef01",
        )

    @property
    def digits(self) -> str:
        """What it prints."""
        return enrolling.digits(self.public_key, self.request.code)

    def ask(
        self, client: FlaskClient, *, body: bytes | None = None, address: str = "192.0.2.7"
    ) -> TestResponse:
        """Its request, or other bytes, signed with its key."""
        sent = enrolling.encode_request(self.request) if body is None else body
        return client.post(
            enrolling.ENROL_PATH,
            data=sent,
            headers=self.signed(sent),
            content_type="application/json",
            environ_overrides={"REMOTE_ADDR": address},
        )

    def signed(self, body: bytes) -> Mapping[str, str]:
        """The header with the signature over ``body``."""
        signature = self.key.sign(enrolling.signed_bytes(body))
        return {enrolling.SIGNATURE_HEADER: enrolling.signature_text(signature)}

    def enrolled(self, client: FlaskClient) -> Enrolled:
        """The hub's answer, which must be a yes."""
        answer = self.ask(client)
        assert answer.status_code == 200, answer.text
        return enrolling.decode_enrolled(answer.data)


def signing_request() -> str:
    """PEM, for a new P-256 key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "whatever it calls itself")])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


def problem(answer: TestResponse) -> tuple[int, Any]:
    """Status and type of a refusal."""
    assert answer.content_type == "application/problem+json"
    return answer.status_code, answer.get_json()["type"]
