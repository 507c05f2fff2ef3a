"""Settings codes of Datalogic's Gryphon 4400 series, from the maker's guide and command tables.

The guide pictures Data Matrix codes, each a "reader programming" symbol (ISO/IEC 16022: its first
codeword is 234) with the command in ASCII encodation. Seven of its pictures were built anew by
these rules and came out module for module; so those were built that its tables only name.
"""

from __future__ import annotations

from typing import Final

from provisioning.scanner_settings import Family, Purpose, Setting

_AT: Final = (
    "https://github.com/marcel-galliker/Mouvent-PrintEngine/blob/HEAD/Project/Barcode%20Scanner"
    "/DataLogic"
)
_GUIDE: Final = f"{_AT}/QuickRef4400.pdf"
_TABLES: Final = f"{_AT}/Museo_Software_Configuration_Strings.docx"
_SUFFIX: Final = "https://github.com/Hypernova-Oy/SSAuthenticator/blob/HEAD/lib/SSAuthenticator/AutoConfigurer.pm"
"""Writes the suffix to a GFS4400 and reads it back: twenty bytes, filled up with zeros."""
_ENTER_OR_LEAVE: Final = (
    "101010101010",
    "100001001111",
    "110010110100",
    "110100011011",
    "111000111010",
    "100001110001",
    "100110110110",
    "111001011111",
    "110010110100",
    "101100100101",
    "101000001010",
    "111111111111",
)
"""The maker's one picture for both."""

_SETTINGS: Final = (
    Setting(
        Purpose.PORT,
        "$P,HA47,P\r",
        f"{_GUIDE}#page=12",
        "datamatrix",
        modules=(
            "1010101010101010",
            "1000011010101101",
            "1100011011000010",
            "1101001101100011",
            "1101001010011000",
            "1000010011011111",
            "1001000011101100",
            "1100000110010011",
            "1010010101110110",
            "1011101010000111",
            "1010111110000000",
            "1001001010111001",
            "1011101000111100",
            "1011101001101101",
            "1110101000001010",
            "1111111111111111",
        ),
    ),
    Setting(
        Purpose.BEGIN,
        "$P\r",
        f"{_GUIDE}#page=16",
        "datamatrix",
        modules=_ENTER_OR_LEAVE,
    ),
    Setting(
        Purpose.SILENT,
        "$CBPVO00\r",
        _TABLES,
        "datamatrix",
        form=f"{_GUIDE}#page=18",
        modules=(
            "1010101010101010",
            "1001000001100011",
            "1100010110001000",
            "1101010101000111",
            "1101001010110010",
            "1001011011100111",
            "1111111101101100",
            "1101001101111011",
            "1000001011010100",
            "1000010100001001",
            "1001101101100000",
            "1110101001110111",
            "1110011101111100",
            "1011101100101101",
            "1010000001101010",
            "1111111111111111",
        ),
    ),
    Setting(
        Purpose.ENDS,
        f"$CLFSU0D{'0' * 38}\r",
        _SUFFIX,
        "datamatrix",
        form=f"{_GUIDE}#page=18",
        modules=(
            "1010101010101010101010",
            "1001000011001000000001",
            "1100011010001001010000",
            "1101000100100000100011",
            "1101111000100100101000",
            "1001010010000101100001",
            "1110000010010000000100",
            "1101001000000001111111",
            "1100001001000111101100",
            "1010100001011011111011",
            "1000100100001000011000",
            "1101000100100100001101",
            "1010010000011110110110",
            "1100010010010011110001",
            "1001000001100101001100",
            "1001001010000011100001",
            "1100000011100111110110",
            "1100101000000110011001",
            "1000000010001001000010",
            "1010101010100001011001",
            "1100101000011110001000",
            "1111111111111111111111",
        ),
    ),
    Setting(
        Purpose.LOOKS,
        "$CSNRM03\r",
        f"{_GUIDE}#page=18",
        "datamatrix",
        modules=(
            "1010101010101010",
            "1001000100000101",
            "1100011000000010",
            "1101001100110001",
            "1101111010001100",
            "1001011011110111",
            "1101111110010100",
            "1011001101111011",
            "1100000111011100",
            "1000010010000001",
            "1001001101101010",
            "1110110100010001",
            "1111000100010000",
            "1010001010100101",
            "1001100001001010",
            "1111111111111111",
        ),
    ),
    Setting(
        Purpose.LAYOUT,
        "$CKBCO00\r",
        _TABLES,
        "datamatrix",
        form=f"{_GUIDE}#page=18",
        modules=(
            "1010101010101010",
            "1001000011100011",
            "1100011001000000",
            "1101000101010011",
            "1101011010110010",
            "1000011011111111",
            "1110011110110100",
            "1101001101011011",
            "1000000000010100",
            "1000011100010101",
            "1001111100110000",
            "1110101011101111",
            "1101010111111110",
            "1011001001001101",
            "1000000001001010",
            "1111111111111111",
        ),
    ),
    Setting(
        Purpose.FINISH,
        "$P\r",
        f"{_GUIDE}#page=16",
        "datamatrix",
        modules=_ENTER_OR_LEAVE,
    ),
)

GRYPHON: Final = Family(
    "Datalogic Gryphon 4400",
    "GFS4400（同系列 / same series: GPS4400, GD4400, GBT4400）",
    _SETTINGS,
    (),
    _GUIDE,
)
