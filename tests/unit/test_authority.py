"""The private authority: what it signs, what it refuses, and what OpenSSL makes of it."""

import datetime as dt
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from provisioning.authority import (
    BEGINS,
    CERTIFICATE,
    KEY,
    Authority,
    AuthorityError,
    Issued,
    general_name,
    is_due,
    serial_of,
)

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("Yicang")


def request(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, name: str) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    digest = hashes.SHA256() if isinstance(key, ec.EllipticCurvePrivateKey) else None
    asked = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, digest)
    return asked.public_bytes(serialization.Encoding.PEM)


def keep(directory: Path, issued: Issued, name: str) -> tuple[Path, Path]:
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    certificate.write_bytes(issued.certificate)
    key.write_bytes(issued.key)
    return certificate, key


def shake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """Raises what the client makes of the server."""
    here, there = socket.socketpair()
    here.settimeout(10)
    there.settimeout(10)

    def serve() -> None:
        try:
            with server.wrap_socket(there, server_side=True) as line:
                line.recv(1)
        except OSError:
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(here, server_hostname=name) as line:
            line.send(b"x")
    finally:
        thread.join()


def test_a_kept_authority_opens_again_and_signs_as_before(
    authority: Authority, tmp_path: Path
) -> None:
    files = authority.files()
    (tmp_path / CERTIFICATE).write_bytes(files.certificate)
    (tmp_path / KEY).write_bytes(files.key)
    again = Authority.open(tmp_path)
    assert again.fingerprint == authority.fingerprint
    assert authority.signed(again.server(["hub.local"], NOW).certificate)


def test_a_key_of_another_authority_is_refused(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / CERTIFICATE).write_bytes(authority.pem)
    (tmp_path / KEY).write_bytes(Authority.create("other").files().key)
    with pytest.raises(AuthorityError, match="belong together"):
        Authority.open(tmp_path)
    (tmp_path / KEY).unlink()
    with pytest.raises(AuthorityError, match="cannot be read"):
        Authority.open(tmp_path)


@pytest.mark.parametrize("name", ["hub.local", "192.0.2.7", "2001:db8::7"])
def test_a_client_that_trusts_the_authority_reaches_the_server_by_each_of_its_names(
    authority: Authority, tmp_path: Path, name: str
) -> None:
    issued = authority.server(["hub.local", "192.0.2.7", "2001:db8::7"], NOW)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*keep(tmp_path, issued, "server"))
    client = ssl.create_default_context(cadata=authority.pem.decode())
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    shake(server, client, name)
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        shake(server, client, "hub.example")
    stranger = ssl.create_default_context(cadata=Authority.create("other").pem.decode())
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(server, stranger, name)


def test_the_brokers_certificate_begins_where_a_board_without_a_battery_may_be(
    authority: Authority,
) -> None:
    broker = x509.load_pem_x509_certificate(authority.server(["hub"], NOW).certificate)
    assert broker.not_valid_before_utc == BEGINS == authority.certificate.not_valid_before_utc


def test_a_telephone_takes_the_certificate_of_the_pages(authority: Authority) -> None:
    web = x509.load_pem_x509_certificate(authority.web(["hub"], NOW).certificate)
    assert web.not_valid_before_utc < NOW < web.not_valid_after_utc
    assert web.not_valid_after_utc - web.not_valid_before_utc <= dt.timedelta(days=825)


def test_a_kiosk_gets_the_name_that_the_hub_says_not_the_one_it_asks_for(
    authority: Authority,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    made = authority.client(request(key, "yicang-hub"), "stop-1-k1")
    held = x509.load_pem_x509_certificate(made)
    assert held.subject.rfc4514_string() == "CN=stop-1-k1"
    assert held.public_key() == key.public_key()
    assert authority.signed(made)


def test_a_request_that_is_none_or_has_another_kind_of_key_is_refused(
    authority: Authority,
) -> None:
    good = request(ec.generate_private_key(ec.SECP256R1()), "k")
    asked = x509.load_pem_x509_csr(good).public_bytes(serialization.Encoding.DER)
    forged = x509.load_der_x509_csr(asked[:-1] + bytes([asked[-1] ^ 1]))
    for bad in (
        b"",
        b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        request(ec.generate_private_key(ec.SECP384R1()), "k"),
        request(ed25519.Ed25519PrivateKey.generate(), "k"),
        forged.public_bytes(serialization.Encoding.PEM),
    ):
        with pytest.raises(AuthorityError):
            authority.client(bad, "stop-1-k1")


def test_a_revoked_kiosk_is_refused_by_openssl_and_the_others_are_not(
    authority: Authority, tmp_path: Path
) -> None:
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    made = [authority.client(request(key, "k"), f"stop-1-k{n}") for n, key in enumerate(keys)]
    trusted = tmp_path / "ca.pem"
    trusted.write_bytes(authority.pem + authority.revocations([serial_of(made[0])], NOW))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*keep(tmp_path, authority.server(["hub"], NOW), "server"))
    server.load_verify_locations(trusted)
    server.verify_mode = ssl.CERT_REQUIRED
    server.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    server.maximum_version = ssl.TLSVersion.TLSv1_2  # 1.3 tells a client only when it reads
    for number, (key, certificate) in enumerate(zip(keys, made, strict=True)):
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        client = ssl.create_default_context(cadata=authority.pem.decode())
        client.load_cert_chain(*keep(tmp_path, Issued(certificate, private), f"k{number}"))
        if number == 0:
            with pytest.raises(ssl.SSLError, match=r"(?i)revoked"):
                shake(server, client, "hub")
        else:
            shake(server, client, "hub")


def test_a_certificate_is_made_anew_before_it_ends_and_when_a_name_is_added(
    authority: Authority,
) -> None:
    held = authority.web(["hub.local", "192.0.2.7"], NOW).certificate
    assert not is_due(held, ["hub.local", "192.0.2.7"], NOW)
    assert not is_due(held, ["hub.local"], NOW)
    assert is_due(held, ["hub.local", "hub.example"], NOW)
    assert is_due(held, ["hub.local"], NOW + dt.timedelta(days=700))
    assert is_due(held, ["hub.local"], NOW - dt.timedelta(days=30))  # the clock was wrong then
    assert is_due(b"nothing", ["hub.local"], NOW)


@pytest.mark.parametrize("name", ["", "a b", "-hub", "hub-", "hub..local", "256.1.1.1", "hub:443"])
def test_what_is_no_name_of_a_server_is_refused(name: str) -> None:
    with pytest.raises(AuthorityError):
        general_name(name)
