"""Every number that an operator may change: from when on something is an alarm, and how it is told.

One table. A stop may have its own value where ``per_stop`` says so; what nobody chose is the
default.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct


class Limit(Struct, frozen=True):
    """A number with its bounds; ``unit`` is s, min, h, days, mm, MB, °C, clock (minutes since
    midnight) or empty for a count."""

    name: str
    default: int
    least: int
    most: int
    unit: str
    zh: str
    en: str
    per_stop: bool = False


LIMITS: Final = (
    Limit(
        "hold_s", 60, 0, 3600, "s", "持续多久才算告警", "How long it lasts before it is an alarm"
    ),
    Limit(
        "silent_s",
        180,
        90,
        86_400,
        "s",
        "终端多久没有消息算失联",
        "How long a kiosk may say nothing",
        True,
    ),
    Limit("backlog", 500, 1, 1_000_000, "", "未送达的记录超过多少条", "Records not yet sent", True),
    Limit(
        "unsent_min",
        60,
        5,
        43_200,
        "min",
        "最早的未送达记录有多旧",
        "Age of the oldest record not yet sent",
        True,
    ),
    Limit(
        "clock_min",
        15,
        5,
        1440,
        "min",
        "启动多久后时钟仍不可信",
        "Time after its start without a trusted clock",
        True,
    ),
    Limit("hot_c", 80, 40, 110, "°C", "处理器温度", "Temperature of the processor", True),
    Limit("disk_mb", 500, 10, 1_000_000, "MB", "终端剩余空间少于", "Room left on a kiosk", True),
    Limit("paper_mm", 2000, 50, 100_000, "mm", "纸剩余少于", "Paper left", True),
    Limit("queue", 30, 1, 10_000, "", "等待打印的张数", "Papers waiting to be printed", True),
    Limit("restarts", 4, 2, 1000, "", "一小时内重启次数", "Restarts within an hour", True),
    Limit("prefixes", 0, 0, 20, "", "备用编号前缀不多于", "Spare prefixes left, at most", True),
    Limit(
        "certificate_days",
        30,
        1,
        365,
        "days",
        "证书还有多少天到期",
        "Days before a certificate ends",
    ),
    Limit(
        "drift_min",
        30,
        5,
        10_080,
        "min",
        "配置下发多久后仍未生效",
        "Time until a configuration should be in use",
    ),
    Limit("hub_disk_mb", 2000, 50, 10_000_000, "MB", "中心剩余空间少于", "Room left at the hub"),
    Limit(
        "fine_s",
        300,
        30,
        86_400,
        "s",
        "恢复正常多久后解除",
        "How long it is fine before it is over",
    ),
    Limit(
        "repeat_min",
        30,
        10,
        10_080,
        "min",
        "无人确认时，紧急的多久再提醒一次",
        "Urgent and not acknowledged: told again after",
    ),
    Limit(
        "remind_min",
        240,
        30,
        10_080,
        "min",
        "无人确认时，不紧急的多久再提醒一次",
        "Not urgent and not acknowledged: told again after",
    ),
    Limit(
        "escalate_min",
        15,
        0,
        10_080,
        "min",
        "站点群多久无人确认就通知运营人员",
        "The operator is told when the stop's group has not acknowledged for",
    ),
    Limit(
        "flaps",
        6,
        3,
        1000,
        "",
        "一小时内变化几次算时好时坏",
        "Changes within an hour that make it come and go",
    ),
    Limit("quiet_from", 22 * 60, 0, 1439, "clock", "安静时段开始", "Quiet hours begin"),
    Limit("quiet_to", 8 * 60, 0, 1439, "clock", "安静时段结束", "Quiet hours end"),
)

BY_NAME: Final[Mapping[str, Limit]] = {one.name: one for one in LIMITS}


class LimitError(ValueError):
    """No such limit, one that a stop cannot have of its own, or a value outside its bounds."""

    def __init__(self, name: str) -> None:
        limit = BY_NAME.get(name)
        bounds = f" ({limit.least} – {limit.most})" if limit else ""
        super().__init__(f"{name}{bounds}")
        self.name = name


class Limits:
    """The values in force; ``chosen`` maps (stop, name) to a value, stop "" being everywhere."""

    def __init__(self, chosen: Mapping[tuple[str, str], int] | None = None) -> None:
        self._chosen: Final = dict(chosen or {})

    def get(self, name: str, stop: str = "") -> int:
        """The value at ``stop``."""
        limit = BY_NAME[name]
        if limit.per_stop and (stop, name) in self._chosen:
            return self._chosen[stop, name]
        return self._chosen.get(("", name), limit.default)


def check(stop: str, name: str, value: int) -> None:
    """Whether it may be set so.

    Raises:
        LimitError: see there.
    """
    limit = BY_NAME.get(name)
    if limit is None or (stop and not limit.per_stop) or not limit.least <= value <= limit.most:
        raise LimitError(name)
