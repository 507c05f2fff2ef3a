"""What ``yicang update …`` does on a hub's machine."""

import signal
from pathlib import Path

from provisioning.updates import keys, venvs
from provisioning.updates.bundle import BundleError
from provisioning.updates.hub import HubUpdater
from provisioning.updates.hub_machine import SystemdHub
from provisioning.updates.places import Places
from provisioning.updates.runner import RealTime


def updater(root: Path, python: Path) -> HubUpdater:
    """The updater of the hub here.

    Raises:
        BundleError: ``elsewhere``: that is another root than this machine's.
        KeyFileError: a key of who may sign cannot be used.
    """
    if root != Path("/"):
        raise BundleError("elsewhere", "只能在中心自己的机器上 / only on the hub's own machine")
    places = Places(root)
    return HubUpdater(
        places,
        SystemdHub(),
        RealTime(),
        verify=keys.verifier(keys.load_public(places.keys)),
        make=lambda folder, manifest: venvs.make(folder, manifest, python),
        fits=lambda manifest: venvs.check_fits(manifest.target, venvs.here(python)),
    )


def unhurt() -> None:
    """From here on this process outlives its terminal, and whoever types Ctrl-C: it would leave a
    hub that stands still."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
