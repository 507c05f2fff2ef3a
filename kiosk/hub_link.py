"""The link to the hub's broker, as the settings have it."""

import ssl
from pathlib import Path

from contract.settings import SettingsError
from kiosk.clock import LearntClock
from kiosk.config import KioskConfig
from kiosk.identity import IdentityStore
from kiosk.mailbox import Mailbox
from kiosk.mqtt_link import MqttLink
from kiosk.tls import pinned_context


def hub_link(
    config: KioskConfig, identity: IdentityStore, clock: LearntClock, mailbox: Mailbox
) -> MqttLink:
    """Not yet started. Raises `SettingsError`: a file of TLS cannot be used."""
    known = identity.load()
    return MqttLink(
        kiosk=config.kiosk,
        host=config.mqtt_host,
        port=config.mqtt_port,
        post=mailbox.post,
        username=known.username if config.mqtt_auth else None,
        password=known.password if config.mqtt_auth else None,
        tls=_tls(config, clock) if config.mqtt_tls_ca else None,
    )


def _tls(config: KioskConfig, clock: LearntClock) -> ssl.SSLContext:
    try:
        context = pinned_context(Path(config.mqtt_tls_ca), clock)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            (f"mqtt_tls_ca: 读不了 / cannot be used: {config.mqtt_tls_ca}: {error}",)
        ) from None
    if config.mqtt_tls_certificate:
        own = config.mqtt_tls_certificate
        try:
            context.load_cert_chain(own, config.mqtt_tls_key or None)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                (f"mqtt_tls_certificate, mqtt_tls_key: 读不了 / cannot be used: {own}: {error}",)
            ) from None
    return context
