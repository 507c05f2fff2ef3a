"""What updater and kiosk tell each other, as values; `kiosk.update_facts` keeps them. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Final

NOTICED: Final = "update-check"
"""The word of the kiosk's test event (`contract.events.Noticed`)."""


@dataclass(frozen=True)
class KioskFacts:
    """How a kiosk is. ``release`` it runs (empty: none of ours); ``wall`` Unix milliseconds, None
    while nobody told the time; ``backlog`` events without acknowledgement, ``resting_s`` seconds
    since the last scan, 0 while somebody is being served; ``refusing`` why it saves nothing;
    ``devices`` how many of each kind work; ``open_now`` that its own hour for updates is;
    ``asked`` the nonce that ``acked`` belongs to."""

    release: str = ""
    wall: int | None = None
    backlog: int = 0
    resting_s: int = 0
    refusing: str = ""
    devices: Mapping[str, int] = field(default_factory=dict)
    open_now: bool = False
    asked: str = ""
    acked: bool = False

    def same_as(self, other: "KioskFacts") -> bool:
        """Whether they differ in nothing but the time that passed."""
        mine = replace(self, wall=0, resting_s=int(self.resting_s > 0))
        return mine == replace(other, wall=0, resting_s=int(other.resting_s > 0))

    def to_json(self) -> bytes:
        """The bytes of ``facts.json``."""
        return json.dumps(asdict(self), sort_keys=True).encode() + b"\n"


@dataclass(frozen=True)
class Told:
    """How far the updater is, in machine words for `contract.messages.Health`."""

    update: str = ""
    release: str = ""
    reason: str = ""
