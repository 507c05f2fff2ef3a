"""Runs inside the guest: USB devices that the guest's own kernel plays to itself.

``dummy_hcd`` is a USB controller with a cable to itself; what hangs on its other end is made in
configfs. So everything on this side is what a real device meets: the host controller, usbhid or
usblp, udev and its rules.

Sources: Documentation/usb/gadget_configfs.rst, gadget_hid.rst and gadget_printer.rst of the kernel;
the keyboard's report is that of the HID specification 1.11, appendix B.
"""

import contextlib
import errno
import fcntl
import json
import os
import select
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

CONFIG = Path("/sys/kernel/config/usb_gadget")
JOURNAL = Path("/var/lib/yicang/kiosk/journal.sqlite3")

KEYBOARD = bytes.fromhex(
    "05010906a101050719e029e7150025017501950881029501750881039505750105081901290591029501"
    "7503910395067508150025650507190029658100c0"
)
"""A boot keyboard's report descriptor: modifiers, a spare byte, five lamps, six keys."""
MOUSE = bytes.fromhex(
    "05010902a1010901a10005091901290315002501950375018102950175058103050109300931093815"
    "81257f750895038106c0c0"
)
"""A mouse's with three buttons and a wheel."""
SHIFT, CONTROL, ENTER = 0x02, 0x01, 0x28

_PLAIN = {
    **{chr(97 + n): 4 + n for n in range(26)},
    **{str(n): 29 + n for n in range(1, 10)},
    "0": 39, "-": 45, "=": 46, "[": 47, "]": 48, "\\": 49, ";": 51, "'": 52, "`": 53, ",": 54,
    ".": 55, "/": 56, " ": 44, "\r": ENTER, "\t": 43,
}  # fmt: skip
_SHIFTED = dict(zip('!@#$%^&*()_+{}|:"~<>?', "1234567890-=[]\\;'`,./", strict=True))


def key(char: str) -> tuple[int, int]:
    """Modifiers and usage of a character on a US keyboard; GS is Ctrl+]."""
    if char == "\x1d":
        return CONTROL, _PLAIN["]"]
    if char.isupper():
        return SHIFT, _PLAIN[char.lower()]
    if char in _SHIFTED:
        return SHIFT, _PLAIN[_SHIFTED[char]]
    return 0, _PLAIN[char]


def _free_port() -> str:
    taken = {path.read_text().strip() for path in CONFIG.glob("*/UDC")}
    return min({path.name for path in Path("/sys/class/udc").iterdir()} - taken)


def make(name: str, kind: str, ids: list[str], words: list[str]) -> None:
    """A device of ``kind`` (keyboard, mouse, printer); not plugged in. ``ids`` are vendor and
    product in hexadecimal, ``words`` maker, model, serial number and a printer's 1284 id."""
    gadget = CONFIG / name
    strings = gadget / "strings/0x409"
    config = gadget / "configs/c.1"
    strings.mkdir(parents=True)
    config.mkdir()
    (gadget / "idVendor").write_text(f"0x{ids[0]}")
    (gadget / "idProduct").write_text(f"0x{ids[1]}")
    for file, text in zip(("manufacturer", "product", "serialnumber"), words, strict=False):
        (strings / file).write_text(text)
    if kind == "printer":
        function = gadget / "functions/printer.usb0"
        function.mkdir()
        (function / "pnp_string").write_text(words[3])
    else:
        function = gadget / "functions/hid.usb0"
        function.mkdir()
        (function / "protocol").write_text("1" if kind == "keyboard" else "2")
        (function / "subclass").write_text("1")
        (function / "report_length").write_text("8" if kind == "keyboard" else "4")
        (function / "report_desc").write_bytes(KEYBOARD if kind == "keyboard" else MOUSE)
    (config / function.name).symlink_to(function)


def plug(name: str) -> None:
    """Into a free socket, or the one it had: the lowest."""
    (CONFIG / name / "UDC").write_text(_free_port())


def unplug(name: str) -> None:
    """Out, at once."""
    (CONFIG / name / "UDC").write_text("\n")


def _node(name: str) -> Path:
    """The device's own end."""
    major, minor = (CONFIG / name / "functions/hid.usb0/dev").read_text().split(":")
    entry = Path(f"/sys/dev/char/{major}:{minor.strip()}/uevent").read_text()
    return Path("/dev", entry.split("DEVNAME=")[1].split()[0])


def scan(name: str, text: str, ms_a_key: float = 2.0) -> float:
    """Types ``text`` as a scanner does, each key down for half of ``ms_a_key`` and up for half; the
    longest pause between two reports, in milliseconds: an emulated machine may be held up."""
    longest = 0.0
    with _node(name).open("r+b", buffering=0) as end, _first_in_line():
        last = due = time.monotonic()
        for char in text:
            modifiers, usage = key(char)
            for report in (bytes([modifiers, 0, usage, 0, 0, 0, 0, 0]), bytes(8)):
                end.write(report)
                due = max(due + ms_a_key / 2000, time.monotonic() - ms_a_key / 2000)
                time.sleep(max(0.0, due - time.monotonic()))
                now = time.monotonic()
                longest, last = max(longest, now - last), now
    return longest * 1000


@contextlib.contextmanager
def _first_in_line() -> Iterator[None]:
    """Before all else that the guest computes: a scanner has a processor of its own."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def scan_and_pull(name: str, text: str) -> None:
    """Types ``text``, and is pulled with the last key still down."""
    with _node(name).open("r+b", buffering=0) as end:
        for char in text:
            modifiers, usage = key(char)
            end.write(bytes([modifiers, 0, usage, 0, 0, 0, 0, 0]))
            if char is not text[-1]:
                end.write(bytes(8))
            time.sleep(0.002)
    unplug(name)


def overhear(node: str, seconds: float, name: str, text: str) -> int:
    """Types ``text`` while somebody else reads the input device ``node``; the bytes they got."""
    heard = 0
    with Path(node).open("rb", buffering=0) as file:
        os.set_blocking(file.fileno(), False)
        scan(name, text)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([file], [], [], left)[0]:
                heard += len(file.read(4096) or b"")
    return heard


def grab(node: str) -> str:
    """What the kernel says to a second program that wants the input device for itself."""
    with Path(node).open("rb", buffering=0) as file:
        try:
            fcntl.ioctl(file, 0x40044590, 1)  # EVIOCGRAB
        except OSError as error:
            return errno.errorcode[error.errno or 0]
        fcntl.ioctl(file, 0x40044590, 0)
    return ""


def events() -> list[str]:
    """The lines of the kiosk's journal, oldest first. The kiosk lets nobody else open it: of a
    copy, taken when nothing was written meanwhile."""
    files = (JOURNAL, JOURNAL.with_name(f"{JOURNAL.name}-wal"))
    while True:
        with tempfile.TemporaryDirectory() as folder:
            before = [_stamp(file) for file in files]
            for file in files:
                if file.exists():
                    shutil.copy(file, folder)
            if [_stamp(file) for file in files] != before:
                continue
            with contextlib.closing(sqlite3.connect(Path(folder, JOURNAL.name))) as database:
                rows = database.execute("SELECT raw FROM event ORDER BY id").fetchall()
            return [raw.decode() for (raw,) in rows]


def _stamp(file: Path) -> tuple[int, int]:
    if not file.exists():
        return 0, 0
    told = file.stat()
    return told.st_mtime_ns, told.st_size


def nodes(model: str) -> list[str]:
    """The input devices whose name ends with ``model``, as /dev names."""
    found = []
    for entry in sorted(Path("/sys/class/input").glob("event*")):
        with contextlib.suppress(OSError):  # just gone
            if (entry / "device/name").read_text().strip().endswith(model):
                found.append(f"/dev/input/{entry.name}")
    return found


def is_held(process: int, node: str) -> bool:
    """Whether the process has the file open."""
    with contextlib.suppress(OSError):
        for link in Path(f"/proc/{process}/fd").iterdir():
            with contextlib.suppress(OSError):
                if str(link.readlink()) == node:
                    return True
    return False


def plug_until_held(name: str, model: str, process: int, most_s: float) -> float:
    """Plugs an input device in; the seconds until ``process`` has it open, at most ``most_s``."""
    plug(name)
    began = time.monotonic()
    while (seconds := time.monotonic() - began) < most_s:
        if any(is_held(process, node) for node in nodes(model)):
            return seconds
        time.sleep(0.01)
    return most_s


def reseed(seed: str) -> None:
    """Each start from one snapshot would draw the same random numbers."""
    with Path("/dev/urandom").open("r+b", buffering=0) as source:
        source.write(bytes.fromhex(seed))
        fcntl.ioctl(source, 0x5207)  # RNDRESEEDCRNG


def fetch(url: str) -> str:
    """What a page of this machine says."""
    with urllib.request.urlopen(url, timeout=25) as response:
        return str(response.read().decode())


def enter(origin: str, headers: dict[str, str], text: str) -> None:
    """A scan at the kiosk's page."""
    body = json.dumps({"text": text}).encode()
    named = {"Content-Type": "application/json", **headers}
    with urllib.request.urlopen(urllib.request.Request(f"{origin}/scan", body, named), timeout=10):
        pass


def opens(account: str, paths: list[str]) -> dict[str, str]:
    """What the kernel says to ``account`` when it opens each for reading and writing."""
    words = [
        *("runuser", "-u", account, "--", "python3", "-c", _OPENS, *paths),
    ]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(said))


_OPENS = """
import errno, json, os, sys
found = {}
for path in sys.argv[1:]:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        found[path] = ""
    except OSError as error:
        found[path] = errno.errorcode[error.errno]
print(json.dumps(found))
"""


# --- the board's pins -----------------------------------------------------------------------------

PINS = Path("/sys/kernel/config/gpio-sim/board")
"""Documentation/admin-guide/gpio/gpio-sim.rst of the kernel."""


def make_pins(label: str, lines: int) -> str:
    """A chip of pins; its node."""
    bank = PINS / "bank0"
    bank.mkdir(parents=True)
    (bank / "label").write_text(label)
    (bank / "num_lines").write_text(str(lines))
    (PINS / "live").write_text("1")
    return f"/dev/{(bank / 'chip_name').read_text().strip()}"


def _pin(line: int) -> Path:
    device = (PINS / "dev_name").read_text().strip()
    chip = (PINS / "bank0/chip_name").read_text().strip()
    return Path("/sys/devices/platform", device, chip, f"sim_gpio{line}")


def pull(line: int, way: str) -> None:
    """What a button does to its pin: ``pull-down`` presses one that connects to ground."""
    (_pin(line) / "pull").write_text(way)


def level(line: int) -> int:
    """Whether the pin is high."""
    return int((_pin(line) / "value").read_text())


class _Recorder(threading.Thread):
    """Looks at pins a few hundred times a second, in here: the way to the test takes longer than
    a flash."""

    def __init__(self, lines: list[int]) -> None:
        super().__init__(daemon=True)
        self.seen: list[tuple[float, list[int]]] = []
        self.done = threading.Event()
        self._files = [_pin(line) / "value" for line in lines]

    def run(self) -> None:
        while not self.done.wait(0.002):
            levels = [int(file.read_text()) for file in self._files]
            if not self.seen or self.seen[-1][1] != levels:
                self.seen.append((time.monotonic(), levels))


_recorders: list[_Recorder] = []


def record(lines: list[int]) -> None:
    """Begins to note how these pins change."""
    recorder = _Recorder(lines)
    _recorders.append(recorder)
    recorder.start()


def recorded() -> list[tuple[float, list[int]]]:
    """Ends that: seconds, and the pins' levels from then on."""
    recorder = _recorders.pop()
    recorder.done.set()
    recorder.join()
    return recorder.seen


# --- the printer's own end ------------------------------------------------------------------------


def carry() -> None:
    """Carries the printer's bytes to the test, and back what it answers, for as long as the
    guest runs."""
    threading.Thread(target=_carry, daemon=True).start()


def _carry() -> None:
    test = os.open("/dev/virtio-ports/printer", os.O_RDWR | os.O_NONBLOCK)
    while True:
        with contextlib.suppress(OSError):  # not plugged in
            printer = os.open("/dev/g_printer0", os.O_RDWR | os.O_NONBLOCK)
            try:
                _carry_for(printer, test)
            finally:
                os.close(printer)
        time.sleep(0.05)


def _carry_for(printer: int, test: int) -> None:
    """Raises OSError when the printer is pulled out."""
    while True:
        select.select([printer, test], [], [], 0.05)
        for source, target in ((printer, test), (test, printer)):
            with contextlib.suppress(BlockingIOError):
                data = os.read(source, 4096)
                while data:
                    select.select([], [target], [])
                    data = data[os.write(target, data) :]
