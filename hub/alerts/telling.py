"""Who is told what: from alarms that owe something to messages. A function of its arguments.

Rules
-----
* All that a channel is owed at one moment is one message, the urgent first: thirty kiosks behind
  one broken router are one message, and so is what waited for the end of the quiet hours.
* In quiet hours only what is urgent is told.
* **A channel gets at most `AN_HOUR` messages an hour.** The last of them are kept for what is
  urgent. What finds no room stays owed, and comes with the next message.
* First the stop's own channels; the operator's (those of no stop) when it has none, when the alarm
  is the hub's, and from the escalation on. Where the operator has none, the stop's are told again.
* With no channel at all nothing is paid: the pages show what is open all the same.

A telephone number is in no message: messages lie on other people's servers. They say where at the
hub it is shown.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from msgspec import Struct

from hub.alerts import life, rules, words
from hub.alerts.forms import MOST_BYTES
from hub.alerts.life import Alarm
from hub.alerts.words import Text

AN_HOUR: Final = 12
FOR_URGENT: Final = 4
"""Of those, how many are kept for what is urgent."""


class Channel(Struct, frozen=True):
    """Somewhere that messages go; ``stop`` is whose group it is, empty the operator's."""

    id: str
    stop: str


class Message(Struct, frozen=True):
    """One message to one channel; ``key`` is the same for the same news."""

    key: str
    channel: str
    title: str
    text: str
    urgent: bool
    alarms: tuple[int, ...]


class Names(Struct, frozen=True):
    """What the text needs: a stop's name, a moment as people write it, and the address of the
    hub's page of alarms (empty: nobody said)."""

    stop: Callable[[str], Text]
    moment: Callable[[int], str]
    page: str = ""


def tell(
    alarms: Sequence[Alarm],
    held: Collection[int],
    channels: Sequence[Channel],
    recent: Mapping[str, int],
    names: Names,
    *,
    quiet: bool,
    now_ms: int,
) -> tuple[list[Alarm], list[Message]]:
    """The alarms of which people are told now, and the messages. ``held`` are ids of alarms about
    which nobody can know, ``recent`` counts the messages of the last hour to each channel."""
    told: list[Alarm] = []
    news: dict[str, list[Alarm]] = {}
    for alarm in sorted(alarms, key=lambda one: (one.severity != rules.URGENT, one.began_ms)):
        if not _is_due(alarm, alarm.id in held, quiet=quiet):
            continue
        level, targets = _targets(alarm, channels)
        room = AN_HOUR if alarm.severity == rules.URGENT else AN_HOUR - FOR_URGENT
        if not targets or any(recent.get(one, 0) >= room for one in targets if one not in news):
            continue
        for one in targets:
            news.setdefault(one, []).append(alarm)
        told.append(life.paid(alarm, level, now_ms))
    messages = [_message(channel, those, names) for channel, those in news.items()]
    return told, messages


def _is_due(alarm: Alarm, is_held: bool, *, quiet: bool) -> bool:
    if not alarm.owed or (quiet and alarm.severity != rules.URGENT):
        return False
    if alarm.owed == life.OVER:
        return True
    return not is_held and (alarm.fine_ms is None or alarm.flapping)


def _targets(alarm: Alarm, channels: Sequence[Channel]) -> tuple[int, list[str]]:
    """How many know of it then, and the channels that are told."""
    group = [one.id for one in channels if one.stop and one.stop == alarm.stop]
    operator = [one.id for one in channels if not one.stop]
    if alarm.owed == life.OVER:
        known = alarm.level == life.EVERYBODY
        return alarm.level, [*group, *operator] if known or not group else group
    if alarm.owed == life.ESCALATED:
        return life.EVERYBODY, operator or group
    if alarm.level == life.EVERYBODY or not group:
        return life.EVERYBODY, [*group, *operator]
    return life.GROUP, group


# --- the words of a message -----------------------------------------------------------------------

_HEADS: Final[Mapping[str, Text]] = {
    life.BEGAN: Text("", ""),
    life.AGAIN: Text("仍未确认：", "Still not acknowledged: "),
    life.ESCALATED: Text("站点无人确认：", "Nobody at the stop has acknowledged: "),
    life.FLAPPING: Text("时好时坏：", "It comes and goes: "),
    life.OVER: Text("已恢复：", "Over: "),
}


def _message(channel: str, those: Sequence[Alarm], names: Names) -> Message:
    urgent = any(one.severity == rules.URGENT and one.owed != life.OVER for one in those)
    title = headline(those, names)
    key = "|".join(f"{one.id}.{one.told}.{one.owed}" for one in those)
    return Message(
        hashlib.sha256(f"{channel}|{key}".encode()).hexdigest(),
        channel,
        title,
        _fitted(those, names, title),
        urgent,
        tuple(one.id for one in those),
    )


def headline(those: Sequence[Alarm], names: Names) -> str:
    """One line for a subject."""
    first = _line(those[0], names)
    more = len(those) - 1
    return f"{first}{f' (+{more})' if more else ''}"


def _fitted(those: Sequence[Alarm], names: Names, title: str) -> str:
    """As much of it as a message holds: the first in full, the others at least by name."""
    foot = f"\n{names.page}" if names.page else ""
    text, rest = "", list(those)
    while rest:
        full = text + _paragraph(rest[0], names)
        if len((full + foot).encode()) > MOST_BYTES - 120 * (len(rest) > 1):
            break
        text = full + "\n"
        rest.pop(0)
    while rest:
        line = text + _line(rest[0], names) + "\n"
        left = f"（另有 {len(rest)} 个 / {len(rest)} more）"
        if len((line + left + foot).encode()) > MOST_BYTES:
            text += left + "\n"
            break
        text = line
        rest.pop(0)
    return (text.rstrip("\n") or title) + foot


def _line(alarm: Alarm, names: Names) -> str:
    told, head, stop = _words(alarm), _HEADS[alarm.owed], _where(alarm, names)
    return f"【义仓】{head.zh}{stop.zh}：{told.title.zh} / {head.en}{stop.en}: {told.title.en}"


def _paragraph(alarm: Alarm, names: Names) -> str:
    told, whom = _words(alarm), words.RING[rules.ring(alarm.kind)]
    where, kiosk = _where(alarm, names), f" ({alarm.kiosk})" if alarm.kiosk else ""
    severity, head = words.SEVERITY[alarm.severity], _HEADS[alarm.owed]
    since = names.moment(alarm.began_ms)
    if alarm.owed == life.OVER:
        return (
            f"【义仓】{head.zh}{where.zh}：{told.title.zh}{kiosk}\n"
            f"{head.en}{where.en}: {told.title.en}{kiosk}\n"
        )
    return (
        f"【义仓】[{severity.zh}] {head.zh}{where.zh}：{told.title.zh}{kiosk}，{since} 起\n"
        f"可能原因：{told.cause.zh}\n请联系{whom.zh}，问：“{told.ask.zh}”\n"
        f"[{severity.en}] {head.en}{where.en}: {told.title.en}{kiosk}, since {since}\n"
        f"Likely: {told.cause.en}\nRing {whom.en} and ask: “{told.ask.en}”\n"
    )


def _words(alarm: Alarm) -> words.Words:
    return words.of(alarm.kind, alarm.values)


def _where(alarm: Alarm, names: Names) -> Text:
    return names.stop(alarm.stop) if alarm.stop else Text("中心", "Hub")
