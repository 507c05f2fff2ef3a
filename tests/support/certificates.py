"""A certificate authority of the test's own, and certificates for brokers on this machine."""

import datetime as dt
import ipaddress
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOCALHOST: Final = "127.0.0.1"
FROM: Final = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
UNTIL: Final = dt.datetime(2045, 1, 1, tzinfo=dt.UTC)
SIGNS_CERTIFICATES: Final = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
"""With the key identifiers what RFC 5280 asks for, and Python's own check from 3.13 on."""


class Authority:
    """One authority; `file` is what kiosks pin. One with an ``issuer`` was signed by that."""

    def __init__(
        self, directory: Path, name: str = "authority", issuer: "Authority | None" = None
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory: Final = directory
        self._key: Final = ec.generate_private_key(ec.SECP256R1())
        self._name: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        by = issuer or self
        certificate = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(by._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(FROM)
            .not_valid_after(UNTIL)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(SIGNS_CERTIFICATES, critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(by._key.public_key()),
                critical=False,
            )
            .sign(by._key, hashes.SHA256())
        )
        self._chain: Final = (
            certificate.public_bytes(serialization.Encoding.PEM) if issuer is not None else b""
        )
        self.file: Final = directory / f"{name}.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def broker(
        self,
        address: str = LOCALHOST,
        *,
        first: dt.datetime = FROM,
        last: dt.datetime = UNTIL,
    ) -> tuple[Path, Path]:
        """Certificate and key files of a broker at this IP address; the certificate of an authority
        that another one signed comes behind its own, as those who sell them hand them out."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
        alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(first)
            .not_valid_after(last)
            .add_extension(alternative, critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        number = certificate.serial_number
        paths = self._directory / f"{number}.crt", self._directory / f"{number}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + self._chain)
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return paths


def tls_listener(port: int, authority: Authority, files: tuple[Path, Path]) -> tuple[str, ...]:
    """Lines of Mosquitto's configuration for one more listener, which speaks TLS."""
    return (
        f"listener {port} {LOCALHOST}",
        f"cafile {authority.file}",
        f"certfile {files[0]}",
        f"keyfile {files[1]}",
    )
