"""What a kiosk says of itself that somebody must see: a function of the set of its events.

Rules
-----
* **A device that does not work** is one incident for each outage: from the first ``ok`` false on,
  in the kiosk's order, until a later ``ok`` true of the same device. A process start ends it too: a
  kiosk tells anew, in its new epoch, of each device that does not work.
* **Help** is one incident for each lane, about the last time that somebody asked.
* **What the kiosk noticed** is one incident for each place in a journal that it names, or else for
  each such event. What a kiosk tells as a matter of course (`ROUTINE`) is none; a word that this
  release does not know is one.
* A void names what people did; it does not take back what a kiosk saw.

The subjects of these events have a colon, which no code has.
"""

from collections.abc import Sequence
from typing import Final

from contract.events import Body, DeviceChanged, HelpWanted, Noticed
from hub.folds.entries import Entry
from hub.folds.findings import Finding

DEVICE_DOWN: Final = "device-down"
HELP_WANTED: Final = "help-wanted"
KIOSK_NOTICED: Final = "kiosk-noticed"

WATCHED: Final = frozenset({DeviceChanged, HelpWanted, Noticed})
"""The types of the events that are folded here."""

ROUTINE: Final = frozenset(
    {"pending-dropped", "plan-dropped", "market-left", "market-resumed", "update-check"}
)
"""Words of `Noticed` that nobody needs to act upon: the person at the kiosk was told, or an updater
asked whether an event finds its way to the hub."""


def watched(kiosk: str, lane: str, body: Body) -> str | None:
    """The subject under which an event of this kind is folded here; None for all others."""
    match body:
        case DeviceChanged(device=device):
            return f"{kiosk}:device:{device}"
        case HelpWanted():
            return f"{kiosk}:help:{lane}"
        case Noticed(kind=kind) if kind not in ROUTINE:
            return f"{kiosk}:noticed:{kind}"
        case _:
            return None


def is_watched(subject: str) -> bool:
    """Whether this is a subject of `watched` and no code."""
    return ":" in subject


def fold_watched(subject: str, entries: Sequence[Entry], newest_epoch: str | None) -> list[Finding]:
    """What is to be seen now; ``entries`` are all events of ``subject``, sorted, and
    ``newest_epoch`` is the kiosk's last in order."""
    if not entries:
        return []
    if isinstance(entries[0].stored.body, DeviceChanged):
        return _device(subject, entries, newest_epoch)
    if isinstance(entries[0].stored.body, HelpWanted):
        last = entries[-1]
        key = f"{HELP_WANTED}:{last.stored.id}"
        return [_finding(key, HELP_WANTED, subject, last, {"lane": last.stored.lane})]
    return _noticed(subject, entries)


def _device(subject: str, entries: Sequence[Entry], newest_epoch: str | None) -> list[Finding]:
    began: Entry | None = None
    for entry in entries:
        body = entry.stored.body
        assert isinstance(body, DeviceChanged)
        if body.ok or entry.stored.epoch != newest_epoch:
            began = None
        elif began is None:
            began = entry
    if began is None:
        return []
    body = began.stored.body
    assert isinstance(body, DeviceChanged)
    detail: dict[str, str | int | list[str]] = {
        "device": body.device,
        "device_kind": body.kind,
        "why": body.detail,
        "event": began.stored.id,
    }
    return [_finding(f"{DEVICE_DOWN}:{began.stored.id}", DEVICE_DOWN, subject, began, detail)]


def _noticed(subject: str, entries: Sequence[Entry]) -> list[Finding]:
    found: dict[str, Finding] = {}
    for entry in entries:
        event = entry.stored
        body = event.body
        assert isinstance(body, Noticed)
        epoch, seq = (body.epoch, body.seq) if body.epoch else (event.epoch, event.seq)
        key = f"{KIOSK_NOTICED}:{event.kiosk}:{body.kind}:{epoch}:{seq}"
        detail: dict[str, str | int | list[str]] = {
            "what": body.kind,
            "epoch": epoch,
            "seq": seq,
            "event": event.id,
        }
        found.setdefault(key, _finding(key, KIOSK_NOTICED, subject, entry, detail))
    return list(found.values())


def _finding(
    key: str, kind: str, subject: str, entry: Entry, detail: dict[str, str | int | list[str]]
) -> Finding:
    return Finding(key, kind, subject, entry.stored.kiosk, entry.stop, entry.key.t, detail)
