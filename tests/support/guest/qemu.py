"""One guest under QEMU: started, asked, its plugs pulled, killed.

What runs in there is asked over a virtio port (`inside/agent.py`); QEMU itself over its own
protocol (QMP). All of it through sockets in a folder; there is no network.
"""

import base64
import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from tests.support.processes import until

QEMU: Final = "qemu-system-x86_64"
KVM: Final = ("-accel", "kvm", "-cpu", "host")
TCG: Final = ("-accel", "tcg,thread=multi", "-cpu", "max")
PROBE_S: Final = 10.0
"""A KVM that works has its kernel speak within a second."""
DEVICES: Final = (
    "-machine", "pc", "-smp", "2", "-m", "768", "-display", "none", "-nodefaults", "-no-reboot",
    "-rtc", "base=utc",
    "-device", "virtio-rng-pci",
    "-device", "virtio-serial-pci",
    "-device", "qemu-xhci,id=usb",
    "-device", "virtserialport,chardev=agent,name=agent",
    "-device", "virtserialport,chardev=printer,name=printer",
    "-device", "virtio-blk-pci,drive=root",
)  # fmt: skip
"""The same when a snapshot is taken and when it is started from; what comes later is plugged in."""
COMMAND_LINE: Final = (
    "root=/dev/vda rw console=ttyS0 panic=5 quiet systemd.show_status=false mitigations=off"
)


class Kernel(NamedTuple):
    """What QEMU starts, from outside the disk."""

    image: Path
    initrd: Path

    def words(self, *more: str) -> list[str]:
        """QEMU's, with ``more`` on the kernel's command line."""
        line = " ".join((COMMAND_LINE, *more))
        return ["-kernel", str(self.image), "-initrd", str(self.initrd), "-append", line]


def accelerator(kernel: Kernel, folder: Path) -> tuple[str, ...]:
    """KVM where it starts this kernel, which its device node alone does not say."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return TCG
    console = folder / "probe.log"
    console.unlink(missing_ok=True)
    words = [
        *(QEMU, *KVM, "-m", "512", "-display", "none", "-nodefaults", "-no-reboot"),
        *("-serial", f"file:{console}", *kernel.words("earlyprintk=ttyS0 ignore_loglevel")),
    ]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + PROBE_S
        while process.poll() is None and time.monotonic() < end:
            if console.exists() and b"Linux version" in console.read_bytes():
                return KVM
            time.sleep(0.1)
        return TCG
    finally:
        process.kill()
        process.wait(10)


class Done(NamedTuple):
    """What a command in the guest came to."""

    status: int
    stdout: str
    stderr: str


class GuestError(Exception):
    """The guest, or QEMU, says no."""


class _Lines:
    """JSON, a line each, over a socket that QEMU listens on."""

    def __init__(self, path: Path) -> None:
        self._socket: Final = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._waiting = b""

    def say(self, what: object) -> None:
        self._socket.sendall(json.dumps(what).encode() + b"\n")

    def hear(self, deadline_s: float) -> dict[str, Any]:
        """The next line. Raises TimeoutError, GuestError at its end."""
        end = time.monotonic() + deadline_s
        while b"\n" not in self._waiting:
            self._socket.settimeout(max(0.01, end - time.monotonic()))
            piece = self._socket.recv(1 << 20)
            if not piece:
                raise GuestError("the guest is gone")
            self._waiting += piece
        line, _, self._waiting = self._waiting.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        self._socket.close()


class Guest:
    """As a context manager; ended with all it holds. ``words`` are QEMU's beside the devices that
    each guest has: its root disk above all."""

    def __init__(self, folder: Path, words: Sequence[str]) -> None:
        self.folder: Final = folder
        self._words: Final = words
        self._numbers: Final = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._agent: _Lines | None = None
        self._qmp: _Lines | None = None
        # A socket's path may have 107 characters: those of pytest's folders have more.
        self._sockets: Final = Path(f"/tmp/guest-{os.getpid()}-{id(self):x}")

    @property
    def console(self) -> Path:
        """What the kernel said."""
        return self.folder / "console.log"

    @property
    def printer_socket(self) -> Path:
        """The other end of the printer's cable."""
        return self._sockets / "printer"

    def __enter__(self) -> Self:
        self._sockets.mkdir(mode=0o700)
        sockets = [
            word
            for name in ("agent", "printer")
            for word in (
                "-chardev",
                f"socket,id={name},path={self._sockets / name},server=on,wait=off",
            )
        ]
        with (self.folder / "qemu.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(QEMU, *DEVICES, *sockets),
                    *("-qmp", f"unix:{self._sockets / 'qmp'},server=on,wait=off"),
                    *("-serial", f"file:{self.console}", *self._words),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._qmp = until("QEMU listens", lambda: self._connected("qmp"), deadline_s=60)
            self._qmp.hear(10)
            self.qmp("qmp_capabilities", {})
            self._agent = until("QEMU listens", lambda: self._connected("agent"))
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def _connected(self, name: str) -> _Lines | None:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "qemu.log").read_text()
        with contextlib.suppress(OSError):
            return _Lines(self._sockets / name)
        return None

    @property
    def is_on(self) -> bool:
        """Whether nobody has pulled its plug."""
        return self._process is not None

    def kill(self) -> None:
        """The plug is pulled out of the wall."""
        process, self._process = self._process, None
        if process is not None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(20)
        for lines in (self._qmp, self._agent):
            if lines is not None:
                lines.close()
        self._qmp = self._agent = None
        shutil.rmtree(self._sockets, ignore_errors=True)

    def qmp(self, command: str, arguments: Mapping[str, object], deadline_s: float = 60.0) -> Any:
        """QEMU's answer. Raises GuestError with its words."""
        assert self._qmp is not None
        self._qmp.say({"execute": command, "arguments": arguments})
        while True:
            said = self._qmp.hear(deadline_s)
            if "error" in said:
                raise GuestError(f"{command}: {said['error']['desc']}")
            if "return" in said:
                return said["return"]

    def monitor(self, line: str, deadline_s: float = 120.0) -> None:
        """A command that QMP has none for. Raises GuestError."""
        said = self.qmp("human-monitor-command", {"command-line": line}, deadline_s)
        if said.strip():
            raise GuestError(f"{line}: {said.strip()}")

    # --- what runs in there ---------------------------------------------------------------------

    def _request(self, patience_s: float, **request: object) -> dict[str, Any]:
        assert self._agent is not None
        number = next(self._numbers)
        self._agent.say({"id": number, **request})
        said: dict[str, Any] = {}
        while said.get("id") != number:
            said = self._agent.hear(patience_s)
        if "error" in said:
            raise GuestError(f"{request}: {said['error']}")
        return said

    def run(self, *words: str, deadline_s: float = 60.0) -> Done:
        """A command, as root."""
        said = self._request(deadline_s + 10, words=words, deadline_s=deadline_s)
        return Done(said["status"], said["stdout"], said["stderr"])

    def ask(self, *words: str, deadline_s: float = 60.0) -> str:
        """What a command says that must not fail."""
        done = self.run(*words, deadline_s=deadline_s)
        assert done.status == 0, (words, done)
        return done.stdout

    def call(self, name: str, *arguments: object, deadline_s: float = 60.0) -> Any:
        """A function of `inside/gadgets.py`."""
        return self._request(deadline_s, call=name, args=arguments)["value"]

    def read(self, path: str) -> bytes:
        """A file's content."""
        return base64.b64decode(self._request(60, read=path)["data"])

    def write(self, path: str, data: bytes) -> None:
        """Makes a file."""
        self._request(60, write=path, data=base64.b64encode(data).decode("ascii"))

    # --- what is plugged in while it runs -------------------------------------------------------

    def plug_stick(
        self, name: str, image: Path, *, write_protected: bool = False, slow: int = 0
    ) -> None:
        """A USB stick that is ``image``, byte by byte; with ``slow`` it takes no more than so many
        bytes a second."""
        node: dict[str, object] = {
            "driver": "raw",
            "node-name": name,
            "read-only": write_protected,
            "file": {"driver": "file", "filename": str(image)},
        }
        if slow:
            limits = {"bps-write": slow}
            group = {"qom-type": "throttle-group", "id": f"{name}-group", "limits": limits}
            self.qmp("object-add", group)
            node = {
                "driver": "throttle",
                "node-name": name,
                "throttle-group": f"{name}-group",
                "file": {**node, "node-name": f"{name}-image"},
            }
        self.qmp("blockdev-add", node)
        stick = {"driver": "usb-storage", "bus": "usb.0", "id": name, "drive": name}
        self.qmp("device_add", stick)

    def plug_disk(self, name: str, server: Path) -> None:
        """A disk that is served there (NBD)."""
        where = {"type": "unix", "path": str(server)}
        self.qmp("blockdev-add", {"driver": "nbd", "node-name": name, "server": where})
        self.qmp("device_add", {"driver": "virtio-blk-pci", "id": name, "drive": name})

    def pull_stick(self, name: str) -> None:
        """Out, whatever it is being told."""
        self.qmp("device_del", {"id": name})
        until("it is out", lambda: self._let_go_of(name))

    def _let_go_of(self, name: str) -> bool:
        try:
            self.qmp("blockdev-del", {"node-name": name})
        except GuestError:
            return False
        return True
