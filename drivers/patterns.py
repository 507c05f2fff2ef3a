"""What a panel shows and sounds: every pattern there is, as data. Pure.

The rules of this table, each held by a test:

* **Green means saved, and nothing else is green.** Red means refused, or that the kiosk cannot
  save. What a lane is used for is told in white, blue, magenta and cyan. Only a self-test
  (`Signal.TEST`), which is never the answer to a scan, shows every colour, and red first.
* **The ear is enough, and so is the eye.** Any two patterns that sound differ in rhythm: another
  number of beats, or one beat or pause at least twice as long. A buzzer that knows one pitch only
  is enough; where it knows more, pitch differs as well. Any two lights differ in rhythm in the
  same way, so that nobody needs to tell red from green.
* **Silence means that there is nothing for you to do**: `Signal.BUSY`, `Signal.IDLE` and
  `Alarm.OFFLINE` are silent, and so are modes. Alarms sound once, when they begin; their light
  stays.
* **Nothing flashes more than three times within a second** (WCAG 2.2, success criterion 2.3.1).
* At most four beats: more cannot be counted at a glance.

A pattern is played ``once``, then its ``loop`` for as long as it holds; where there is no loop,
the lane's resting light (`resting`) comes back. Times are milliseconds, tones hertz.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from typing import Final

from msgspec import Struct

from drivers.ports import Alarm, Signal, Words


class Colour(Enum):
    """A light, as (red, green, blue), each on or off: no lamp needs dimming."""

    OFF = (False, False, False)
    RED = (True, False, False)
    GREEN = (False, True, False)
    BLUE = (False, False, True)
    YELLOW = (True, True, False)
    MAGENTA = (True, False, True)
    CYAN = (False, True, True)
    WHITE = (True, True, True)


class Step(Struct, frozen=True):
    """A light and a tone (0: silence) for so many milliseconds."""

    ms: int
    light: Colour = Colour.OFF
    tone: int = 0


class Pattern(Struct, frozen=True):
    """``once``, then ``loop`` until something else is shown. Loops are silent."""

    tells: Words
    once: tuple[Step, ...] = ()
    loop: tuple[Step, ...] = ()

    @property
    def once_ms(self) -> int:
        """How long ``once`` takes."""
        return total_ms(self.once)


def total_ms(steps: Collection[Step]) -> int:
    """How long these steps take together."""
    return sum(step.ms for step in steps)


def _blinks(colour: Colour, *times: int) -> tuple[Step, ...]:
    """``times`` alternate: lit, dark, lit, …"""
    return tuple(Step(ms, Colour.OFF if place % 2 else colour) for place, ms in enumerate(times))


_C = Colour

SIGNALS: Final[dict[Signal, Pattern]] = {
    Signal.SAVED: Pattern(
        Words("已保存", "saved"),
        once=(Step(120, _C.GREEN, 2400), Step(1380, _C.GREEN)),
    ),
    Signal.REFUSED: Pattern(
        Words("没有接受，什么都没有改变", "refused: nothing was changed"),
        once=(
            Step(400, _C.RED, 440), Step(200, _C.RED), Step(200),
            Step(400, _C.RED, 440), Step(300, _C.RED),
        ),
    ),
    Signal.ATTENTION: Pattern(
        Words("已保存，但需要有人看一下", "saved, but somebody should look"),
        once=(
            Step(150, _C.YELLOW, 1200), Step(150), Step(150, _C.YELLOW, 1200), Step(150),
            Step(500, _C.YELLOW, 1800), Step(600, _C.YELLOW),
        ),
    ),
    Signal.BUSY: Pattern(
        Words("正在保存", "being saved"),
        loop=_blinks(_C.WHITE, 200, 400),
    ),
    Signal.IDLE: Pattern(Words("没有新消息", "nothing to tell")),
    Signal.IDENTIFY: Pattern(
        Words("中心在找这台终端", "the hub asks which kiosk this is"),
        once=(Step(1200, _C.CYAN, 1600), Step(400), Step(200, _C.CYAN, 1600)),
    ),
    Signal.TEST: Pattern(
        Words("自检：每种颜色和声音", "self-test: every colour and sound"),
        once=(
            Step(500, _C.RED, 440), Step(250), Step(500, _C.GREEN, 880), Step(250),
            Step(500, _C.BLUE, 1600), Step(250), Step(500, _C.WHITE, 2400),
        ),
    ),
}  # fmt: skip

ALARMS: Final[dict[Alarm, Pattern]] = {
    Alarm.UNSAVED: Pattern(
        Words("无法保存，请叫工作人员", "the kiosk cannot save: call the staff"),
        once=(
            Step(200, _C.RED, 2000), Step(200), Step(200, _C.RED, 1000), Step(200),
            Step(200, _C.RED, 2000), Step(200), Step(200, _C.RED, 1000), Step(200),
        ),
        loop=_blinks(_C.RED, 200, 200),
    ),
    Alarm.PAPER: Pattern(
        Words("打印机需要有人看一下", "a printer needs somebody"),
        once=(Step(500, _C.YELLOW, 1600), Step(150), Step(150, _C.YELLOW, 800), Step(300)),
        loop=(Step(400), *_blinks(_C.YELLOW, 600, 200, 200, 400)),
    ),
    Alarm.OFFLINE: Pattern(
        Words("没有网络，照常使用", "no network: go on as usual"),
        loop=(Step(300), *_blinks(_C.BLUE, 100, 300)),
    ),
}  # fmt: skip
"""`Alarm.UNSAVED` takes the place of the mode's light, the others come between (`resting`)."""

MODES: Final[dict[str, Pattern]] = {
    "rest": Pattern(
        Words("请开始", "ready: come and scan"), loop=(Step(1000, _C.WHITE),)
    ),
    "carded": Pattern(
        Words("卡已读", "a card was read"), loop=_blinks(_C.BLUE, 1800, 200)
    ),
    "intake": Pattern(
        Words("收货", "goods are coming in"), loop=_blinks(_C.CYAN, 1400, 200, 200, 200)
    ),
    "asking": Pattern(
        Words("请扫所问的码或卡", "waiting for the one scan that it asked for"),
        loop=_blinks(_C.MAGENTA, 400, 400),
    ),
    "handover": Pattern(
        Words("交接", "items are chosen for a handover"),
        loop=_blinks(_C.BLUE, 200, 300, 200, 1300),
    ),
    "plan": Pattern(
        Words("送货单", "a plan was scanned: how did it go?"),
        loop=_blinks(_C.BLUE, 200, 300, 200, 300, 200, 1300),
    ),
    "packing": Pattern(
        Words("装箱", "a box is packed or unpacked"), loop=_blinks(_C.MAGENTA, 200, 1800)
    ),
    "receiving": Pattern(
        Words("接收转运", "a transfer is received"),
        loop=_blinks(_C.CYAN, 1400, 200, 200, 200, 200, 200),
    ),
    "market": Pattern(
        Words("义卖", "charity market"), loop=_blinks(_C.WHITE, 900, 900, 200, 900)
    ),
    "stocktake": Pattern(
        Words("盘点", "stocktake"), loop=_blinks(_C.MAGENTA, 1200, 1200)
    ),
    "time": Pattern(
        Words("时间记录", "time offered or worked"),
        loop=_blinks(_C.WHITE, 200, 300, 200, 300, 200, 300, 200, 1300),
    ),
    "campaign": Pattern(
        Words("一勺米", "campaign contribution"),
        loop=_blinks(_C.CYAN, 1200, 200, 200, 200, 200, 200, 200, 200),
    ),
}  # fmt: skip
"""What a lane is used for (`kiosk.state.Phase`), as its light at all times."""

OTHER: Final = Pattern(
    Words("其他用途", "any other use"), loop=_blinks(_C.BLUE, 900, 200, 200, 200, 900, 1200)
)
"""The light of a mode that has none of its own."""

MODE_SHOWN_MS: Final = 4000
"""How long a mode's light lasts between two reminders of an alarm."""


def mode_pattern(mode: str) -> Pattern:
    """The light of a mode; `OTHER` for one that is not in `MODES`."""
    return MODES.get(mode, OTHER)


def resting(mode: str, alarms: Collection[Alarm]) -> tuple[Step, ...]:
    """The loop that a lane shows while there is no signal: its mode, and between whiles what
    holds for the whole kiosk. A kiosk that cannot save shows nothing else."""
    if Alarm.UNSAVED in alarms:
        return ALARMS[Alarm.UNSAVED].loop
    steps = mode_pattern(mode).loop
    reminders = [alarm for alarm in Alarm if alarm in alarms]
    if not reminders:
        return steps
    times = -(-MODE_SHOWN_MS // total_ms(steps))
    return steps * times + tuple(step for alarm in reminders for step in ALARMS[alarm].loop)
