"""A hub with some weeks of life in it, served over HTTP: what the page tests look at."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import msgspec
from sqlalchemy import Connection
from werkzeug.serving import WSGIRequestHandler, make_server

from contract import codes, events, messages, topics
from contract.batches import Header
from contract.codes import Kind
from hub import db
from hub.access import tokens, walls
from hub.access.audit import By
from hub.access.permissions import Role
from hub.access.scope import Scope
from hub.backup import Backup, Held, hub_events, keys, state
from hub.kiosks import catalogue
from hub.printing import label_runs
from hub.reporting import closing
from hub.stock import donation_rows, donations
from tests.support.alarm_scene import Alarms
from tests.support.count_scene import Counts
from tests.support.hub_site import DAY_MS, HOUR_MS, HubSite, Journal
from tests.support.invitation_scene import Invitations
from tests.support.lifecycle_scene import Lifecycle
from tests.support.paper_scene import dress
from tests.support.printing_scene import Printing
from tests.support.roll_out_scene import Rolled
from tests.support.stock_goods import Goods
from tests.support.told_scene import Told

CLAIM = "7Q2XK9ZD4M0RTB1W"
NEVER_CLAIMED = "0000000000000000"
KIOSK = "kiosk-east"
ADMINISTRATOR = "administrator"
"""The name of the account that may do everything."""


class Scene:
    """Items in every state at two stops; three weeks old deliveries; one kiosk that is away."""

    def __init__(self, site: HubSite) -> None:
        self.site = site
        site.add_users()
        self.administrator = site.add_user(ADMINISTRATOR, Role.ADMINISTRATOR)
        site.token(Role.AUDITOR)
        [made] = site.writer.call(tokens.everyone)
        self.token = made.id
        today = site.now_ms
        site.now_ms = today - 40 * DAY_MS
        self.east = site.add_stop("east", "东门义仓站", "East Gate", ("锦江区", "Jinjiang"), "4K2P")
        self.river = site.add_stop("river", "河边义仓站", "Riverside", ("武侯区", "Wuhou"), "7TWX")
        oldest = self._deliver(self.east, 11)
        site.now_ms = today - 21 * DAY_MS
        self.long_gone = [self._deliver(self.east, family) for family in range(11)] + [oldest]
        self.lonely = self._deliver(self.river, 99)
        site.now_ms = today - 2 * DAY_MS
        self.moved = site.intake(self.river, "C1")
        site.now_ms = today - HOUR_MS
        east = self.east.journal
        site.receive(
            east,
            [east.write(events.Moved(place=codes.PLACE_IN, items=(self.moved,)), site.now_ms)],
        )
        east.new_session()
        self.free = site.intake(self.east, "F1")
        self.unlabelled = site.intake(self.east, "T1", label=False)
        self.out = site.intake(self.east, "B1")
        self.plan = site.hand_out(self.east, self.out)
        self.fresh = self._deliver(self.east, 50)
        self.voided = self._undo()
        self.never = east.code()
        self.stranger = codes.serial_code(Kind.ITEM, "ZZZZ", 7)
        self._look_at_a_strangers_label()
        self.uncertain = self._without_a_clock()
        site.finish(self.east, CLAIM, 5)
        self._send_rubbish()
        site.now_ms = today
        self._say_how_they_are()
        self._close_september()
        self._name_the_plan()
        self.donations = self._donate()
        self.market = self._sell()
        self.label_run = self._print_ahead()

    @cached_property
    def goods(self) -> Goods:
        """What the warehouse's pages show: put there when somebody first asks for it, since it
        changes what other pages count."""
        return Goods(self.site, self.river, self.east, self.plan, self.administrator)

    @cached_property
    def counts(self) -> Counts:
        """Stocktakes of the second stop, likewise."""
        return Counts(self.site, self.river, self.administrator)

    @cached_property
    def printing(self) -> Printing:
        """Labels that are printed at a kiosk, likewise."""
        return Printing(self.site, KIOSK, self.administrator, self.donations[1])

    @cached_property
    def rolled(self) -> Rolled:
        """Releases and roll-outs in every state, likewise."""
        return Rolled(self.site, ("kiosk-east", "kiosk-river"), self.administrator)

    @cached_property
    def told(self) -> Told:
        """What a kiosk was told to do and to be, likewise."""
        return Told(self.site, "kiosk-river", self.administrator)

    @cached_property
    def dressed(self) -> str:
        """A stop with papers of its own, likewise."""
        dress(self.site, "river", self.administrator)
        return "river"

    @cached_property
    def ends(self) -> Lifecycle:
        """Kiosks that ended, and what people carried here, likewise."""
        return Lifecycle(self.site, self.river, self.administrator)

    @cached_property
    def invited(self) -> Invitations:
        """Kiosks on their way into the hub, likewise."""
        return Invitations(self.site, "river", "kiosk-river", self.administrator)

    @cached_property
    def alarms(self) -> Alarms:
        """What somebody must go and look at, likewise."""
        return Alarms(self.site, ("east", "river"), (KIOSK, "kiosk-river"), self.administrator)

    @cached_property
    def wall_link(self) -> str:
        """A screen's link, likewise."""
        made, _secret = self.site.writer.call(
            lambda here: walls.add(
                here, "hall", Scope(("east",)), self.administrator, self.site.now_ms
            )
        )
        return made.id

    @cached_property
    def passkey(self) -> str:
        """A passkey of the administrator, which none of these pages signs in with, likewise."""
        row = {
            "id": "c2NlbmU",
            "user": self.administrator,
            "credential": b"",
            "counter": 0,
            "name": "Android, Chrome",
            "created_ms": self.site.now_ms,
        }
        self.site.writer.call(lambda here: here.execute(db.passkey.insert().values(row)) and None)
        return "c2NlbmU"

    def _name_the_plan(self) -> None:
        entry = {"code": self.plan, "zh": "红茶花", "en": "Red camellia", "items": 3, "open": True}
        self.site.writer.call(lambda here: catalogue.put(here, "plans", [entry]))

    def _print_ahead(self) -> str:
        """Two sheets of item labels; the prefix of their codes."""
        by, now_ms = By(self.administrator), self.site.now_ms
        run = self.site.writer.call(
            lambda here: label_runs.make(here, Kind.ITEM, 48, "east", by, now_ms)
        )
        return run.prefix

    def _sell(self) -> str:
        """A market at the river, whose box lacked half a yuan."""
        market, journal, at = "5e55000000000009", self.river.journal, self.site.now_ms
        bodies: tuple[events.Body, ...] = (
            events.MarketOpened(market=market),
            events.Sold(market=market, price=55, category="R1", pay="C"),
            events.Sold(market=market, price=120, category="T1", pay="W"),
            events.Sold(market=market, price=20, category="R1", pay="C"),
            events.SaleTakenBack(market=market, price=20, pay="C"),
            events.MarketClosed(market=market, sales=3, recorded=175, cash=55, counted=50),
        )
        written = [journal.write(body, at + n) for n, body in enumerate(bodies)]
        self.site.receive(journal, written)
        return market

    def _donate(self) -> tuple[str, str]:
        """A list with faults, and one that came in."""
        site, by = self.site, By(self.administrator)
        head = ("品类", "数量", "名称", "标签", "批号", "保质期至")
        lines = ("K1", 12, "保温杯", "件", "A2026", ""), ("E1", 24, "台灯", "箱")
        wrong = ("X9", "many", "谜", "桶"), ("F1", "", "面粉", "")

        def keep(here: Connection, rows: Sequence[Sequence[donation_rows.Cell]]) -> str:
            reading = donation_rows.read([head, *rows], donations.known(here))
            about = ("east", "一家工厂", "list.xlsx")
            return donations.keep(here, reading, about, by, site.now_ms, boxes=False)

        faulty = site.writer.call(lambda here: keep(here, (*lines, *wrong)))
        good = site.writer.call(lambda here: keep(here, lines))
        site.writer.call(lambda here: donations.receive(here, good, by, site.now_ms))
        return faulty, good

    def _deliver(self, place: object, family: int) -> str:
        where = self.east if place is self.east else self.river
        code = self.site.intake(where, "H1")
        self.site.now_ms += 600_000
        self.site.deliver(where, self.site.hand_out(where, code), family)
        return code

    def _undo(self) -> str:
        journal = self.east.journal
        code = journal.code()
        body = events.Received(
            session=journal.session, item=code, category="R1", place=codes.PLACE_IN
        )
        received = journal.write(body, self.site.now_ms)
        void = journal.write(events.Voided(events=(received.id,), items=(code,)), self.site.now_ms)
        self.site.receive(journal, [received, void])
        return code

    def _look_at_a_strangers_label(self) -> None:
        journal = self.east.journal
        body = events.ItemSeen(item=self.stranger, outcome="foreign")
        self.site.receive(journal, [journal.write(body, self.site.now_ms)])

    def _without_a_clock(self) -> str:
        journal = Journal("kiosk-school", "9ZZA", clock=False)
        self.site.add_kiosk(journal, "river")
        code = journal.code()
        received = events.Received(
            session=journal.session, item=code, category="S1", place=codes.PLACE_IN
        )
        at = self.site.now_ms - HOUR_MS
        self.site.receive(
            journal,
            [
                *journal.opening(at),
                journal.write(received, at),
                journal.write(events.LabelAttached(item=code, how="scanned"), at),
            ],
        )
        return code

    def _say_how_they_are(self) -> None:
        devices = (
            messages.DeviceHealth("ttyACM0", "scanner", True),
            messages.DeviceHealth("ttyUSB0", "printer", False, "paper out"),
        )
        health = messages.Health(
            backlog=3,
            oldest_unsent_s=12,
            events=812,
            clock=True,
            software="0.1.0",
            uptime_s=7200,
            disk_free_mb=20480,
            paper_jobs=1,
            devices=devices,
        )
        for kiosk, online in ((KIOSK, True), ("kiosk-river", False)):
            status = messages.encode(messages.KioskStatus(online))
            self.site.send(topics.up(kiosk, topics.STATUS), status)
        self.site.send(topics.up(KIOSK, topics.HEALTH), messages.encode(health))

    def _close_september(self) -> None:
        """October is over too, and waits for somebody to close it."""
        site, by = self.site, By(self.administrator)
        zone = site.config.timezone
        site.writer.call(lambda here: closing.close(here, "2026-09", by, site.now_ms, zone))

    def _send_rubbish(self) -> None:
        journal = self.river.journal
        journal.seq += 1
        header = Header(journal.epoch, journal.seq, 1, "ab" * 32)
        self.site.receive_lines(
            journal.kiosk, header, (b'{"this is": "not an event"',), garbage=True
        )
        self.site.send(topics.up(KIOSK, topics.HELLO), b"neither is this a hello", garbage=True)


class _Silent(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep the addresses out of the test's output, as the real server does."""


@contextmanager
def served(site: HubSite, port: int = 0) -> Iterator[str]:
    """``site`` over HTTP on this machine; its address."""
    server = make_server("127.0.0.1", port, site.app, threaded=True, request_handler=_Silent)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def switch_backups_on(site: HubSite, away: Path) -> None:
    """The hub is backed up; the last time was 20 minutes ago."""
    key = str(keys.new().to_public())
    site.config = msgspec.structs.replace(site.config, backup_dir=str(away), backup_key=key)
    site.restart()
    made = Backup(
        str(away / "yicang-20261103T034000-000.sqlite3.gz.age"),
        site.now_ms - 20 * 60_000,
        5_600_000,
        Held(1234, {}),
        apart=True,
    )

    def remember(connection: Connection) -> None:
        through = hub_events.streams(connection)
        state.remember(connection, made)
        state.copied(connection, state.Copied(made.taken_ms, through))

    site.writer.call(remember)


@contextmanager
def a_scene(directory: Path) -> Iterator[Scene]:
    """The scene over a new database in ``directory``."""
    site = HubSite(directory)
    try:
        scene = Scene(site)
        switch_backups_on(site, directory / "away")
        yield scene
    finally:
        site.close()
