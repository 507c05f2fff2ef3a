"""Netum's settings codes, as its own manuals picture them: a family for each of its languages.

See `provisioning.scanner_families`. Which family a scanner belongs to, its model tells.
"""

from __future__ import annotations

from typing import Final

from provisioning.scanner_settings import FNC3, Family, Purpose, Setting

_NETUM: Final = "https://github.com/netumscan/manual/blob/HEAD"
_CORDLESS: Final = "https://github.com/netumscan/manual-build-internal/blob/HEAD"

_CORDLESS_2D: Final = (
    Setting(Purpose.SILENT, "$BUZZ#0", f"{_CORDLESS}/scanner-doc1/media/24BUZZ230.png"),
    Setting(Purpose.ENDS, f"303005{FNC3}2", f"{_CORDLESS}/scanner-doc1/media/3030052.png"),
    Setting(Purpose.LOOKS, f"205020{FNC3}9", f"{_CORDLESS}/scanner-doc1/media/2050209.png"),
    Setting(Purpose.LAYOUT, "$LAN#EN", f"{_CORDLESS}/scanner-doc1/media/24LAN23EN.png"),
    Setting(Purpose.PORT, "%#IFSNO$3", f"{_CORDLESS}/scanner-doc1/media/2523IFSNO243.png"),
)
_CORDLESS_1D: Final = (
    Setting(Purpose.SILENT, "$BUZZ#0", f"{_CORDLESS}/scanner-doc3/media/24BUZZ230.png"),
    Setting(
        Purpose.ENDS,
        f"{FNC3}0212@\r",
        f"{_CORDLESS}/scanner-doc3/media/0212405Cr.png",
        symbols=(103, 96, 99, 2, 12, 101, 32, 77),
    ),
    Setting(
        Purpose.LOOKS,
        f"{FNC3}02311",
        f"{_CORDLESS}/scanner-doc3/media/02311.png",
        symbols=(104, 96, 16, 99, 23, 11),
    ),
    Setting(Purpose.LAYOUT, "$LAN#EN", f"{_CORDLESS}/scanner-doc3/media/24LAN23EN.png"),
    Setting(Purpose.PORT, "%#IFSNO$3", f"{_CORDLESS}/scanner-doc3/media/2523IFSNO243.png"),
)

NETUM: Final = (
    Family(
        "Netum A",
        "L5, L6, F16, K20, M5, M60, S5, S6, W22, Z8, NT-1228, NT-2028-PS, NT-8800",
        (
            Setting(Purpose.SILENT, f"3030{FNC3}0C1", f"{_NETUM}/scanner-212/media/30300C1.png"),
            Setting(Purpose.ENDS, f"303005{FNC3}2", f"{_NETUM}/scanner-212/media/3030052.png"),
            Setting(Purpose.LOOKS, f"205020{FNC3}9", f"{_NETUM}/scanner-212/media/2050209.png"),
            Setting(Purpose.LAYOUT, f"606010{FNC3}1", f"{_NETUM}/scanner-212/media/6060101.png"),
        ),
        (),
        f"{_NETUM}/scanner-212/L5/en/_sources/system.md",
    ),
    Family(
        "Netum B",
        "RD-2023, GY-70U",
        (
            Setting(Purpose.BEGIN, "#SETUPE1", f"{_NETUM}/scanner-290/media/23SETUPE1.png", "qr"),
            Setting(
                Purpose.SILENT, "@BUZZEROFF6", f"{_NETUM}/scanner-290/media/40BUZZEROFF6.png", "qr"
            ),
            Setting(Purpose.ENDS, "@ADDENTER", f"{_NETUM}/scanner-290/media/40ADDENTER.png", "qr"),
            Setting(
                Purpose.LOOKS,
                "@BRIGHTNESS1",
                f"{_NETUM}/scanner-290/media/40BRIGHTNESS1.png",
                "qr",
            ),
            Setting(Purpose.FINISH, "#SETUPE0", f"{_NETUM}/scanner-290/media/23SETUPE0.png", "qr"),
        ),
        (Purpose.LAYOUT,),
        f"{_NETUM}/scanner-290/RD-2023/en/_sources/system.md",
    ),
    Family(
        "Netum C",
        "I5, W9, GY-50U, NT-1202, NT-2012",
        (
            Setting(
                Purpose.BEGIN,
                "%+$.$",
                f"{_NETUM}/scanner-280/media/252B24.24.png",
                "datamatrix",
                modules=(
                    "101010101010",
                    "100101101001",
                    "110100111100",
                    "110010011111",
                    "100010101110",
                    "100001101101",
                    "100100110100",
                    "100001111101",
                    "101110001100",
                    "100001101101",
                    "110000111010",
                    "111111111111",
                ),
            ),
            Setting(
                Purpose.SILENT,
                "SND0",
                f"{_NETUM}/scanner-280/media/SND0.png",
                "datamatrix",
                modules=(
                    "101010101010",
                    "101101110011",
                    "100110001010",
                    "111100010101",
                    "100100100100",
                    "101011010111",
                    "100110111000",
                    "111011110101",
                    "111001101000",
                    "101111011101",
                    "100000111010",
                    "111111111111",
                ),
            ),
            Setting(
                Purpose.ENDS,
                "TC03",
                f"{_NETUM}/scanner-280/media/TC03.png",
                "datamatrix",
                modules=(
                    "1010101010",
                    "1011010011",
                    "1000001000",
                    "1100010011",
                    "1010000010",
                    "1101110101",
                    "1100010000",
                    "1111001111",
                    "1010000000",
                    "1111111111",
                ),
            ),
            Setting(
                Purpose.LOOKS,
                "MD02",
                f"{_NETUM}/scanner-280/media/MD02.png",
                "datamatrix",
                modules=(
                    "1010101010",
                    "1011000011",
                    "1000011110",
                    "1101001011",
                    "1110011000",
                    "1010010111",
                    "1110101110",
                    "1011010111",
                    "1110001010",
                    "1111111111",
                ),
            ),
            Setting(
                Purpose.LAYOUT,
                "KM00",
                f"{_NETUM}/scanner-280/media/KM00.png",
                "datamatrix",
                modules=(
                    "1010101010",
                    "1010101101",
                    "1001001010",
                    "1110100011",
                    "1101110000",
                    "1011011101",
                    "1100100100",
                    "1001010111",
                    "1010000110",
                    "1111111111",
                ),
            ),
            Setting(
                Purpose.FINISH,
                "%$$%",
                f"{_NETUM}/scanner-280/media/25242425.png",
                "datamatrix",
                modules=(
                    "101010101010",
                    "100101100001",
                    "110010110100",
                    "110100000111",
                    "101100110010",
                    "100110110011",
                    "100111010100",
                    "101110111011",
                    "111110101110",
                    "100110101101",
                    "110000101010",
                    "111111111111",
                ),
            ),
        ),
        (),
        f"{_NETUM}/scanner-280/I5/en/_sources/system.md",
    ),
    Family(
        "Netum D",
        "F20, L3, M1, S1, S3, W3, NT-6500（一维 / 1-D）",
        (
            Setting(Purpose.SILENT, f"{FNC3}014200", f"{_NETUM}/scanner-ccd/media/014200.png"),
            Setting(
                Purpose.ENDS,
                f"{FNC3}0212@\r",
                f"{_NETUM}/scanner-ccd/media/0212405Cr.png",
                symbols=(103, 96, 99, 2, 12, 101, 32, 77),
            ),
            Setting(
                Purpose.LOOKS,
                f"{FNC3}02311",
                f"{_NETUM}/scanner-ccd/media/02311.png",
                symbols=(104, 96, 16, 99, 23, 11),
            ),
            Setting(
                Purpose.LAYOUT,
                f"{FNC3}0005000",
                f"{_NETUM}/scanner-ccd/media/0005000.png",
                symbols=(104, 96, 16, 99, 0, 50, 0),
            ),
        ),
        (),
        f"{_NETUM}/scanner-ccd/F20/en/_sources/system.md",
    ),
    Family(
        "Netum E",
        "NT-12895",
        (
            Setting(
                Purpose.SILENT,
                f"{FNC3}8410090.",
                f"{_NETUM}/scanner-hs7/media/8410090..png",
                symbols=(104, 96, 24, 99, 41, 0, 90, 100, 14),
            ),
            Setting(Purpose.ENDS, f"{FNC3}890000.", f"{_NETUM}/scanner-hs7/media/890000..png"),
            Setting(
                Purpose.LOOKS,
                f"{FNC3}8610023.",
                f"{_NETUM}/scanner-hs7/media/8610023..png",
                symbols=(104, 96, 24, 99, 61, 0, 23, 100, 14),
            ),
            Setting(
                Purpose.LAYOUT,
                f"{FNC3}8210010.",
                f"{_NETUM}/scanner-hs7/media/8210010..png",
                symbols=(104, 96, 24, 99, 21, 0, 10, 100, 14),
            ),
            Setting(
                Purpose.PORT,
                f"{FNC3}881001133.",
                f"{_NETUM}/scanner-hs7/media/881001133..png",
                symbols=(104, 96, 24, 99, 81, 0, 11, 33, 100, 14),
            ),
        ),
        (),
        f"{_NETUM}/scanner-hs7/NT-12895/en/_sources/system.md",
    ),
    Family(
        "Netum F",
        "A3, A5, A8, CN-40, D-8600, NT-2010, NT-2030B, NT-2055A1, NT-2055M, NT-2085PRO, NT-6100S",
        (
            Setting(
                Purpose.SILENT, ">!0010100.", f"{_NETUM}/platform/media/3E210010100..png", "qr"
            ),
            Setting(Purpose.ENDS, ">!0010202.", f"{_NETUM}/platform/media/3E210010202..png", "qr"),
        ),
        (Purpose.LOOKS, Purpose.LAYOUT),
        f"{_NETUM}/platform/NT-2010/en/_sources/system.md",
    ),
    Family(
        "Netum G 无线 / cordless",
        "C750, CS7501, DS7500, DS-8100, DS-8500, E800, F18W, H8, K28, L8, L10, M8BT, M9, M80, "
        "NT-1200, NT-1228BL, NT-1228W, NT-1288, NT-1950, NT-8080, R2L, RS-8000BT, S8, W28, Z2",
        _CORDLESS_2D,
        (),
        f"{_CORDLESS}/scanner-doc1/DS7500/zh/_sources/system.md",
    ),
    Family(
        "Netum H 无线 / cordless",
        "C740, DS5000, E740, F1900, H3, H6, K6, L6BL, M6BT, M20, NT-1228BC, NT-2100, NT-6800, R3L, "
        "W6-X（一维 / 1-D）",
        _CORDLESS_1D,
        (),
        f"{_CORDLESS}/scanner-doc3/DS5000/zh/_sources/system.md",
    ),
)
