"""What a new kiosk is told of this hub: where its pages and its broker are, and whom to trust.

All of it comes from ``hub.toml`` and the authority's files; nothing of a request is believed.
"""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import Struct

from contract import enrolling
from contract.enrolling import Invitation, InvitationError
from hub.config import HubConfig
from hub.fleet import bundle_key
from hub.fleet.bundle_key import BundleKeyError
from provisioning.authority import CERTIFICATE, Authority

_HTTPS: Final = 443


class NotReachableError(ValueError):
    """Kiosks cannot be added over the network as this hub is set up; ``why`` is ``no-address``
    (public_url does not begin with https://), ``no-authority`` (none whose certificate a kiosk
    could pin) or ``no-bundle-key`` (what a stick carries could not be opened)."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why: Final = why


class Reach(Struct, frozen=True):
    """Where this hub is. ``host`` is as invitations write it, ``mqtt_ca`` PEM; ``authority_dir``
    is that of the authority which signs kiosks' certificates, "" where they have none."""

    url: str
    host: str
    port: int
    pin: str
    mqtt_host: str
    mqtt_port: int
    mqtt_ca: str
    timezone: str
    bundle_key: str
    authority_dir: str = ""

    def invitation(self, code: str) -> Invitation:
        """What somebody scans to come here."""
        return Invitation(code, self.pin, self.host, self.port)

    def certificate(self, csr: str, kiosk: str) -> str:
        """A certificate, PEM, for the key in ``csr``; "" where kiosks have none, or it asks for
        none.

        Raises:
            provisioning.authority.AuthorityError: no request that can be signed, or no authority.
        """
        if not self.authority_dir or not csr:
            return ""
        return Authority.open(Path(self.authority_dir)).client(csr.encode(), kiosk).decode()


def reach(config: HubConfig) -> Reach:
    """Reads the authority's certificate.

    Raises:
        NotReachableError: see there.
    """
    url = urlsplit(config.public_url)
    try:
        port = url.port or _HTTPS
    except ValueError:
        port = 0
    if url.scheme != "https" or not url.hostname or not port:
        raise NotReachableError("no-address")
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    pages = _read(_pages_authority(config))
    pin = enrolling.pin(pages.public_bytes(Encoding.DER))
    try:
        enrolling.encode(Invitation(enrolling.new_code(bytes(10)), pin, host.upper(), port))
    except InvitationError:
        raise NotReachableError("no-address") from None
    own = Path(config.authority_dir) / CERTIFICATE if config.authority_dir else None
    broker = _read(own) if own is not None else pages
    return Reach(
        url=config.public_url.rstrip("/"),
        host=host.upper(),
        port=port,
        pin=pin,
        mqtt_host=config.kiosk_mqtt_host or url.hostname,
        mqtt_port=config.kiosk_mqtt_port,
        mqtt_ca=broker.public_bytes(Encoding.PEM).decode(),
        timezone=config.timezone,
        bundle_key=_bundle_key(config),
        authority_dir=config.authority_dir if config.kiosk_certificates else "",
    )


def _bundle_key(config: HubConfig) -> str:
    if not config.bundle_key_file:
        return ""
    try:
        return bundle_key.ensure(Path(config.bundle_key_file))
    except (BundleKeyError, OSError):
        raise NotReachableError("no-bundle-key") from None


def _pages_authority(config: HubConfig) -> Path | None:
    if config.tls_authority:
        return Path(config.tls_authority)
    return Path(config.authority_dir) / CERTIFICATE if config.authority_dir else None


def _read(path: Path | None) -> x509.Certificate:
    """The first certificate of a file: the authority itself."""
    if path is None:
        raise NotReachableError("no-authority")
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        raise NotReachableError("no-authority") from None
