"""Talking to the hub that an invitation names, at the edge: TLS, HTTP, keys.

* The authority's certificate is fetched without any check, and believed only if it bears the
  invitation's pin. Nothing of ours has been sent by then.
* From then on the hub's certificate must come from that authority and bear the hub's name. Dates
  are held against a time that was learnt, never against a clock that nobody has set (`kiosk.tls`).
* Neither the code nor the password is ever logged; what goes out is the password's hash.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import logging
import ssl
import tempfile
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from contract import enrolling, receipts
from contract.enrolling import (
    AUTHORITY_PATH,
    ENROL_PATH,
    SIGNATURE_HEADER,
    Enrolled,
    EnrolmentRequest,
    Invitation,
    Refusal,
)
from kiosk.clock import LearntClock
from kiosk.setup.flow import Keys, Problem
from kiosk.tls import pinned_context

log = logging.getLogger(__name__)

TIMEOUT_S: Final = 15.0
MAX_ANSWER: Final = 64 * 1024
ROUNDS: Final = 101
"""PBKDF2 rounds of Mosquitto's own password files; the password is 192 random bits, which no
number of rounds would make safer."""
SALT_BYTES: Final = 12
PASSWORD_BYTES: Final = 24


class HubError(Exception):
    """The hub did not do what was asked; ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem: Final[Problem] = problem


def make_keys(random: bytes) -> Keys:
    """A new kiosk's keys and password, from ``PASSWORD_BYTES + SALT_BYTES`` random bytes and the
    library's own source."""
    password = base64.urlsafe_b64encode(random[:PASSWORD_BYTES]).decode()
    salt = random[PASSWORD_BYTES : PASSWORD_BYTES + SALT_BYTES]
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    verifier = f"$7${ROUNDS}${_base64(salt)}${_base64(digest)}"
    private = Ed25519PrivateKey.generate()
    client = ec.generate_private_key(ec.SECP256R1())
    asked = x509.CertificateSigningRequestBuilder().subject_name(
        # The hub names the kiosk, and puts that name into the certificate.
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "yicang-kiosk")])
    )
    return Keys(
        signing_key=private.private_bytes_raw().hex(),
        public_key=receipts.key_text(private.public_key().public_bytes_raw()),
        password=password,
        verifier=verifier,
        client_key=client.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        csr=asked.sign(client, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode(),
    )


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


class HubClient:
    """Requests to the hub of an invitation. Calls block for `TIMEOUT_S` at most each way."""

    def __init__(
        self,
        clock: LearntClock,
        *,
        software: str = "",
        serial: str = "",
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._clock: Final = clock
        self._software: Final = software[:64]
        self._serial: Final = serial[:64]
        self._timeout_s: Final = timeout_s

    def authority(self, invitation: Invitation) -> str:
        """The certificate (PEM) behind the hub's, which bears the invitation's pin.

        Raises:
            HubError: ``unreachable``, ``foreign``, or ``hub-error``.
        """
        unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unchecked.check_hostname = False
        unchecked.verify_mode = ssl.CERT_NONE
        status, body = self._request(invitation, unchecked, "GET", AUTHORITY_PATH)
        try:
            found = x509.load_pem_x509_certificates(body) if status == 200 else []
        except ValueError:
            found = []
        if not found:
            # Something answers that is no hub of ours: another web server, a hotel's sign-in page.
            raise HubError("foreign" if status < 500 else "hub-error")
        for certificate in found:
            if (
                enrolling.pin(certificate.public_bytes(serialization.Encoding.DER))
                == invitation.pin
            ):
                return certificate.public_bytes(serialization.Encoding.PEM).decode()
        raise HubError("foreign")

    def enrol(self, invitation: Invitation, authority: str, keys: Keys) -> Enrolled:
        """Asks to belong to the hub; the same keys are answered the same, however often.

        Raises:
            HubError: as above, or a `contract.enrolling.Refusal`.
        """
        request = EnrolmentRequest(
            code=invitation.code,
            public_key=keys.public_key,
            verifier=keys.verifier,
            csr=keys.csr,
            software=self._software,
            serial=self._serial,
        )
        body = enrolling.encode_request(request)
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(keys.signing_key))
        signature = enrolling.signature_text(private.sign(enrolling.signed_bytes(body)))
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: signature}
        try:
            trusting = self._trusting(authority)
        except OSError as error:  # no room for a temporary file, or no certificate in it
            log.warning("the hub's authority cannot be used: %s", error.strerror)
            raise HubError("hub-error") from None
        status, answer = self._request(invitation, trusting, "POST", ENROL_PATH, body, headers)
        if status != 200:
            raise HubError(_refusal(answer))
        try:
            return enrolling.decode_enrolled(answer)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise HubError("hub-error") from None

    def _trusting(self, authority: str) -> ssl.SSLContext:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "authority.pem"
            file.write_text(authority, encoding="ascii")
            return pinned_context(file, self._clock)

    def _request(
        self,
        invitation: Invitation,
        context: ssl.SSLContext,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, bytes]:
        host = invitation.host.lower().strip("[]")
        connection = http.client.HTTPSConnection(
            host, invitation.port, timeout=self._timeout_s, context=context
        )
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read(MAX_ANSWER)
        except ssl.SSLCertVerificationError:
            raise HubError("foreign") from None
        except (OSError, http.client.HTTPException, UnicodeError):  # the last: of no name's form
            raise HubError("unreachable") from None
        finally:
            connection.close()


def _refusal(answer: bytes) -> Problem:
    """The hub's reason, by the last word of the ``type`` of its problem (RFC 9457)."""
    try:
        word = str(msgspec.json.decode(answer, type=dict[str, object]).get("type", ""))
        return Refusal(word.rstrip("/").rpartition("/")[2])
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        return "hub-error"


def board_serial(path: Path = Path("/proc/device-tree/serial-number")) -> str:
    """The serial number that the board was made with; "" where it has none."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip("\0\n ")
    except OSError:
        return ""
