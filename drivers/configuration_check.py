"""What is wrong with the device URLs of a configuration, key by key. Both sides ask this, so that
the hub refuses what a kiosk would. Pure."""

from collections.abc import Iterator

from contract.configuration import Configuration
from drivers.ports import DeviceUrlError, Words
from drivers.urls import parse_devices


def url_faults(configuration: Configuration) -> Iterator[tuple[str, Words]]:
    """The key and what is wrong there, once for each fault."""
    parts: dict[str, dict[str, tuple[str, ...] | str]] = {}
    if configuration.scanners is not None:
        parts["scanners"] = {"scanners": configuration.scanners}
    if configuration.printers is not None:
        parts["printers"] = {"printers": configuration.printers}
    if configuration.panel is not None:
        parts["panel"] = {"panel": configuration.panel}
    for key, urls in parts.items():
        try:
            parse_devices(**urls)  # type: ignore[arg-type]  # the key and its own kind of value
        except DeviceUrlError as error:
            yield from ((key, fault) for fault in error.faults)
