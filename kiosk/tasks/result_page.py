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
    "lights": Words("灯", "Lights"),
    "buzzer": Words("蜂鸣器", "Buzzer"),
    "speaker": Words("喇叭", "Speaker"),
    "disk": Words("存储卡", "Disk"),
    "clock": Words("时间", "Clock"),
    "network": Words("中心", "Hub"),
}
_TITLE: Final = Words("自检", "Self-test")
_READ_ME: Final = Words(
    "这张清楚、条码能扫，打印机就正常",
    "If this is sharp and the bars can be scanned, the printer is well",
)
_OK: Final = Words("好", "ok")
_BAD: Final = Words("不好", "FAILS")
_LOOK: Final = Words("请看", "look")
_LISTEN: Final = Words("请听", "listen")
_HEARD: Final = frozenset({"buzzer", "speaker"})
_ALL_WELL: Final = Words("其余都好", "All else is well")


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
        look = _LISTEN if kind in _HEARD else _LOOK
        state = look if check.ok is None else _OK if check.ok else _BAD
        blocks.append(Row(words, letterhead.pick(state), bold=check.ok is False))
        for more in (device, _in_language(check.detail, letterhead)):
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


def label(checks: Sequence[Check], kiosk: str, letterhead: Letterhead) -> Document:
    """The same for a label that has an end: what fails, and bars to scan."""
    bad = [check for check in checks if check.ok is False]
    names = []
    for check in bad:
        kind = check.name.partition(" ")[0]
        names.append(letterhead.pick(KINDS[kind]) if kind in KINDS else kind)
    told = "; ".join(names) if bad else letterhead.pick(_ALL_WELL)
    return Document(
        "label",
        (
            Code128(SAMPLE, height_mm=8.0),
            Text(f"{letterhead.pick(_TITLE)} {kiosk}", size="small", align="centre", bold=True),
            Text(f"{letterhead.pick(_BAD)}: {told}" if bad else told, size="small", align="centre"),
        ),
        spare=(2,),
    )


def _in_language(detail: str, letterhead: Letterhead) -> str:
    """A sentence that stands here in both languages."""
    zh, slash, en = detail.partition(" / ")
    return letterhead.pick(Words(zh, en)) if slash else detail
