"""A kiosk that was stolen and whose card somebody brought, one that is out of service, and what a
third one wrote onto a stick."""

from pathlib import Path

from contract import codes, events
from contract.batches import Batch, Header
from contract.bundles import Opening, Source
from hub.access.audit import By
from hub.fleet import bundle_key, bundles, lifecycle, reviewing
from hub.fleet.reviewing import Stretch
from kiosk.bundles import seal, signing_key_id
from tests.support.hub_site import HOUR_MS, HubSite, Journal, Place, signing_key

STOLEN, BROKEN = "kiosk-stolen", "kiosk-broken"


def received(journal: Journal, at_ms: int) -> events.Event:
    """A thing comes in, and the journal has it."""
    body = events.Received(
        session=journal.session, item=journal.code(), category="H1", place=codes.PLACE_IN
    )
    return journal.write(body, at_ms)


class Lifecycle:
    """Put there when somebody first asks for it, since it changes what other pages count."""

    def __init__(self, site: HubSite, place: Place, account: str) -> None:
        self._site = site
        self._by = By(account)
        self._key_file = Path(site.config.bundle_key_file)
        stolen, broken = Journal(STOLEN, "5SVC"), Journal(BROKEN, "6BRK")
        for journal in (stolen, broken):
            site.add_kiosk(journal, place.stop)
            site.receive(journal, journal.opening(site.now_ms - 5 * HOUR_MS))
        unsent = [received(stolen, self._at(n)) for n in range(12)]
        site.writer.call(
            lambda here: lifecycle.revoke(here, STOLEN, "stolen", self._by, site.now_ms)
        )
        self.carry(stolen, unsent, Source.SALVAGE)
        epoch = stolen.epoch
        site.writer.call(
            lambda here: reviewing.reject(
                here, STOLEN, [Stretch(epoch, 12, 99)], "made-up", self._by, site.now_ms
            )
        )
        site.writer.call(
            lambda here: lifecycle.retire(
                here, BROKEN, "broken", self._by, site.now_ms, anyway=True,
                replaced_by=place.journal.kiosk,
            )
        )  # fmt: skip
        late = [received(place.journal, self._at(n)) for n in range(3)]
        self.carry(place.journal, late, Source.KIOSK)
        self.carry(place.journal, late, Source.KIOSK)
        self.stolen, self.broken = STOLEN, BROKEN

    def _at(self, n: int) -> int:
        return self._site.now_ms - 2 * HOUR_MS + n * 60_000

    def carry(self, journal: Journal, written: list[events.Event], source: Source) -> None:
        """Somebody hands in what this journal holds."""
        seed = signing_key(journal.kiosk)
        opening = Opening(
            1,
            journal.kiosk,
            source,
            bundle_key.ensure(self._key_file),
            self._site.now_ms,
            True,
            "yicang-0.1.0",
            signing_key_id(seed),
        )
        header = Header(journal.epoch, written[0].public.seq, len(written), written[-1].hash)
        batch = Batch(header, tuple(one.raw for one in written))
        path = self._key_file.with_name("stick.yicang")
        with path.open("wb") as file:
            seal(opening, seed, iter([batch]), file)
        bundles.import_file(
            path, str(self._key_file), self._site.writer.call, self._by, lambda: self._site.now_ms
        )
