"""The sheet by which somebody sets a kiosk up who never did: five steps, and what it is to scan.

Two pages of A4. The first has the steps, each with a picture, and one QR code, large enough for any
2-D scanner. The second has the same as bar codes for scanners that read bars alone: far apart from
each other, so that a hand that shakes scans one and not its neighbour, and numbered, though any
order will do.
"""

from typing import Final, NamedTuple

from contract import enrolling
from contract.enrolling import Invitation
from provisioning import marks
from provisioning.ink import BLACK, WHITE, Ink, widest_bar
from provisioning.mark_drawing import draw_mark
from provisioning.marks import Colour, Mark, Shape
from provisioning.sheets import A4

_LEFT: Final = 14.0
_WIDTH: Final = A4[0] - 2 * _LEFT
_GREY: Final = (70, 70, 70)
_QR_MM: Final = 84.0
"""Two millimetres a module: phones and scanners see it from a table's width away."""
_MAX_BAR_MM: Final = 0.5
_BAR_H: Final = 17.0


class _Step(NamedTuple):
    """What to do next: its picture and its words; ``zh`` and ``en`` are two lines each."""

    icons: tuple[str, ...]
    colour: Colour
    zh: tuple[str, str]
    en: tuple[str, str]


STEPS: Final = (
    _Step(
        ("power-plug", "volume-high"),
        marks.SLATE,
        ("插上电源、扫码枪和打印机", "等它说“准备好了”"),
        ("Plug in power, scanner and printer;", "wait until it says that it is ready"),
    ),
    _Step(
        ("cellphone", "wifi"),
        marks.BLUE,
        ("在手机上打开“分享 Wi-Fi”的二维码，扫它", "插了网线就跳过这一步"),
        (
            'Show "Share Wi-Fi" on your phone, scan its code;',
            "with a network cable, leave this out",
        ),
    ),
    _Step(
        ("qrcode-scan",),
        marks.PURPLE,
        ("扫下面的大二维码", "扫码枪只认条码：扫第 2 页的每一个，先后不限"),
        (
            "Scan the large code below; with a scanner for",
            "bars alone: all of page 2, in any order",
        ),
    ),
    _Step(
        ("receipt-text", "dialpad"),
        marks.ORANGE,
        ("它印出站名和六位数字", "把数字输入中心的网页，或念给同事听"),
        (
            "It prints the stop's name and six digits:",
            "type them on the hub's page, or read them out",
        ),
    ),
    _Step(
        ("barcode-scan", "check-decagram"),
        marks.GREEN,
        ("扫样品袋", "绿灯亮、嘀一声，就好了"),
        ("Scan the sample bag:", "green light and a beep, and it is done"),
    ),
)


class Facts(NamedTuple):
    """What the sheet says besides: the stop's names, until when (as people read it) the code works,
    and whose place the kiosk takes, or ""."""

    stop_zh: str
    stop_en: str
    until: str
    replaces: str = ""


def draw(invitation: Invitation, facts: Facts) -> bytes:
    """The PDF."""
    ink = Ink("接入新终端 · Add a kiosk")
    ink.page(A4)
    _head(ink, facts, "接入新终端", "Add a kiosk")
    y = 44.0
    for number, step in enumerate(STEPS, 1):
        _step(ink, number, step, y)
        y += 27.5
    ink.line((150, 150, 150), 0.3)
    ink.pdf.rect(_LEFT, 184, _WIDTH, 92, round_corners=True, corner_radius=3)
    ink.qr(enrolling.encode(invitation), _LEFT + 4, 188, _QR_MM)
    _beside(ink, invitation, facts, _LEFT + _QR_MM + 8, 194)
    _foot(ink)
    _bars(ink, invitation, facts)
    return ink.output()


def _head(ink: Ink, facts: Facts, zh: str, en: str) -> None:
    ink.fill(marks.GREEN)
    ink.pdf.rect(_LEFT, 12, _WIDTH, 26, style="F", round_corners=True, corner_radius=3)
    half = _WIDTH / 2 - 6
    ink.fit(zh, _LEFT + 5, 14, half, 13, points=28, colour=WHITE, bold=True)
    ink.fit(en, _LEFT + 5, 27, half, 8, points=16, colour=WHITE)
    right = _LEFT + _WIDTH / 2
    ink.fit(facts.stop_zh, right, 14, half, 13, points=26, colour=WHITE, bold=True, align="R")
    if facts.stop_en != facts.stop_zh:
        ink.fit(facts.stop_en, right, 27, half, 8, points=15, colour=WHITE, align="R")


def _step(ink: Ink, number: int, step: _Step, y: float) -> None:
    ink.fill(BLACK)
    ink.pdf.ellipse(_LEFT, y + 5, 13, 13, style="F")
    ink.fit(
        str(number), _LEFT, y + 5, 13, 13, points=26, colour=WHITE, bold=True, align="C",
        leading=0.9,
    )  # fmt: skip
    draw_mark(ink, Mark(Shape.TILE, step.colour, step.icons), _LEFT + 17, y, 23)
    left, width = _LEFT + 45, _WIDTH - 45
    ink.fit(step.zh[0], left, y - 0.5, width, 8, points=18, bold=True)
    ink.fit(step.zh[1], left, y + 7.3, width, 6.5, points=14)
    ink.fit(step.en[0], left, y + 14, width, 5, points=11, colour=_GREY)
    ink.fit(step.en[1], left, y + 18.7, width, 5, points=11, colour=_GREY)


def _beside(ink: Ink, invitation: Invitation, facts: Facts, x: float, y: float) -> None:
    width = _LEFT + _WIDTH - x - 4
    ink.icon("qrcode-scan", x, y, 14, marks.PURPLE)
    ink.fit("第 3 步扫这里", x + 18, y, width - 18, 8, points=18, bold=True)
    ink.fit("Step 3: scan here", x + 18, y + 8, width - 18, 6, points=12, colour=_GREY)
    y += 24
    for zh, en in _notes(invitation, facts):
        ink.fit(zh, x, y, width, 6, points=12)
        ink.fit(en, x, y + 5.8, width, 5, points=10, colour=_GREY)
        y += 13.5


def _notes(invitation: Invitation, facts: Facts) -> list[tuple[str, str]]:
    notes = [
        (f"有效到 {facts.until}", f"Works until {facts.until}"),
        ("只能用一次，不要拍照外传", "Works once: pass no picture of it on"),
        (f"中心：{invitation.url}", "The hub that it will belong to"),
    ]
    if facts.replaces:
        notes.insert(0, (f"代替：{facts.replaces}", f"In place of {facts.replaces}"))
    return notes


def _foot(ink: Ink) -> None:
    ink.fit(
        "用完请撕掉这张纸 · Tear this sheet up when it is done",
        _LEFT, 281, _WIDTH, 6, points=11, colour=_GREY, align="C",
    )  # fmt: skip


def _bars(ink: Ink, invitation: Invitation, facts: Facts) -> None:
    parts = enrolling.parts(invitation)
    per_page = 7
    for number, part in enumerate(parts):
        place = number % per_page
        if place == 0:
            ink.page(A4)
            _head(ink, facts, "只认条码的扫码枪", "For scanners of bars alone")
            ink.fit(
                "代替大二维码：每一个都要扫到，先后不限，重复也没关系", _LEFT, 40, _WIDTH, 7,
                points=15, bold=True, align="C",
            )  # fmt: skip
            ink.fit(
                "Instead of the large code: scan every one, in any order; twice does no harm",
                _LEFT, 47, _WIDTH, 5, points=11, colour=_GREY, align="C",
            )  # fmt: skip
            _foot(ink)
        _bar(ink, part, number + 1, len(parts), 58.0 + place * 31.5)


def _bar(ink: Ink, part: str, number: int, of: int, y: float) -> None:
    ink.fit(str(number), _LEFT, y, 14, _BAR_H, points=30, bold=True, align="C", leading=0.9)
    ink.fit(f"/ {of}", _LEFT + 13, y + 5, 10, _BAR_H - 5, points=14, colour=_GREY)
    width = _WIDTH - 24
    ink.bars(part, _LEFT + 24, y, width, _BAR_H, widest_bar(part, width, _MAX_BAR_MM))
    ink.fit(part, _LEFT + 24, y + _BAR_H + 0.5, width, 4, points=9, colour=_GREY, align="C")
