"""The scanners whose makers' settings codes were found, and the codes.

Each `Setting.source` was opened, and what it shows was measured: of bars every symbol, function
characters included, of two-dimensional codes every byte. Models are those whose own pages show the
very codes; a model that its maker's pages name twice, in versions that differ, is left out.
"""

from __future__ import annotations

from typing import Final

from provisioning.scanner_netum import NETUM
from provisioning.scanner_settings import FNC3, Family, Purpose, Setting

_NEWLAND: Final = "https://github.com/maxirmx/logibooks.ui/blob/HEAD/src/assets/wd4"
_NEWLAND_WORDS: Final = (
    "https://github.com/bitcoinvietnam/lamassu-machine/blob/HEAD/lib/fm430/fm430/fm430-protocol.js"
)
"""Names each command, its values and the page of the maker's guide to the FM430 that has it (good
read beep: page 22; keyboards of countries: page 56). How the scan mode is numbered differs between
Newland's models (sense mode is 1 there and 2 elsewhere), so no code for it is given."""
_HONEYWELL: Final = (
    "https://github.com/REV23Docs/rev23-desktop-docs/blob/HEAD/docs/hardware/img"
    "/bar-code-control-ascii-mode-on.png"
)
_HONEYWELL_WORDS: Final = (
    "https://github.com/bugobliterator/funlittleprojects/blob/HEAD/scanner-cli/src/scanner/cli.py"
)
"""Lists commands with their meanings from the maker's guide to the N36xx engines."""
_HONEYWELL_FORM: Final = (
    "https://www.accuratedata.com/wordpress/index.php/category"
    "/tips-and-tricks-about-barcode-symbologies/"
)
"""Says how to make a menu code: a tilde, the command, a full stop, FNC3. So is the picture."""
_DATALOGIC: Final = "https://github.com/anders/td1100/blob/HEAD/main.go"
_GROW: Final = "https://github.com/bezahl-online/gm65/blob/HEAD/docs/gm65_manual.pdf"

FAMILIES: Final = (
    Family(
        "Honeywell / Metrologic",
        "Voyager, Eclipse, Xenon, Hyperion, Granit",
        (Setting(Purpose.SEPARATOR, f"~KBDCAS1.{FNC3}", _HONEYWELL),),
        (Purpose.SILENT, Purpose.ENDS, Purpose.LOOKS, Purpose.LAYOUT),
        "https://manualsbrain.com/en/manuals/1245603/",
    ),
    Family(
        "Honeywell N36",
        "N36xx（内置模组 / engines）",
        (
            Setting(Purpose.ENDS, f"~VSUFCR.{FNC3}", _HONEYWELL_WORDS, form=_HONEYWELL_FORM),
            Setting(Purpose.LOOKS, f"~TRGMOD3.{FNC3}", _HONEYWELL_WORDS, form=_HONEYWELL_FORM),
        ),
        (Purpose.SILENT, Purpose.LAYOUT),
        "https://www.manualslib.com/manual/548271/Honeywell-1900ghd-2.html",
    ),
    Family(
        "Zebra / Symbol / Motorola",
        "LS2208, LS4208, DS2208, DS4308, DS9208",
        (),
        (Purpose.SILENT, Purpose.ENDS, Purpose.LOOKS, Purpose.LAYOUT),
        "https://www.easymanua.ls/zebra/ds2208/manual/436006",
    ),
    Family(
        "Datalogic",
        "Touch TD1100 (QuickScan, Gryphon: 见手册 / see the manual)",
        (
            Setting(Purpose.BEGIN, f"{FNC3}$P\r", _DATALOGIC),
            Setting(Purpose.LOOKS, f"{FNC3}$CSNRM04\r", _DATALOGIC),
            Setting(Purpose.FINISH, f"{FNC3}$P\r", _DATALOGIC),
        ),
        (Purpose.SILENT, Purpose.ENDS, Purpose.LAYOUT),
        "https://www.easymanua.ls/datalogic/gryphon-gps4421/manual",
    ),
    Family(
        "Newland 新大陆",
        "HR, FM, BS",
        (
            Setting(Purpose.BEGIN, f"{FNC3}@SETUPE1", f"{_NEWLAND}/setup-e1.png"),
            Setting(
                Purpose.SILENT,
                f"{FNC3}@GRBENA0",
                _NEWLAND_WORDS,
                form=f"{_NEWLAND}/setup-e1.png",
            ),
            Setting(Purpose.ENDS, f"{FNC3}@TSUSET0D0A", f"{_NEWLAND}/tsuset0d0a.png"),
            Setting(
                Purpose.LAYOUT,
                f"{FNC3}@KBWCTY0",
                _NEWLAND_WORDS,
                form=f"{_NEWLAND}/setup-e1.png",
            ),
            Setting(Purpose.FINISH, f"{FNC3}@SETUPE0", f"{_NEWLAND}/setup-e0.png"),
        ),
        (Purpose.LOOKS,),
        "https://www.manualslib.com/manual/1711084/Newland-Nls-Hr42.html",
    ),
    Family(
        "Grow (Hangzhou Grow Technology)",
        "GM65",
        (
            Setting(Purpose.SILENT, "\x80R004000.", f"{_GROW}#page=16", "qr"),
            Setting(Purpose.ENDS, "\x80R606101.", f"{_GROW}#page=23", "qr"),
            Setting(Purpose.LOOKS, "\x80R000303.", f"{_GROW}#page=12", "qr"),
            Setting(Purpose.LAYOUT, "\x80R61FF00.", f"{_GROW}#page=17", "qr"),
            Setting(Purpose.PORT, "\x80R0D0303.", f"{_GROW}#page=10", "qr"),
        ),
        (),
        _GROW,
    ),
    *NETUM,
)
