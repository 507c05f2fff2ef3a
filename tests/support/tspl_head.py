"""A TSPL printer's interpreter, from TSC's programming manual and from nothing in ``drivers``.

It draws into a picture of one label; ``PRINT`` brings it out. `ESC !` and `~!` are obeyed wherever
they stand, even in the middle of a bitmap, which is what the manual says and drivers forget.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from PIL import Image, ImageChops

from tests.support.thermal_paper import Paper, code128, glyph, qr

FONTS: Final = {"1": (8, 12), "2": (12, 20), "3": (16, 24), "4": (24, 32), "5": (32, 48)}


class TsplHead:
    """Feeds on bytes as they arrive. `printing` is called with each label's height in dots."""

    def __init__(self, width: int, printing: Callable[[int], None], *, chinese: bool) -> None:
        self.paper: Final = Paper(width)
        self.strays = bytearray()
        self.commands: list[str] = []
        self.media = ""
        self._printing: Final = printing
        self._chinese: Final = chinese
        self._buffer = bytearray()
        self._canvas = Image.new("1", (width, 320), 255)
        self._bitmap: tuple[int, int, int, int] | None = None

    def feed(self, data: bytes) -> None:
        """Interprets as far as whole lines and whole bitmaps go."""
        self._buffer += data
        while self._buffer:
            if self._bitmap is not None:
                x, y, width, height = self._bitmap
                if len(self._buffer) < width * height:
                    return
                self._draw(x, y, width, height, bytes(self._buffer[: width * height]))
                del self._buffer[: width * height]
                self._bitmap = None
                continue
            head = re.match(rb"BITMAP (\d+),(\d+),(\d+),(\d+),1,", bytes(self._buffer[:64]))
            if head:
                x, y, width, height = (int(group) for group in head.groups())
                self._bitmap = (x, y, width, height)
                del self._buffer[: head.end()]
                continue
            end = self._buffer.find(b"\r\n")
            if end < 0:
                return
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 2]
            line = line.replace(b"\x1b!?", b"")  # answered when it arrived
            if line:
                self._line(line)

    def power_off(self) -> None:
        """Forgets everything but the paper."""
        self._buffer.clear()
        self._bitmap = None
        self._canvas.paste(255, (0, 0, *self._canvas.size))

    @property
    def idle(self) -> bool:
        """Whether it waits for nothing."""
        return not self._buffer and self._bitmap is None

    # ----------------------------------------------------------------------------------

    def _line(self, line: bytes) -> None:
        text = line.decode("gb18030" if self._chinese else "ascii", errors="replace")
        name, _, rest = text.partition(" ")
        done = {
            "SIZE": self._size,
            "GAP": self._gap,
            "BLINE": self._gap,
            "CLS": self._clear,
            "PRINT": self._print,
            "TEXT": self._text,
            "BARCODE": self._bars,
            "QRCODE": self._qr,
        }.get(name)
        if done is not None and done(rest):
            self.commands.append(name)
        elif name not in ("SET", "DIRECTION", "REFERENCE", "CODEPAGE"):
            self.strays += line
        else:
            self.commands.append(text)

    def _size(self, rest: str) -> bool:
        match = re.fullmatch(r"([\d.]+) mm,([\d.]+) mm", rest)
        if not match:
            return False
        width, height = (round(float(group) * 8) for group in match.groups())
        if width != self.paper.width:
            return False
        self._canvas = Image.new("1", (width, height), 255)
        return True

    def _gap(self, rest: str) -> bool:
        self.media = rest
        return bool(re.fullmatch(r"0,0|[\d.]+ mm,[\d.]+ mm", rest))

    def _clear(self, rest: str) -> bool:
        self._canvas.paste(255, (0, 0, *self._canvas.size))
        return not rest

    def _print(self, rest: str) -> bool:
        if rest not in ("1", "1,1"):
            return False
        self._printing(self._canvas.height)
        self.paper.burn(self._canvas)
        self.paper.tear()
        return True

    def _text(self, rest: str) -> bool:
        match = re.fullmatch(r'(\d+),(\d+),"([^"]+)",0,(\d),(\d),"([^"]*)"', rest)
        if not match:
            return False
        x, y, times = int(match[1]), int(match[2]), int(match[4])
        chinese = match[3] == "TSS24.BF2"
        if match[4] != match[5] or (chinese and not self._chinese):
            return False
        if not chinese and (match[3] not in FONTS or not match[6].isascii()):
            return False
        for char in match[6]:
            width, height = (24 if ord(char) > 126 else 12, 24) if chinese else FONTS[match[3]]
            cell = glyph(char, width * times, height * times)
            if x + cell.width > self.paper.width:
                return False
            self._lay(cell, x, y)
            x += cell.width
        return True

    def _bars(self, rest: str) -> bool:
        match = re.fullmatch(r'(\d+),(\d+),"128",(\d+),0,0,(\d+),(\d+),"([^"]+)"', rest)
        if not match:
            return False
        bars = code128(match[6], int(match[4]), int(match[3]))
        self._lay(bars, int(match[1]), int(match[2]))
        return True

    def _qr(self, rest: str) -> bool:
        match = re.fullmatch(r'(\d+),(\d+),([LMQH]),(\d+),A,0,(?:(M[12]),S7,)?"([^"]+)"', rest)
        if not match or match[5] != "M2":  # model 1 is the default, and no telephone reads it
            return False
        self._lay(qr(match[6], int(match[4]), match[3]), int(match[1]), int(match[2]))
        return True

    def _draw(self, x: int, y: int, width: int, height: int, data: bytes) -> None:
        self.commands.append("BITMAP")
        self._lay(Image.frombytes("1", (8 * width, height), data), x, y)

    def _lay(self, picture: Image.Image, x: int, y: int) -> None:
        """Dots over what is there (mode OR: a burnt dot stays burnt)."""
        box = (x, y, x + picture.width, y + picture.height)
        below = self._canvas.crop(box)
        self._canvas.paste(ImageChops.logical_and(below, picture), (x, y))
