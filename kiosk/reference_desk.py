"""Brings the parts of reference data that the hub's manifest names from the broker to the store.

* A piece is subscribed to until it is here, and taken only with the digest that it is named by. A
  copy that was damaged on the way is refused and waited for again: the hub, which hears of it with
  the next health, retains all pieces anew.
* A part is adopted when its last piece has come. Until then, and whenever anything is wrong with
  any piece, the old part stays in use; what was wrong is told once as an event and, as long as it
  lasts, with every health.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from contract import topics
from contract.messages import MAX_MESSAGE_BYTES, MessageError, PartHealth, digest
from contract.reference import digests_of, read_piece
from kiosk.reference import PARTS_FILE, ReferenceStore

log = logging.getLogger(__name__)

_PREFIX: Final = topics.reference("")


class Subscriptions(Protocol):
    """What this desk needs of the MQTT client."""

    def subscribe(self, topic: str) -> None: ...

    def unsubscribe(self, topic: str) -> None: ...


class ReferenceDesk:
    """Called by the loop's thread only. ``report`` is called once for each thing that is wrong."""

    def __init__(
        self, store: ReferenceStore, link: Subscriptions, report: Callable[[], None]
    ) -> None:
        self._store: Final = store
        self._link: Final = link
        self._report: Final = report
        self._wanted: dict[str, tuple[str, ...]] = {}
        self._missing: Final[dict[str, set[str]]] = {}
        self._faults: Final[dict[str, str]] = dict.fromkeys(store.damaged, "damaged on disk")
        self._hopeless: Final[dict[str, tuple[str, ...] | None]] = {}
        self._health: tuple[PartHealth, ...] | None = None
        self._told: Final[set[tuple[str, str, tuple[str, ...] | None]]] = set()

    def offered(self, manifest: Mapping[str, str]) -> None:
        """The hub's manifest, from a welcome or its status. Asks for what is missing, again after
        every reconnection."""
        self._health = None
        offered = digests_of(manifest)
        self._wanted = {part: held for part, held in self._wanted.items() if part in offered}
        for part, digests in offered.items():
            self._forget(part)
            if digests is None:
                self._refuse(part, "a piece is not named", None)
            elif digests == self._store.held.get(part):
                self._faults.pop(part, None)
            elif part not in self._hopeless or self._hopeless[part] != digests:
                self._want(part, digests)

    def takes(self, topic: str) -> bool:
        """Whether this is the topic of a piece."""
        return topic.startswith(_PREFIX)

    def message(self, topic: str, payload: bytes) -> None:
        """A retained piece, or what somebody put in its place."""
        name = topic.removeprefix(_PREFIX)
        parts = [part for part, missing in self._missing.items() if name in missing]
        if not parts or not payload:
            return  # no longer wanted, or just taken off the broker
        self._health = None
        for part in parts:
            self._piece(part, name, payload)
        if not any(name in missing for missing in self._missing.values()):
            self._link.unsubscribe(topic)

    def health(self) -> tuple[PartHealth, ...]:
        """Every part that is in use or should be."""
        if self._health is None:
            names = sorted({*self._store.held, *self._wanted, *self._faults})
            self._health = tuple(self._of(name) for name in names)
        return self._health

    # --- inside ----------------------------------------------------------------------------

    def _of(self, part: str) -> PartHealth:
        version = _version(self._store.held.get(part, ()))
        fault = self._faults.get(part, "")
        return PartHealth(part, ok=not fault, version=version, detail=fault)

    def _want(self, part: str, digests: tuple[str, ...]) -> None:
        self._wanted[part] = digests
        missing = self._store.lacks(digests)
        self._missing[part] = set(missing)
        for name in missing:
            self._link.subscribe(topics.reference(name))
        if not missing:
            self._adopt(part)

    def _piece(self, part: str, name: str, payload: bytes) -> None:
        digests = self._wanted[part]
        if len(payload) > MAX_MESSAGE_BYTES:
            self._refuse(part, "a piece is too large", digests)
            return
        if digest(payload) != name:
            self._refuse(part, "a piece is damaged", digests)
            return
        try:
            read_piece(part, payload)
        except MessageError as error:
            log.warning("a piece of reference part %s: %s", part, error)
            self._give_up(part, "a piece is not of this part")
            return
        try:
            self._store.keep(name, payload)
        except OSError as error:
            log.warning("reference data cannot be kept: %s", error)
            self._refuse(part, "the disk refuses", digests)
            return
        self._missing[part].discard(name)
        if not self._missing[part]:
            self._adopt(part)

    def _adopt(self, part: str) -> None:
        digests = self._wanted[part]
        try:
            self._store.adopt(part, digests)
        except MessageError as error:
            log.warning("reference part %s: %s", part, error)
            self._give_up(part, "a piece is not of this part")
        except OSError as error:
            log.warning("reference data cannot be kept: %s", error)
            self._refuse(part, "the disk refuses", digests)
        else:
            log.info("reference part %s is now %s", part, _version(digests))
            self._forget(part)
            self._faults.pop(part, None)
            self._faults.pop(PARTS_FILE, None)  # it was written anew
            self._hopeless.pop(part, None)

    def _give_up(self, part: str, why: str) -> None:
        """Its bytes are what the manifest says and still no such part: wait for another one."""
        digests = self._wanted[part]
        self._forget(part)
        self._hopeless[part] = digests
        self._store.drop(digests)
        self._refuse(part, why, digests)

    def _forget(self, part: str) -> None:
        self._wanted.pop(part, None)
        self._missing.pop(part, None)

    def _refuse(self, part: str, why: str, digests: tuple[str, ...] | None) -> None:
        self._faults[part] = why
        if (part, why, digests) not in self._told:
            log.warning("reference part %s is refused, the old one stays: %s", part, why)
            self._report()
            self._told.add((part, why, digests))


def _version(digests: tuple[str, ...]) -> str:
    """Tells one state of a part from another; empty for none."""
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:16] if digests else ""
