"""Fetches for this kiosk: with its settings, its account, at its hour, when nothing is unsent."""

import shutil
import ssl
import time
from collections.abc import Callable
from pathlib import Path

from contract.configuration import read
from contract.settings import SettingsError
from drivers.ports import Words
from kiosk.clock import LearntClock, SystemClock
from kiosk.config import KioskConfig, load
from kiosk.configuration import FOLDER, ConfigurationStore
from kiosk.identity import IdentityError, IdentityStore
from kiosk.setup.settle import HUB_AUTHORITY
from kiosk.tls import pinned_context
from kiosk.update_facts import read_facts
from provisioning.updates import fetch, venvs
from provisioning.updates.fetch import FetchError, Hub
from provisioning.updates.names import CONFIRMED
from provisioning.updates.places import Places
from provisioning.updates.state import StateError
from provisioning.updates.state import load as load_state


def since_start() -> float:
    """Seconds since the machine started, asleep or not."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def free_bytes(folder: Path) -> int:
    """Room on the disk that ``folder`` is on, for whoever is not root. Raises OSError."""
    return shutil.disk_usage(folder).free


def fetch_offered(
    path: Path,
    places: Places,
    python: Path,
    *,
    now: bool,
    clock: Callable[[], float] = since_start,
    free: Callable[[Path], int] = free_bytes,
) -> Words:
    """Has what the hub offers in `Places.incoming`; how that went.

    Raises:
        FetchError: nothing was fetched, and why.
        BundleError: this machine's Python cannot be used.
        OSError: the disk refuses.
    """
    facts = read_facts(places.heard)
    if not now and facts is None:
        return Words("终端没有应答，下次再取", "the kiosk does not answer: another time")
    if not now and facts is not None and not facts.open_now:
        return Words("还没到升级的钟点", "it is not the hour for updates")
    if not now and facts is not None and facts.backlog > 0:
        return Words("先送完事件，下次再取", "events go first: another time")
    if not now and fetch.is_later(places.incoming, clock()):
        return Words("中心让稍后再来", "the hub said to come again later")
    try:
        config = load(path)
        identity = IdentityStore(config.state / "identity.json").load()
    except SettingsError as error:
        raise FetchError("; ".join(error.problems)) from None
    except IdentityError as error:
        raise FetchError(str(error.words)) from None
    hub = Hub(config.hub_url, identity.username, identity.password, _trust(config))
    try:
        return _fetched(hub, places, python, free(places.incoming) - _needed(config))
    except fetch.LaterError as error:
        fetch.note_later(places.incoming, error.wait_s, clock())
        raise


def _needed(config: KioskConfig) -> int:
    """Bytes that a fetch leaves free: twice what the kiosk cannot do without, since it goes on
    recording on the same disk."""
    wished = read(ConfigurationStore(config.state / FOLDER).confirmed()).min_free_mb
    return 2 * (wished or config.min_free_mb) * 2**20


def _fetched(hub: Hub, places: Places, python: Path, room: int) -> Words:
    here = venvs.here(python)
    offer = fetch.ask(hub, places.linked(CONFIRMED) or "", f"{here.python}-{here.machine}")
    if offer is None:
        fetch.keep_only(places.incoming, set())
        return Words("中心没有给出新版本", "the hub offers nothing new")
    if offer.release in _refused(places) or offer.release == places.linked(CONFIRMED):
        return Words(f"{offer.release} 不再安装", f"{offer.release} is not installed again")
    fetch.fetch(hub, offer, places.incoming, room)
    return Words(f"已取到 {offer.release}", f"fetched {offer.release}")


def _refused(places: Places) -> tuple[str, ...]:
    try:
        return load_state(places.state).refused
    except (StateError, OSError):
        return ()


def _trust(config: KioskConfig) -> ssl.SSLContext:
    own = config.state / HUB_AUTHORITY
    pinned = own if own.exists() else Path(config.mqtt_tls_ca) if config.mqtt_tls_ca else None
    try:
        if pinned is None:
            return ssl.create_default_context()
        return pinned_context(pinned, LearntClock(SystemClock()))
    except (OSError, ssl.SSLError) as error:
        raise FetchError(f"{pinned}: 读不了 / cannot be used: {error}") from None
