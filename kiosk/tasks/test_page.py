"""The page that a self-test prints, by whatever printer is tested with it. Pure."""

from collections.abc import Sequence
from typing import Final

from contract.messages import Check
from drivers.ports import Block, Code128, Cut, Document, Row, Rule, Text, Words
from kiosk.documents import Letterhead

SAMPLE: Final = "YICANG-TEST"
"""No code of ours: a scanner that reads it has a kiosk say so."""

KINDS: Final[dict[str, Words]] = {
    "scanner": Words("扫码枪", "Scanner"),
    "printer": Words("打印机", "Printer"),
    "panel": Words("灯和按钮", "Lights and buttons"),
    "lights": Words("灯：红绿蓝白", "Lights: red, green, blue, white"),
    "buzzer": Words("蜂鸣器", "Buzzer"),
    "speaker": Words("喇叭", "Speaker"),
    "disk": Words("存储卡", "Disk"),
    "clock": Words("时间", "Clock"),
    "network": Words("中心", "Hub"),
}
_TITLE: Final = Words("自检", "Self-test")
_READ_ME: Final = Words(
    "这张能看清、条码能扫，打印机就是好的",
    "If this is sharp and the bars can be scanned, the printer is well",
)
_OK: Final = Words("好", "ok")
_BAD: Final = Words("不好", "FAILS")
_LOOK: Final = Words("请看和听", "look, listen")


def page(
    checks: Sequence[Check], kiosk: str, software: str, letterhead: Letterhead, when: str | None
) -> Document:
    """What was found before printing began."""
    blocks: list[Block] = [
        Text(letterhead.pick(_TITLE, "\n"), size="large", align="centre", bold=True),
        Text(letterhead.pick(letterhead.stop), size="small", align="centre"),
        Text(kiosk, align="centre", bold=True),
    ]
    if when is not None:
        blocks.append(Text(when, size="small", align="centre"))
    blocks += [Text(software, size="small", align="centre"), Rule()]
    for check in checks:
        kind, _space, device = check.name.partition(" ")
        named = KINDS.get(kind)
        words = letterhead.pick(named) if named is not None else kind
        state = _LOOK if check.ok is None else _OK if check.ok else _BAD
        blocks.append(Row(words, letterhead.pick(state), bold=check.ok is False))
        for more in (device, check.detail):
            if more:
                blocks.append(Text(more, size="small"))
    blocks += [
        Rule(),
        Code128(SAMPLE, height_mm=10.0),
        Text(SAMPLE, size="small", align="centre"),
        Text(letterhead.pick(_READ_ME, "\n"), size="small"),
        Cut(),
    ]
    return Document("slip", tuple(blocks))
