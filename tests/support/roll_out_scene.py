"""Releases and roll-outs at a hub, and how kiosks with them tell of themselves."""

import io
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from contract import codes, events, messages, topics
from contract.messages import Health, Hello, Kept
from hub.access.audit import By
from hub.fleet import quality, releases, roll_out_rows, roll_out_watch, roll_outs
from hub.fleet.canary import Drift, Share
from hub.fleet.releases import Release
from hub.fleet.roll_out_rows import RollOut
from tests.support.alarm_scene import health
from tests.support.hub_site import HubSite, Journal
from tests.support.releases import IDS, NEW, OLD, Signer, bundle

BY: Final = By("somebody")


class Fleet:
    """A hub that keeps `OLD` and `NEW`, with kiosks that run `OLD`."""

    def __init__(self, site: HubSite, folder: Path) -> None:
        self.site: Final = site
        self.folder: Final = folder
        self.signer: Final = Signer(Path(site.config.release_keys_dir).parent)
        self.journals: dict[str, Journal] = {}
        self._runs: dict[str, str] = {}
        self._starts: dict[str, int] = {}

    def bundle(self, index: int) -> Path:
        """The signed bundle of a release."""
        path = self.folder / f"{IDS[index]}.yrel"
        parts = {"sbom.cdx.json": b'{"bomFormat": "CycloneDX", "specVersion": "1.6"}'}
        return path if path.exists() else bundle(path, self.signer, index, parts)

    def bring(self, *indices: int) -> list[Release]:
        """The hub keeps these releases."""
        site = self.site
        return [
            releases.add(
                io.BytesIO(self.bundle(index).read_bytes()),
                site.config,
                site.writer.call,
                BY,
                site.now_ms,
            )
            for index in indices
        ]

    def add(self, journal: Journal, stop: str | None = None) -> str:
        """A kiosk that runs `OLD`; with a stop it is added there."""
        if stop is not None:
            self.site.add_kiosk(journal, stop)
        self.start(journal, OLD, opened=stop is None)
        return journal.kiosk

    def start(self, journal: Journal, release: str, *, opened: bool = False) -> None:
        """A kiosk's program begins, of this release, and tells so."""
        site = self.site
        if not opened:
            site.receive(journal, journal.opening(site.now_ms - 1000))
        self.journals[journal.kiosk] = journal
        kept = Kept(journal.epoch, 1, journal.seq, journal.prev)
        hello = Hello("0123456789abcdef", (kept,))
        site.send(topics.up(journal.kiosk, topics.HELLO), messages.encode(hello))
        self.says(journal.kiosk, health(release=release))
        self._runs[journal.kiosk] = release
        self.look()

    def switch(self, kiosk: str, release: str) -> None:
        """The kiosk starts anew with another release, has tried it and confirmed it."""
        before = self.journals[kiosk]
        number = self._starts[kiosk] = self._starts.get(kiosk, 1) + 1
        after = Journal(kiosk, before.prefix, number=number)
        after.serial, after.prev = before.serial, before.prev
        self.start(after, release)
        told = health(release=release, update="confirmed", update_release=release)
        self.says(kiosk, told)
        self.look()

    def says(self, kiosk: str, told: Health) -> None:
        """How a kiosk is."""
        self.site.send(topics.up(kiosk, topics.HEALTH), messages.encode(told))

    def all_say(self) -> None:
        """Every kiosk tells that it runs what it runs."""
        for kiosk, release in self._runs.items():
            self.says(kiosk, health(release=release))
        self.look()

    def work(self, kiosk: str, good: int, bad: int = 0, unprinted: int = 0) -> None:
        """Donors come: so many items with a label, scans that mean nothing, items without."""
        journal, site = self.journals[kiosk], self.site
        happened = []
        for n in range(good + unprinted):
            code = journal.code()
            received = events.Received(
                session=journal.session, item=code, category="H1", place=codes.PLACE_IN
            )
            happened.append(journal.write(received, site.now_ms))
            if n < good:
                attached = events.LabelAttached(item=code, how="printed")
                happened.append(journal.write(attached, site.now_ms))
        for _ in range(bad):
            refused = events.Refused(input="item", state="idle")
            happened.append(journal.write(refused, site.now_ms))
        for at in range(0, len(happened), 100):
            site.receive(journal, happened[at : at + 100])
        self.says(kiosk, health(release=self._runs[kiosk]))
        self.look()

    def look(self) -> None:
        """One look of the hub's thread."""
        now_ms = self.site.now_ms

        def work(writing: Connection) -> None:
            roll_out_watch.note_epochs(writing)
            while quality.count(writing, now_ms):
                pass
            roll_out_watch.keep(writing, now_ms)

        self.site.writer.call(work)

    def plan(self, stages: dict[str, int], release: str = NEW, **options: object) -> int:
        """A roll-out whose first stage has begun."""
        site = self.site

        def work(writing: Connection) -> int:
            number = roll_outs.make(
                writing, release, stages, "why", BY, site.now_ms,
                **options,  # type: ignore[arg-type]
            )  # fmt: skip
            roll_outs.advance(writing, number, BY, site.now_ms)
            return number

        return site.writer.call(work)

    def one(self, number: int) -> RollOut:
        """A roll-out as it is now."""
        with self.site.reader.connect() as here:
            found = roll_out_rows.one(here, number)
        assert found is not None
        return found

    def states(self, number: int) -> dict[str, str]:
        """How far each kiosk is."""
        return {each.kiosk: each.state for each in self.one(number).members}


class Rolled:
    """What pages show: two releases, and roll-outs that are planned, go on, halted by themselves
    for both reasons, and are done. The kiosks tell nothing of it, so that no other page changes."""

    def __init__(self, site: HubSite, kiosks: tuple[str, str], account: str) -> None:
        folder = Path(site.config.release_keys_dir).parent
        signer = Signer(folder)
        by, now = By(account), site.now_ms
        for index in (0, 1):
            path = bundle(folder / f"{IDS[index]}.yrel", signer, index)
            with path.open("rb") as source:
                releases.add(source, site.config, site.writer.call, by, now)
        east, river = kiosks

        def make(here: Connection, release: str, note: str, *, hours: int = 24) -> int:
            return roll_outs.make(here, release, {east: 1, river: 2}, note, by, now, hours=hours)

        def done(here: Connection) -> int:
            number = make(here, OLD, "The first one")
            for kiosk in kiosks:
                roll_outs.advance(here, number, by, now)
                roll_outs.note_states(here, number, {kiosk: ("well", "")}, now)
            roll_outs.finish(here, number, now)
            return number

        def failed(here: Connection) -> int:
            number = make(here, NEW, "Faster labels")
            roll_outs.advance(here, number, by, now)
            state = ("reverted", "scanner-missing")
            roll_outs.note_states(here, number, {east: state}, now)
            why = {"why": "failed", "kiosk": east, "state": state[0], "detail": state[1]}
            roll_outs.halt(here, number, roll_outs.SYSTEM, now, why)
            return number

        def drifted(here: Connection) -> int:
            number = make(here, NEW, "Faster labels, second try")
            roll_outs.advance(here, number, by, now)
            roll_outs.note_states(here, number, {east: ("well", "")}, now)
            drift = Drift("scans", "", Share(36, 72), Share(13, 252), Share(7, 140), 1.2e-6)
            why = roll_out_watch.told_of(drift)
            roll_outs.halt(here, number, roll_outs.SYSTEM, now, why)
            return number

        def going(here: Connection) -> int:
            number = make(here, NEW, "Labels as they were")
            roll_outs.advance(here, number, by, now)
            roll_outs.note_states(here, number, {east: ("waiting", "in-use")}, now)
            return number

        self.done: Final = site.writer.call(done)
        self.failed: Final = site.writer.call(failed)
        self.drifted: Final = site.writer.call(drifted)
        self.going: Final = site.writer.call(going)
        self.planned: Final = site.writer.call(lambda here: make(here, NEW, "Not yet"))
