"""An ESC/POS printer's interpreter, from Epson's command reference and from nothing in ``drivers``.

Rows come out as soon as their bytes are there, as on a real head: a job that breaks off leaves a
strip behind. Whatever is not a command is a character on the paper; characters that no job of ours
may hold are kept in `strays`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PIL import Image

from tests.support.thermal_paper import Paper, code128, glyph, qr

ESC, GS, FS, DLE = 0x1B, 0x1D, 0x1C, 0x10
DEFAULT_UNIT: Final = 203 / 360
"""Dots in a motion unit where nobody set one: many a printer counts in 1/360 inch."""


class EscposHead:
    """Feeds on bytes as they arrive, in pieces of any size.

    `answer` is called for requests that are answered in order (``GS r``); `label_rows` is the
    length of a label with its gap, for ``GS FF``, None for continuous paper.
    """

    def __init__(
        self, width: int, answer: Callable[[int], None], *, label_rows: int | None = None
    ) -> None:
        self.paper: Final = Paper(width)
        self.strays = bytearray()
        self.commands: list[str] = []
        """Names of what was understood, for tests that must see a native command used."""
        self._answer: Final = answer
        self._label_rows: Final = label_rows
        self._buffer = bytearray()
        self._raster: tuple[int, int, int, int] | None = None
        self._settings()

    def _settings(self) -> None:
        self._align = 0
        self._spacing = 30
        self._bold = False
        self._times = (1, 1)
        self._unit = DEFAULT_UNIT
        self._chinese = True  # printers made for China wake up in it
        self._bar = 3
        self._bar_height = 162
        self._bar_text = 0
        self._qr_dot = 3
        self._qr_level = "L"
        self._qr_data = b""
        self._x = 0.0
        self._line: list[tuple[int, Image.Image]] = []
        self._typed = ""

    def feed(self, data: bytes) -> None:
        """Interprets as far as whole commands go, raster as far as whole rows go."""
        self._buffer += data
        while self._buffer:
            used = self._raster_row() if self._raster else self._command(bytes(self._buffer[:4096]))
            if used == 0:
                return
            del self._buffer[:used]

    def power_off(self) -> None:
        """Forgets everything but the paper."""
        self._buffer.clear()
        self._raster = None
        self._settings()

    @property
    def idle(self) -> bool:
        """Whether it waits for nothing."""
        return not self._buffer and self._raster is None

    # ----------------------------------------------------------------------------------

    def _command(self, data: bytes) -> int:
        first = data[0]
        if first == 0x00:
            return 1
        if first == 0x0A:
            self._flush(self._spacing)
            return 1
        if first == DLE:
            # Real-time requests were answered when they arrived. Who asks has ended a job.
            if len(data) < 3:
                return 0
            self.paper.tear()
            return 3
        if first == ESC:
            return self._esc(data)
        if first == GS:
            return self._gs(data)
        if first == FS:
            if len(data) < 2:
                return 0
            if data[1:2] in (b"&", b"."):
                self._chinese = data[1:2] == b"&"
                return 2
        return self._character(data)

    def _character(self, data: bytes) -> int:
        if 0x20 <= data[0] < 0x7F:
            self._put(chr(data[0]), 12)
            return 1
        if self._chinese and data[0] >= 0x81:
            if len(data) < 2:
                return 0
            try:
                self._put(data[:2].decode("gb18030"), 24)
            except UnicodeDecodeError:
                self.strays += data[:2]
            return 2
        self.strays.append(data[0])
        return 1

    def _put(self, char: str, width: int) -> None:
        wide, high = self._times
        cell = glyph(char, width * wide, 24 * high)
        left = round(self._x)
        if self._line and left > self._line[-1][0] + self._line[-1][1].width + 1:
            self._typed += " "
        self._typed += char
        self._line.append((left, cell))
        if self._bold:
            self._line.append((left + 1, cell))
        self._x += width * wide
        if self._x > self.paper.width:
            self.strays += char.encode()  # it would wrap
        self.commands.append("text")

    def _flush(self, rows: int) -> None:
        if self._line:
            height = max(rows, *(cell.height for _, cell in self._line))
            strip = self.paper.blank(height)
            shift = 0
            if self._align:
                right = max(left + cell.width for left, cell in self._line)
                shift = (self.paper.width - right) // (2 if self._align == 1 else 1)
            for left, cell in self._line:
                mask = cell.point(lambda level: 0 if level else 255)
                strip.paste(0, (left + shift, 0), mask)
            self.paper.letters(self._typed)
            self.paper.burn(strip)
        else:
            self.paper.feed(rows)
        self._line, self._x, self._typed = [], 0.0, ""

    def _esc(self, data: bytes) -> int:
        if len(data) < 2:
            return 0
        name = data[1:2]
        if name == b"@":
            self._settings()
            self.paper.tear()
            return 2
        if name == b"*":
            return self._columns(data)
        length = {b"a": 3, b"3": 3, b"J": 3, b"E": 3, b"$": 4}.get(name)
        if length is None:
            self.strays += data[:2]
            return 2
        if len(data) < length:
            return 0
        if name == b"a":
            self._align = data[2]
        elif name == b"3":
            self._spacing = round(data[2] * self._unit)
        elif name == b"J":
            self._flush(round(data[2] * self._unit))
        elif name == b"E":
            self._bold = bool(data[2] & 1)
        else:
            self._x = (data[2] + 256 * data[3]) * self._unit
        return length

    def _columns(self, data: bytes) -> int:
        """ESC * 33: 24 dots high, double density, into the line as a character is."""
        if len(data) < 5:
            return 0
        count = data[3] + 256 * data[4]
        length = 5 + 3 * count
        if len(data) < length:
            return 0
        if data[2] != 33 or round(self._x) + count > self.paper.width:
            self.strays += data[:5]
            return length
        picture = Image.new("1", (count, 24), 255)
        for x in range(count):
            column = int.from_bytes(data[5 + 3 * x : 8 + 3 * x], "big")
            for y in range(24):
                if column >> (23 - y) & 1:
                    picture.putpixel((x, y), 0)
        self._line.append((round(self._x), picture))
        self._x += count
        self.commands.append("columns")
        return length

    def _gs(self, data: bytes) -> int:
        if len(data) < 2:
            return 0
        name = data[1:2]
        if name == b"\x0c":  # GS FF
            self._next_label()
            return 2
        if name == b"v":
            return self._raster_head(data)
        if name == b"(":
            return self._symbol(data)
        if name == b"k":
            return self._bars(data)
        length = {b"V": 3, b"H": 3, b"h": 3, b"w": 3, b"!": 3, b"r": 3, b"P": 4}.get(name)
        if length is None:
            self.strays += data[:2]
            return 2
        if len(data) < length:
            return 0
        match name:
            case b"V":
                self.commands.append("cut")
                if data[2] not in (0, 1, 48, 49):
                    self.strays += data[:3]
                self.paper.tear()
            case b"H":
                self._bar_text = data[2]
            case b"h":
                self._bar_height = data[2]
            case b"w":
                self._bar = data[2]
            case b"!":
                self._times = ((data[2] >> 4) + 1, (data[2] & 0x0F) + 1)
            case b"r":
                self.paper.tear()
                self._answer(data[2])
            case b"P":
                self._unit = 203 / (data[2] or 203)
        return length

    def _next_label(self) -> None:
        self.commands.append("next label")
        if self._label_rows is None:
            self.strays += b"\x1d\x0c"
            return
        hanging = self.paper.hanging
        used = hanging.height if hanging is not None else 0
        self.paper.feed(-used % self._label_rows)
        self.paper.tear()

    def _raster_head(self, data: bytes) -> int:
        if len(data) < 8:
            return 0
        mode, width, rows = data[3], data[4] + 256 * data[5], data[6] + 256 * data[7]
        if data[2:3] != b"0" or mode not in (0, 2) or not width or not rows or self._line:
            self.strays += data[:8]
            return 8
        if 8 * width > self.paper.width:
            self.strays += data[:8]
        left = (self.paper.width - 8 * width) * self._align // 2
        self._raster = (max(0, left), width, rows, 2 if mode == 2 else 1)
        return 8

    def _raster_row(self) -> int:
        assert self._raster is not None
        left, width, rows, times = self._raster
        if len(self._buffer) < width:
            return 0
        self.paper.burn_row(bytes(self._buffer[:width]), left, times)
        self._raster = (left, width, rows - 1, times) if rows > 1 else None
        return width

    def _bars(self, data: bytes) -> int:
        if len(data) < 4:
            return 0
        length = 4 + data[3]
        if len(data) < length:
            return 0
        content = data[4:length]
        if data[2] != 73 or content[:2] != b"{B" or self._bar_text:
            self.strays += data[:length]
            return length
        text = content[2:].replace(b"{{", b"{")
        modules = 11 * (len(text) + 2) + 13
        if any(not 0x20 <= byte < 0x7F for byte in text) or modules * self._bar > self.paper.width:
            return length  # a printer drops what does not fit, or is not in the set
        bars = code128(text.decode("ascii"), self._bar, self._bar_height)
        self._picture(bars)
        self.commands.append("bars")
        return length

    def _symbol(self, data: bytes) -> int:
        if len(data) < 5:
            return 0
        length = 5 + data[3] + 256 * data[4]
        if len(data) < length:
            return 0
        function, value = data[6], data[7:length]
        if data[2:3] != b"k" or data[5:6] != b"1":
            self.strays += data[:length]
        elif function == 67:
            self._qr_dot = value[0]
        elif function == 69:
            self._qr_level = "LMQH"[value[0] - 48]
        elif function == 80:
            self._qr_data = value[1:]
        elif function == 81 and value == b"0" and self._qr_data:
            self._picture(qr(self._qr_data.decode(), self._qr_dot, self._qr_level))
            self.commands.append("qr")
        return length

    def _picture(self, picture: Image.Image) -> None:
        strip = self.paper.blank(picture.height)
        strip.paste(picture, ((self.paper.width - picture.width) * self._align // 2, 0))
        self.paper.burn(strip)
