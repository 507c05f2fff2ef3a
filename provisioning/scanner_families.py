"""The scanners whose makers' settings codes were found, and the codes.

Each `Setting.source` was opened, and what it shows was measured: of bars every symbol, function
characters included, of two-dimensional codes every byte. Models are those whose own pages show the
very codes; a model that its maker's pages name twice, in versions that differ, is left out.
"""

from __future__ import annotations

from typing import Final

from provisioning.scanner_datalogic import GRYPHON
from provisioning.scanner_netum import NETUM
from provisioning.scanner_settings import FNC3, Family, Purpose, Setting

_NEWLAND: Final = "https://github.com/maxirmx/logibooks.ui/blob/HEAD/src/assets/wd4"
_NEWLAND_WORDS: Final = (
    "https://github.com/bitcoinvietnam/lamassu-machine/blob/HEAD/lib/fm430/fm430/fm430-protocol.js"
)
"""Names each command, its values and the page of the maker's guide to the FM430 that has it (good
read beep: page 22; keyboards of countries: page 56)."""
_SUNMI: Final = "https://docs.sunmi.com/zh-CN/cdixeghjk491/xfxfeghjk535"
"""Sunmi on the Newland engine of its terminals: scan mode 2 is sense mode. In the FM430, says the
page above, 2 is continuous mode: without a trigger as well."""
_HONEYWELL: Final = (
    "https://github.com/REV23Docs/rev23-desktop-docs/blob/HEAD/docs/hardware/img"
    "/bar-code-control-ascii-mode-on.png"
)
_HONEYWELL_WORDS: Final = (
    "https://github.com/bugobliterator/funlittleprojects/blob/HEAD/scanner-cli/src/scanner/cli.py"
)
"""Lists commands with their meanings from the maker's guide to the N36xx engines."""
_HONEYWELL_BEEP: Final = (
    "https://github.com/hjgode/WebsocketWearableBridge/blob/HEAD/app/src/main/java/hsm/demo"
    "/websocketwearablebridge/btScanCtrl.java"
)
_HONEYWELL_MODE: Final = (
    "https://github.com/nymea/nymea-plugins/blob/e1bef99c997e9c7cc2697e114de54def82237d45"
    "/honeywellscanner/honeywellscanner.cpp"
)
"""For any of the maker's scanners on a serial line."""
_HONEYWELL_FORM: Final = "https://github.com/Arakis/barcoder/blob/HEAD/README.md"
"""Says how to make a menu code: a tilde, the command, a full stop, FNC3. So is the picture."""
_ZEBRA: Final = (
    "https://github.com/UberKitten/barcOwned/blob/HEAD/js/lib/barcowned-models/symbol.js"
)
"""Has the codes as BWIPP writes them, FNC3 in front; at first it named the DS6707 alone. To send
Enter is a rule of the makers' "Advanced Data Formatting": a rule without criteria is applied to
every code, and the rules before it are erased first
(https://gist.github.com/binki/e91965e954017a84b7d882d2d5b91c36 has the order)."""
_DATALOGIC: Final = "https://github.com/anders/td1100/blob/HEAD/main.go"
_GROW: Final = "https://github.com/bezahl-online/gm65/blob/HEAD/docs/gm65_manual.pdf"

FAMILIES: Final = (
    Family(
        "Honeywell / Metrologic",
        "Voyager, Eclipse, Xenon, Hyperion, Granit, 8680i, N36xx",
        (
            Setting(
                Purpose.SILENT,
                f"~BEPBEP0.{FNC3}",
                _HONEYWELL_BEEP,
                form=_HONEYWELL_FORM,
                model="8680i",
            ),
            Setting(
                Purpose.ENDS,
                f"~VSUFCR.{FNC3}",
                _HONEYWELL_WORDS,
                form=_HONEYWELL_FORM,
                model="N36xx",
            ),
            Setting(Purpose.LOOKS, f"~TRGMOD3.{FNC3}", _HONEYWELL_MODE, form=_HONEYWELL_FORM),
            Setting(Purpose.SEPARATOR, f"~KBDCAS1.{FNC3}", _HONEYWELL),
        ),
        (Purpose.LAYOUT,),
        "https://manualsbrain.com/en/manuals/1245603/",
    ),
    Family(
        "Zebra / Symbol / Motorola",
        "DS6707, LS2208, LS4208, DS2208, DS4308, DS9208",
        (
            Setting(Purpose.ENDS, f"{FNC3}80", _ZEBRA, model="DS6707"),
            Setting(Purpose.ENDS, f"{FNC3}7B1211", _ZEBRA, model="DS6707"),
            Setting(Purpose.ENDS, f"{FNC3}6A110", _ZEBRA, model="DS6707"),
            Setting(Purpose.ENDS, f"{FNC3}6A14470D", _ZEBRA, model="DS6707"),
            Setting(Purpose.ENDS, f"{FNC3}4", _ZEBRA, model="DS6707"),
            Setting(Purpose.LOOKS, f"{FNC3}2050207", _ZEBRA, model="DS6707"),
        ),
        (Purpose.SILENT, Purpose.LAYOUT),
        "https://www.easymanua.ls/zebra/ds2208/manual/436006",
    ),
    GRYPHON,
    Family(
        "Datalogic Touch",
        "TD1100（QuickScan：见手册 / see the manual）",
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
                Purpose.LOOKS,
                f"{FNC3}@SCNMOD2",
                _SUNMI,
                form=f"{_NEWLAND}/setup-e1.png",
            ),
            Setting(
                Purpose.LAYOUT,
                f"{FNC3}@KBWCTY0",
                _NEWLAND_WORDS,
                form=f"{_NEWLAND}/setup-e1.png",
            ),
            Setting(Purpose.FINISH, f"{FNC3}@SETUPE0", f"{_NEWLAND}/setup-e0.png"),
        ),
        (),
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
