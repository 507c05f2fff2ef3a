"""USB printers by vendor and product, through libusb: for machines without the kernel's usblp.

The kernel's node (``usb:/dev/usb/lp0``) needs no library and is the better choice where it is
there. This one takes the printer away from that driver for as long as it is open. PyUSB is
imported when the first bytes are due, and never by a kiosk that has no such URL.

Source: Universal Serial Bus Device Class Definition for Printing Devices, 1.1: interface class 7,
one bulk endpoint out and, for bidirectional ones, one in.
"""

from __future__ import annotations

import contextlib
import errno
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from drivers.link_faults import LinkError, closed, gone, stuck
from drivers.port_status import GET_PORT_STATUS, PortStatus, port_status
from drivers.ports import Words
from drivers.transports import (
    ANSWER_BYTES,
    CHUNK_BYTES,
    SLICE_S,
    STALL_S,
    Silence,
)

if TYPE_CHECKING:
    from usb.core import Device

PRINTER_CLASS: Final = 7
FROM_INTERFACE: Final = 0xA1
"""bmRequestType: to the host, of the class, of the interface."""
PORT_S: Final = 0.5
"""How long the interface may take for its one byte."""


class UsbTransport:
    """The printer interface of one USB device; the first of that kind that is plugged in.

    `backend` is PyUSB's way to the bus; None takes libusb.
    """

    def __init__(
        self, vendor: int, product: int, *, stall_s: float = STALL_S, backend: Any = None
    ) -> None:
        self._ids: Final = (vendor, product)
        self._where: Final = f"{vendor:04x}:{product:04x}"
        self._stall_s: Final = stall_s
        self._backend: Final = backend
        self._device: Device | None = None
        self._out: Any = None
        self._in: Any = None
        self._interface = 0
        self._mute_port = False
        self._closed: Final = threading.Event()
        self._in_use: Final = threading.Lock()

    @property
    def silence(self) -> Silence:
        return "unknown"

    def send(self, data: bytes) -> None:
        with self._in_use:
            self._send(data)

    def ask(self, request: bytes, timeout_s: float) -> bytes:
        with self._in_use:
            self._open()
            if self._in is None:
                return b""
            self._read(SLICE_S)  # what came unasked or too late
            self._send(request)
            until = time.monotonic() + timeout_s
            while not self._closed.is_set():
                answer = self._read(SLICE_S)
                if answer or time.monotonic() >= until:
                    return answer
            raise closed()

    def port(self) -> PortStatus | None:
        with self._in_use:
            self._open()
            return self._port()

    def drain(self) -> None:
        """Bulk transfers end when the printer has the bytes."""

    def pause(self, seconds: float) -> bool:
        return self._closed.wait(max(0.0, seconds))

    def finish(self) -> None:
        """The device stays ours."""

    def close(self) -> None:
        self._closed.set()
        with self._in_use:
            self._drop()

    def _send(self, data: bytes) -> None:
        from usb.core import USBError

        self._open()
        taken = 0
        until = time.monotonic() + self._stall_s
        while taken < len(data):
            piece = data[taken : taken + CHUNK_BYTES]
            try:
                # A transfer that times out may have moved some of its bytes and does not say how
                # many. It is therefore given the whole time, in one go.
                taken += self._out.write(piece, timeout=int(self._stall_s * 1000))
                until = time.monotonic() + self._stall_s
            except USBError as error:
                late = error.errno == errno.ETIMEDOUT or time.monotonic() >= until
                said = self._port() if late and not self._closed.is_set() else None
                self._drop()
                most = taken + len(piece)
                if self._closed.is_set():
                    raise closed(most) from error
                raise (
                    stuck(self._where, most, said) if late else gone(self._where, error, most)
                ) from error
            if self._closed.is_set():
                self._drop()
                raise closed(taken)

    def _port(self) -> PortStatus | None:
        from usb.core import USBError

        if self._device is None or self._mute_port:
            return None
        try:
            answer = self._device.ctrl_transfer(
                FROM_INTERFACE, GET_PORT_STATUS, 0, self._interface, 1, timeout=int(PORT_S * 1000)
            )
            return port_status(answer[0]) if len(answer) else None
        except USBError:
            self._mute_port = True
            return None

    def _read(self, timeout_s: float) -> bytes:
        from usb.core import USBError

        try:
            return bytes(self._in.read(ANSWER_BYTES, timeout=max(1, int(timeout_s * 1000))))
        except USBError as error:
            if error.errno == errno.ETIMEDOUT:
                return b""
            self._drop()
            raise gone(self._where, error) from error

    def _open(self) -> None:
        if self._closed.is_set():
            raise closed()
        if self._device is not None:
            return
        try:
            import usb.core
            import usb.util
        except ImportError as error:
            raise LinkError(
                Words(
                    zh=f"打印机 {self._where} 需要 Python 软件包 pyusb",
                    en=f"printer {self._where} needs the Python package pyusb",
                )
            ) from error
        vendor, product = self._ids
        try:
            device = usb.core.find(idVendor=vendor, idProduct=product, backend=self._backend)
        except usb.core.NoBackendError as error:
            raise LinkError(
                Words(
                    zh=f"打印机 {self._where} 需要系统软件包 libusb-1.0-0",
                    en=f"printer {self._where} needs the system package libusb-1.0-0",
                )
            ) from error
        if device is None:
            raise gone(self._where, OSError(errno.ENODEV, "not plugged in"))
        try:
            self._claim(device)
        except usb.core.USBError as error:
            usb.util.dispose_resources(device)
            raise gone(self._where, error) from error

    def _claim(self, device: Device) -> None:
        import usb.util

        for interface in device.get_active_configuration():
            if interface.bInterfaceClass != PRINTER_CLASS:
                continue
            number = interface.bInterfaceNumber
            if device.is_kernel_driver_active(number):
                device.detach_kernel_driver(number)
            usb.util.claim_interface(device, number)
            self._out = _endpoint(interface, usb.util.ENDPOINT_OUT)
            self._in = _endpoint(interface, usb.util.ENDPOINT_IN)
            if self._out is not None:
                self._device, self._interface = device, number
                self._mute_port = False
                return
        usb.util.dispose_resources(device)
        raise LinkError(
            Words(
                zh=f"USB 设备 {self._where} 不是打印机",
                en=f"USB device {self._where} is not a printer",
            )
        )

    def _drop(self) -> None:
        device, self._device = self._device, None
        self._out = self._in = None
        if device is not None:
            import usb.util

            with contextlib.suppress(OSError):  # USBError is one: it may be unplugged
                usb.util.release_interface(device, self._interface)
            with contextlib.suppress(OSError):
                usb.util.dispose_resources(device)


def _endpoint(interface: Any, direction: int) -> Any:
    import usb.util

    return usb.util.find_descriptor(
        interface,
        custom_match=lambda end: (
            usb.util.endpoint_direction(end.bEndpointAddress) == direction
            and usb.util.endpoint_type(end.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK
        ),
    )
