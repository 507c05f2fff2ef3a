"""The private certificate authority of one hub.

Kiosks trust this authority and no other: its fingerprint travels to them in the invitation that
somebody scans, so that nobody needs a public name, an account at a certificate company or the
Internet. It signs the certificates of the broker and of the hub's pages, and, where kiosks show
certificates too, theirs.

* **P-256** throughout: what every TLS library of both Mosquitto generations, of phones and of
  browsers takes. (Ed25519 certificates are refused by most browsers.)
* **The authority and what kiosks see of the broker begin at 2020-01-01**, since a board without a
  battery may believe any day after that. It ends in 2070: a root that runs out takes the whole
  fleet with it, and nothing is won by an earlier end when whoever has its key can sign anew.
* **The certificate of the pages lasts 820 days**: iPhones refuse longer ones from any authority
  (support.apple.com/HT210176: 825 days). It is renewed months ahead by the hub's daily timer.
* The key stands in one file, ``ca.key``, 0600, of the service's own user. Signing needs it, so it
  is read when something is signed and kept nowhere else.
* A list of revoked certificates (CRL) is written into files on the broker's own machine, never
  fetched by anybody: so it never runs out, and a broker that has not been told does not lock out
  the fleet.
"""

import datetime as dt
import ipaddress
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

CERTIFICATE: Final = "ca.pem"
KEY: Final = "ca.key"

BEGINS: Final = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
ENDS: Final = dt.datetime(2070, 1, 1, tzinfo=dt.UTC)
SERVER_DAYS: Final = 3650
"""How long the broker's certificate, which only kiosks look at, is good for from its making."""
WEB_DAYS: Final = 820
RENEW_DAYS: Final = 180
"""A certificate with fewer days left than this is made anew."""

_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*"
)


class AuthorityError(ValueError):
    """What cannot be signed, or an authority that is none; the text is for people, zh / en."""


class Issued(Struct, frozen=True):
    """A certificate, PEM, with its private key, PEM (PKCS 8, not encrypted)."""

    certificate: bytes
    key: bytes


class Authority:
    """A certificate and its key. `create` makes one, `open` reads one."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.certificate: Final = certificate
        self._key: Final = key

    # --- files -----------------------------------------------------------------------------

    @classmethod
    def open(cls, directory: Path) -> Self:
        """The authority in ``directory``.

        Raises:
            AuthorityError: there is none, it cannot be read, or its files do not belong together.
        """
        try:
            certificate = x509.load_pem_x509_certificate((directory / CERTIFICATE).read_bytes())
            key = serialization.load_pem_private_key((directory / KEY).read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise AuthorityError(
                f"{directory}: 证书机构无法读取 / the authority cannot be read: {error}"
            ) from None
        if (
            not isinstance(key, ec.EllipticCurvePrivateKey)
            or key.public_key() != certificate.public_key()
        ):
            raise AuthorityError(
                f"{directory}: 密钥与证书不相配 / key and certificate do not belong together"
            )
        return cls(certificate, key)

    @classmethod
    def create(cls, name: str) -> Self:
        """A new authority in memory, with ``name`` as its common name; `files` are to be kept."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(BEGINS)
            .not_valid_after(ENDS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key)

    def files(self) -> Issued:
        """What ``ca.pem`` and ``ca.key`` hold."""
        return Issued(self.pem, _key_pem(self._key))

    @property
    def pem(self) -> bytes:
        """The authority's certificate: what everybody may have."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate's DER, 32 bytes."""
        return self.certificate.fingerprint(hashes.SHA256())

    # --- signing ---------------------------------------------------------------------------

    def server(
        self,
        names: Sequence[str],
        now: dt.datetime,
        *,
        days: int = SERVER_DAYS,
        begins: dt.datetime = BEGINS,
    ) -> Issued:
        """A certificate with a new key for a server that is reached by ``names``: host names and
        IP addresses, at least one.

        Raises:
            AuthorityError: no name, or one that is neither.
        """
        if not names:
            raise AuthorityError("至少要有一个主机名 / a server needs a name")
        key = ec.generate_private_key(ec.SECP256R1())
        alternative = x509.SubjectAlternativeName([general_name(name) for name in names])
        certificate = self._sign(
            key.public_key(),
            names[0],
            begins,
            now + dt.timedelta(days=days),
            ExtendedKeyUsageOID.SERVER_AUTH,
            alternative,
        )
        return Issued(_pem(certificate), _key_pem(key))

    def web(self, names: Sequence[str], now: dt.datetime) -> Issued:
        """The same for the hub's pages: short enough for telephones. Raises AuthorityError."""
        return self.server(names, now, days=WEB_DAYS - 1, begins=now - dt.timedelta(days=1))

    def client(self, request: bytes, name: str) -> bytes:
        """The certificate, PEM, of the kiosk ``name`` for the key in its signing request (PEM).

        Nothing but the key is taken from the request: what a kiosk calls itself is the hub's word.

        Raises:
            AuthorityError: no request, not signed by its own key, or no P-256 key.
        """
        try:
            asked = x509.load_pem_x509_csr(request)
            public = asked.public_key()
            sound = asked.is_signature_valid
        except (ValueError, TypeError, InvalidSignature) as error:
            raise AuthorityError(
                f"证书请求无法读取 / the signing request cannot be read: {error}"
            ) from None
        if not sound:
            raise AuthorityError(
                "证书请求的签名不对 / the signing request is not signed by its own key"
            )
        if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != "secp256r1":
            raise AuthorityError("密钥应为 P-256 / the key is to be P-256")
        return _pem(self._sign(public, name, BEGINS, ENDS, ExtendedKeyUsageOID.CLIENT_AUTH, None))

    def revocations(self, serials: Iterable[int], now: dt.datetime) -> bytes:
        """The list, PEM, of revoked certificates by their serial numbers (`serial_of`); also of
        none. It never runs out."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(BEGINS)
            .next_update(ENDS)
            .add_extension(_authority_key(self.certificate), critical=False)
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        )
        for serial in sorted(set(serials)):
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
            )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def signed(self, certificate: bytes) -> bool:
        """Whether this authority signed ``certificate``, PEM; dates are not looked at."""
        try:
            x509.load_pem_x509_certificate(certificate).verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def _sign(
        self,
        public: ec.EllipticCurvePublicKey,
        name: str,
        begins: dt.datetime,
        ends: dt.datetime,
        use: x509.ObjectIdentifier,
        alternative: x509.SubjectAlternativeName | None,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])]))
            .issuer_name(self.certificate.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(min(ends, ENDS))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(_authority_key(self.certificate), critical=False)
        )
        if alternative is not None:
            builder = builder.add_extension(alternative, critical=False)
        return builder.sign(self._key, hashes.SHA256())


# --- looking at certificates -------------------------------------------------------------------


def serial_of(certificate: bytes) -> int:
    """The serial number of a certificate, PEM. Raises ValueError: it is none."""
    return x509.load_pem_x509_certificate(certificate).serial_number


def is_due(certificate: bytes, names: Sequence[str], now: dt.datetime) -> bool:
    """Whether a server's certificate, PEM, is to be made anew: it runs out within `RENEW_DAYS`,
    has not begun, lacks one of ``names``, or is no certificate at all."""
    try:
        held = x509.load_pem_x509_certificate(certificate)
        said = held.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return True
    over = held.not_valid_after_utc - now < dt.timedelta(days=RENEW_DAYS)
    early = held.not_valid_before_utc > now
    return over or early or any(general_name(name) not in said for name in names)


def general_name(name: str) -> x509.GeneralName:
    """A host name or an IP address (brackets allowed) as certificates say it.

    Raises:
        AuthorityError: it is neither.
    """
    bare = name.removeprefix("[").removesuffix("]")
    try:
        return x509.IPAddress(ipaddress.ip_address(bare))
    except ValueError:
        pass
    if not _HOST.fullmatch(name) or name.replace(".", "").isdigit():
        raise AuthorityError(
            f"{name}: 不是主机名，也不是 IP 地址 / is neither a host name nor an IP address"
        )
    return x509.DNSName(name.lower())


def _authority_key(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    held = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(held.value)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
