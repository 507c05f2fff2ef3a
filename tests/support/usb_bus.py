"""A USB bus with one virtual printer on it, as PyUSB's backends see buses.

PyUSB itself is the real one: it enumerates, claims, and moves bytes through this instead of libusb.
Source of the descriptors: Universal Serial Bus Device Class Definition for Printing Devices, 1.1.
"""

import errno
from array import array
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

import usb.backend
from usb.core import USBError

from tests.support.virtual_printer import VirtualPrinter

OUT: Final = 0x01
IN: Final = 0x82
BULK: Final = 2


class UsbBus(usb.backend.IBackend):  # type: ignore[misc]  # PyUSB has no types
    """One printer with `ids`; `plugged` may change at any time. `claims` are what is held."""

    def __init__(
        self,
        printer: VirtualPrinter,
        ids: tuple[int, int] = (0x0416, 0x5011),
        *,
        interface_class: int = 7,
        port: Callable[[], int] | None = None,
    ) -> None:
        """`port` is what the interface answers to GET_PORT_STATUS; it stalls on OSError."""
        self.printer: Final = printer
        self._port: Final = port or (lambda: printer.port_byte)
        self.plugged = True
        self.kernel_has_it = True
        self.claims: set[int] = set()
        self._ids: Final = ids
        self._class: Final = interface_class

    def enumerate_devices(self) -> Any:
        return iter([self] if self.plugged else [])

    def get_device_descriptor(self, dev: Any) -> Any:
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x0200, bDeviceClass=0, bDeviceSubClass=0,
            bDeviceProtocol=0, bMaxPacketSize0=64, idVendor=self._ids[0], idProduct=self._ids[1],
            bcdDevice=0x0100, iManufacturer=0, iProduct=0, iSerialNumber=0, bNumConfigurations=1,
            address=4, bus=1, port_number=1, port_numbers=(1,), speed=3,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: Any, config: int) -> Any:
        if config:
            raise IndexError(config)
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=1, bConfigurationValue=1,
            iConfiguration=0, bmAttributes=0xC0, bMaxPower=1, extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(self, dev: Any, intf: int, alt: int, config: int) -> Any:
        if intf or alt:
            raise IndexError(intf)
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=0, bNumEndpoints=2,
            bInterfaceClass=self._class, bInterfaceSubClass=1, bInterfaceProtocol=2, iInterface=0,
            extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev: Any, ep: int, intf: int, alt: int, config: int) -> Any:
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=(OUT, IN)[ep], bmAttributes=BULK,
            wMaxPacketSize=64, bInterval=0, bRefresh=0, bSynchAddress=0, extra_descriptors=[],
        )  # fmt: skip

    def open_device(self, dev: Any) -> Any:
        self._there()
        return self

    def close_device(self, dev_handle: Any) -> None:
        self.claims.clear()

    def get_configuration(self, dev_handle: Any) -> int:
        self._there()
        return 1

    def set_configuration(self, dev_handle: Any, config_value: int) -> None:
        self._there()

    def is_kernel_driver_active(self, dev_handle: Any, intf: int) -> bool:
        return self.kernel_has_it

    def detach_kernel_driver(self, dev_handle: Any, intf: int) -> None:
        self.kernel_has_it = False

    def claim_interface(self, dev_handle: Any, intf: int) -> None:
        self._there()
        if self.kernel_has_it:
            raise USBError("Resource busy", errno=errno.EBUSY)
        self.claims.add(intf)

    def release_interface(self, dev_handle: Any, intf: int) -> None:
        self.claims.discard(intf)

    def bulk_write(self, dev_handle: Any, ep: int, intf: int, data: Any, timeout: int) -> int:
        assert ep == OUT
        assert intf in self.claims
        self._there()
        piece = bytes(data)
        taken = self.printer.take(piece[: self.printer.room])
        if not self.printer.connected:
            self.plugged = False
            self._there()
        if taken < len(piece):
            raise USBError("Operation timed out", errno=errno.ETIMEDOUT)
        return taken

    def bulk_read(self, dev_handle: Any, ep: int, intf: int, buff: Any, timeout: int) -> int:
        assert ep == IN
        self._there()
        said = self.printer.answer()
        if not said:
            raise USBError("Operation timed out", errno=errno.ETIMEDOUT)
        buff[: len(said)] = array("B", said)
        return len(said)

    def ctrl_transfer(
        self, dev_handle: Any, kind: int, request: int, value: int, index: int, data: Any,
        timeout: int,
    ) -> int:  # fmt: skip
        assert (kind, request, value, index, len(data)) == (0xA1, 1, 0, 0, 1)
        self._there()
        try:
            data[0] = self._port()
        except OSError as error:
            raise USBError("Pipe error", errno=errno.EPIPE) from error
        return 1

    def _there(self) -> None:
        if not self.plugged:
            raise USBError("No such device (it may have been disconnected)", errno=errno.ENODEV)
