"""A stop without any screen: real processes, scanners and printers on pseudo-terminals.

People have scanners, cards and paper, and so have the tests: what is asserted is read from the
paper, from the events that the hub has, and from its pages. After all of it a `Shop` looks whether
a rebuild of the hub comes to the same, whether the hub has every event of every journal, and
whether anything that is somebody's alone was kept anywhere.
"""

import contextlib
import csv
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from contract.codes import Kind, grouped, token_code
from contract.messages import Health, decode
from hub import db
from kiosk.identity import IdentityStore
from kiosk.lanes import REARM_MS
from provisioning.identity import enrol
from tests.support.broker import Mosquitto
from tests.support.processes import until
from tests.support.rolls import Roll
from tests.support.serial_devices import HandScanner
from tests.support.shop_checks import check
from tests.support.site import Kiosk, Site
from tests.support.tap import Tap

REARM_S = REARM_MS / 1000 + 0.1
MACHINERY = frozenset({"epoch.opened", "clock.learned", "device.changed"})
PRINTED = frozenset({"printed", "unconfirmed"})


def _plugged(health: Health) -> int:
    """How many scanners the kiosk has."""
    return sum(device.ok for device in health.devices if device.kind == "scanner")


class Counter:
    """A kiosk with a scanner for each lane and two printers, one for labels and one for slips.

    One scanner more lies in a drawer: pulling its plug makes the kiosk tell how it is, at once.
    """

    def __init__(self, shop: "Shop", kiosk: Kiosk, lanes: int) -> None:
        self.shop = shop
        self.kiosk = kiosk
        folder = shop.folder / kiosk.name
        folder.mkdir()
        self.labels = Roll(folder / "labels")
        self.papers = Roll(folder / "papers")
        self.lanes = [
            Stand(self, f"lane-{number}", HandScanner(folder / f"scanner-{number}"))
            for number in range(1, lanes + 1)
        ]
        self._spare = HandScanner(folder / "spare")
        self._spare_plugged = True
        paths = [*(lane.scanner.path for lane in self.lanes), self._spare.path]
        kiosk.configure(
            scanners=[f"serial:{path}?baud=9600" for path in paths],
            printers=[
                f"serial:{self.labels_path}?baud=921600&profile=58mm-gb18030&role=label",
                f"serial:{self.papers_path}?baud=921600&profile=58mm-gb18030&role=receipt",
            ],
            screen_port=0,
            language="both",
        )

    @property
    def labels_path(self) -> Path:
        return self.shop.folder / self.kiosk.name / "labels"

    @property
    def papers_path(self) -> Path:
        return self.shop.folder / self.kiosk.name / "papers"

    def healths(self) -> list[Health]:
        """What the kiosk told of itself so far."""
        return [
            decode(heard.payload, Health)
            for heard in self.shop.tap.heard("health", self.kiosk.name)
        ]

    def start(self) -> Health:
        """Starts the kiosk and gives the first it tells once scanners and reference data are
        there."""
        before = len(self.healths())
        self.kiosk.launch()

        def ready() -> Health | None:
            process = self.kiosk.process
            assert process is not None
            assert process.process.poll() is None, process.text()
            return next((h for h in self.healths()[before:] if self._is_ready(h)), None)

        return until(f"{self.kiosk.name} is ready", ready, deadline_s=30)

    def _is_ready(self, health: Health) -> bool:
        return (
            _plugged(health) == self._scanners()
            and health.clock
            and all(part.version for part in health.reference)
        )

    def _scanners(self) -> int:
        """How many are plugged in."""
        return len(self.lanes) + self._spare_plugged

    def version(self, part: str) -> str:
        """Which state of this part of the reference data it has."""
        parts = {one.name: one.version for one in self.healths()[-1].reference}
        return parts[part]

    def now(self) -> Health:
        """How the kiosk is at this moment: it tells so when the plug of the spare scanner is
        pulled or put in."""
        before = len(self.healths())
        if self._spare_plugged:
            self._spare.unplug()
        else:
            self._spare.plug()
        self._spare_plugged = not self._spare_plugged
        # Whatever else it tells of meanwhile says nothing of the plug; were the plug moved again
        # before the kiosk saw it, nothing would have changed, and nothing be told for a minute.
        seen = self._scanners()
        until(
            "the kiosk tells how it is",
            lambda: any(_plugged(health) == seen for health in self.healths()[before:]),
        )
        return self.healths()[-1]

    def labels_so_far(self) -> int:
        """How many labels there are, once nothing waits to be printed any more."""
        until("everything is printed", lambda: self.now().paper_jobs == 0)
        return self.labels.count

    def settle(self) -> None:
        """Plugs everything in, and waits until the hub has every event and shows it."""
        self.now()  # what it told before the newest scans says nothing of them
        if not self._spare_plugged:
            self.now()
        until("the hub has it all", lambda: self.healths()[-1].backlog == 0)
        self.shop.site.wait_projected()

    def states(self) -> dict[str, str]:
        """The workflow state of each lane now, as the kiosk tells the hub."""
        return {lane.lane: lane.state for lane in self.now().lanes}

    def close(self) -> None:
        """Pulls every plug."""
        for roll in (self.labels, self.papers):
            roll.close()
        for scanner in (*(lane.scanner for lane in self.lanes), self._spare):
            scanner.close()


def _is_over(moment: float) -> bool:
    return time.monotonic() > moment


class Stand:
    """Somebody at a lane, with nothing but a scanner."""

    def __init__(self, counter: Counter, lane: str, scanner: HandScanner) -> None:
        self.counter = counter
        self.lane = lane
        self.scanner = scanner
        self._last = ("", 0.0)
        self._heard = 0

    @property
    def last(self) -> str:
        """What was scanned last."""
        return self._last[0]

    def scan(self, *codes: str) -> None:
        """Scans one after the other; the same code twice as soon as it counts again."""
        for code in codes:
            last, at = self._last
            if code == last:
                until("it may be read again", partial(_is_over, at + REARM_S))
            self.scanner.scan(code)
            self._last = (code, time.monotonic())

    def does(self, types: str, *codes: str) -> list[Any]:
        """Scans, waits until the hub has what came of it, and gives the bodies of these events.

        Raises:
            AssertionError: other events than ``types``, in this order, came of it. (Labels that
                came out of a printer are `Roll`'s to tell.)
        """
        self.scan(*codes)
        expected = types.split()
        if not expected:
            return []

        def fresh() -> list[dict[str, Any]] | None:
            mine = self.counter.shop.events_at(self.counter.kiosk.name, self.lane)[self._heard :]
            told = [event["type"] for event in mine]
            assert told[: len(expected)] == expected[: len(told)], f"{told}, not {expected}"
            return mine if len(mine) >= len(expected) else None

        mine = until(f"{types} at {self.lane}", fresh)
        self._last = (self._last[0], time.monotonic())  # a busy machine read it only by now
        self._heard += len(mine)
        assert len(mine) == len(expected), f"more than {types}: {mine[len(expected) :]}"
        return [event["public"]["body"] for event in mine]

    def is_in(self, state: str) -> None:
        """Waits until the kiosk tells that this lane is in this state of the workflow."""
        found = self.counter.states()[self.lane]
        end = time.monotonic() + 10
        while found != state and time.monotonic() < end:
            found = self.counter.states()[self.lane]
        events = self.counter.shop.events_at(self.counter.kiosk.name, self.lane)[self._heard :]
        assert found == state, f"{self.lane} is in {found}, not {state}; {events}"


class Shop:
    """Broker, hub, kiosks; see the module. Made by `open_shop`."""

    def __init__(self, folder: Path, site: Site, tap: Tap, broker: Mosquitto) -> None:
        self.folder = folder
        self.site = site
        self.tap = tap
        self.broker = broker
        self.kiosks: list[Counter] = []
        self.incidents: set[str] = set()
        """Kinds of incidents that the tests want to see; any other is a failure."""
        self.secrets: list[str] = []
        self._events: list[dict[str, Any]] = []
        self._after = 0

    # --- what people have in their hands ---------------------------------------------------

    def card(self) -> str:
        """A new person's card, which must not be kept anywhere."""
        return self._token(Kind.PERSON)

    def family(self) -> str:
        """A new family's delivery token, likewise."""
        return self._token(Kind.FAMILY)

    def _token(self, kind: Kind) -> str:
        token = token_code(kind, secrets.token_bytes(10))
        self.secrets.append(token[1:])
        return token

    def claim_on(self, counter: Counter, receipt: int) -> str:
        """The claim that a receipt carries."""
        [url] = [code for code in counter.papers.codes()[receipt] if "/c/" in code]
        claim = url.partition("#")[0].rpartition("/")[2]
        self.secrets.append(claim)
        return claim

    # --- what the hub has ------------------------------------------------------------------

    def hub(self, *words: str) -> str:
        """One command of ``yicang hub``."""
        return self.site.yicang("hub", *words, "--data", str(self.site.data))

    def table(self, what: str, header: str, rows: Iterable[Sequence[str]]) -> None:
        """Imports a table that somebody typed."""
        path = self.folder / f"{what}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header.split(","), *rows])
        self.hub(what, "import", str(path))

    def events_at(self, kiosk: str, lane: str) -> list[dict[str, Any]]:
        """What happened at a lane as the hub has it, without what no person did."""
        while True:
            page = self.site.api(f"events?after={self._after}&limit=500")
            if not page["events"]:
                break
            self._events += page["events"]
            self._after = page["next"]
        return [
            event
            for event in self._events
            if event["kiosk"] == kiosk
            and event["public"].get("lane") == lane
            and event["type"] not in MACHINERY
            and event["public"]["body"].get("how") not in PRINTED
        ]

    def item(self, code: str) -> Any:
        """An item or whole box as the hub's API has it."""
        return self.site.api(f"items/{code}")

    def becomes(self, status: str, *codes: str) -> None:
        """Waits until these items have this status at the hub."""
        for code in codes:
            until(f"{code} is {status}", partial(self._is, code, status))

    def _is(self, code: str, status: str) -> bool:
        return bool(self.item(code)["status"] == status)

    def page(self, code: str) -> str:
        """An item's public page in English, without line breaks."""
        status, page = self.site.page(f"/t/{code}", language="en")
        assert status == 200, page
        return " ".join(page.split())


def enrol_another(site: Site, name: str, stop: str) -> Path:
    """A second kiosk at a stop of its own; the hub does not run."""
    engine = db.open_writer(db.sqlite_url(site.database))
    try:
        with engine.begin() as connection:
            connection.execute(db.stop.insert().values(id=stop, zh="义仓 2 号站", en="Stop 2"))
            identity = enrol(connection, name, stop, time.time_ns() // 1_000_000)
    finally:
        engine.dispose()
    folder = site.data / name
    folder.mkdir()
    IdentityStore(folder / "identity.json").save(identity)
    return folder


@contextlib.contextmanager
def open_shop(folder: Path, *, lanes: int = 2, other: int = 0) -> Iterator[Shop]:
    """A running hub and a kiosk with so many lanes, ready to be configured and started; with
    ``other`` lanes a second kiosk at another stop. Checked at the end."""
    (folder / "broker").mkdir()
    with (
        Mosquitto(folder / "broker") as broker,
        Tap(broker.host, broker.port) as tap,
        Site(folder, broker) as site,
    ):
        shop = Shop(folder, site, tap, broker)
        kiosks = [(site.kiosk(), lanes)]
        if other:
            away = Kiosk(enrol_another(site, "kiosk-2", "stop-2"), "kiosk-2", broker.port)
            site.kiosks.append(away)
            kiosks.append((away, other))
        shop.kiosks += [Counter(shop, kiosk, count) for kiosk, count in kiosks]
        site.start_hub()
        try:
            yield shop
            check(shop)
        finally:
            for counter in shop.kiosks:
                counter.close()


def told(code: str) -> str:
    """A code as papers and pages spell it out."""
    return grouped(code)
