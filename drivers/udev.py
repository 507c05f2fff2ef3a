"""Asks udev what is plugged in (the edge of `drivers.discovery`)."""

from __future__ import annotations

import logging
from typing import Final

from drivers.discovery import PluggedIn
from drivers.discovery_printers import DEVICE_ID

log = logging.getLogger(__name__)

SUBSYSTEMS: Final = ("input", "tty", "usbmisc")


def plugged_in(subsystems: tuple[str, ...] = SUBSYSTEMS) -> tuple[PluggedIn, ...]:
    """Every device of ``subsystems`` that has a node; nothing where there is no udev."""
    try:
        import pyudev

        context = pyudev.Context()
        return tuple(
            PluggedIn(subsystem, device.device_node, _properties(device))
            for subsystem in subsystems
            for device in context.list_devices(subsystem=subsystem)
            if device.device_node is not None
        )
    except (ImportError, OSError) as error:
        log.warning("udev cannot be asked what is plugged in: %s", error)
        return ()


def _properties(device: object) -> dict[str, str]:
    """Its own, and the name that only an input device's parent knows."""
    from pyudev import Device

    assert isinstance(device, Device)
    properties = {str(key): str(value) for key, value in device.properties.items()}
    if "NAME" not in properties and device.parent is not None:
        name = device.parent.properties.get("NAME")
        if name is not None:
            properties["NAME"] = str(name).strip('"')
    # The kernel asked a USB printer what it is, and keeps the answer beside the interface.
    if device.subsystem == "usbmisc" and device.parent is not None:
        said = device.parent.attributes.get(DEVICE_ID)
        if said is not None:
            properties[DEVICE_ID] = bytes(said).decode("ascii", errors="replace").strip()
    # The usblp node's own properties are bare; its interfaces are known of the USB device.
    if "ID_USB_INTERFACES" not in properties:
        usb = device.find_parent("usb", "usb_device")
        if usb is not None:
            for key in ("ID_USB_INTERFACES", "ID_VENDOR_ID", "ID_MODEL_ID", "ID_MODEL"):
                if key in usb.properties:
                    properties.setdefault(key, str(usb.properties[key]))
    return properties
