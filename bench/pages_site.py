"""A hub with a made-up year in it, served as it is in earnest, and somebody signed in to it."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

import sqlalchemy as sa
from flask import Flask

from bench.http_load import Connection, get
from hub import db
from hub.access import tokens, walls
from hub.access.permissions import Role
from hub.access.scope import Scope
from hub.config import HubConfig, load
from hub.demo.fill import Filler
from hub.local_desk import now_ms
from hub.web.app import create_app
from provisioning.local import provision
from tests.support.ports import free_ports
from tests.support.processes import healthy, until

T = TypeVar("T")
SEED: Final = 1
UNTIL: Final = date(2026, 10, 31)
NAME: Final = "bench"
PASSWORD: Final = "correct horse battery staple"
START_S: Final = 60.0


def fill(data: Path, stops: int, events: int, years: int = 1) -> None:
    """A hub in ``data`` with so many events in so many ``years``, unless it is there already; the
    claim of a donor's list is kept beside it."""
    done = data / "claim"
    if done.exists():
        return
    provision(data)
    config = load(data / "hub" / "hub.toml")
    engine = db.open_writer(config.database)
    try:
        filler = Filler(engine, config, seed=SEED, until=UNTIL)
        year = filler.fill(stops, events, lambda _: None, into_existing=False, years=years)
        with engine.begin() as connection:
            _, secret = walls.add(connection, "bench", Scope(), "", now_ms())
            tokens.create(connection, Role.VIEWER, now_ms(), "bench")
        (data / "wall").write_text(secret)
    finally:
        engine.dispose()
    command = [sys.executable, "-m", "yicang", "hub", "user", "add", NAME]
    words = ["--data", str(data), "--role", "administrator", "--password-stdin"]
    subprocess.run([*command, *words], input=f"{PASSWORD}\n", text=True, check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    _give_passkey(config)
    done.write_text(year.world.claim)


def _give_passkey(config: HubConfig) -> None:
    """One that no device has: pages only list it."""
    engine = db.open_writer(config.database)
    with engine.begin() as connection:
        account = connection.scalar(sa.select(db.user.c.id).where(db.user.c.name == NAME))
        made = {"id": "YmVuY2g", "user": account, "credential": b"", "counter": 0, "name": "bench"}
        connection.execute(sa.insert(db.passkey).values(**made, created_ms=now_ms()))
    engine.dispose()


def routes(data: Path) -> Flask:
    """The hub's application, to read its routes from."""
    config = load(data / "hub" / "hub.toml")
    reader = db.open_reader(config.database)
    return create_app(config, reader, _NoWriter())


class _NoWriter:
    """Routes are read, nothing is written."""

    def call(self, work: Callable[[sa.Connection], T], /) -> T:
        raise RuntimeError("nothing is written here")


@contextmanager
def served(data: Path, folder: Path) -> Iterator[tuple[int, int]]:
    """The ports of an empty page's server and of the hub in ``data``."""
    floor_port, hub_port = free_ports(2)
    settings = data / "hub" / "hub.toml"
    text = re.sub(r"(?m)^(http_port|mqtt_port) = .*\n", "", settings.read_text("utf-8"))
    settings.write_text(f"http_port = {hub_port}\nmqtt_port = 1\n{text}", "utf-8")
    with (folder / "servers.log").open("ab") as log:
        children = [
            subprocess.Popen([sys.executable, "-m", *words], stdout=log, stderr=log)
            for words in (
                ["bench.pages_floor", str(floor_port)],
                ["yicang", "hub", "serve", "--data", str(data)],
            )
        ]
        try:
            until("the empty page", lambda: healthy(floor_port), deadline_s=START_S)
            until("the hub", lambda: _answers(hub_port), deadline_s=START_S)
            yield floor_port, hub_port
        finally:
            for child in children:
                child.terminate()
            for child in children:
                child.wait(20)


def _answers(port: int) -> bool:
    try:
        return Connection(port).ask(get("/login", {})).status == 200
    except OSError:
        return False


def sign_in(port: int) -> dict[str, str]:
    """The cookies of somebody who may see everything. Raises RuntimeError."""
    connection = Connection(port)
    page = connection.ask(get("/login", {}))
    found = re.search(rb'name="csrf_token" value="([^"]+)"', page.body)
    if found is None:
        raise RuntimeError("the sign-in page has no form")
    form = urlencode({"csrf_token": found[1].decode(), "name": NAME, "password": PASSWORD})
    kept = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
    answer = connection.ask(
        (
            f"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {kept}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(form)}\r\n\r\n{form}"
        ).encode()
    )
    if answer.status not in (302, 303):
        raise RuntimeError(f"signing in was answered with {answer.status}")
    cookies = {**page.cookies, **answer.cookies}
    # The first page with a form puts its key into the cookie, as it does in a browser.
    return {**cookies, **connection.ask(get("/account", cookies)).cookies}


_QUERIES: Final = {
    "/items": "SELECT item FROM movement GROUP BY item ORDER BY count(*) DESC, item LIMIT 1",
    "/t": "SELECT item FROM movement GROUP BY item ORDER BY count(*) DESC, item LIMIT 1",
    "/boxes": "SELECT code FROM box ORDER BY code LIMIT 1",
    "/plans": "SELECT p.code FROM plan p JOIN item i ON i.plan = p.code"
    " GROUP BY p.code ORDER BY count(*) DESC, p.code LIMIT 1",
    "/counts": "SELECT substr(t.subject, 2) FROM touch t JOIN event e ON e.id = t.event_id"
    " WHERE e.type = 'count.planned' AND t.subject LIKE 'N%' ORDER BY e.id DESC LIMIT 1",
    "/accounts": 'SELECT id FROM "user" ORDER BY id LIMIT 1',
    "/donations": "SELECT id FROM donation WHERE received_ms IS NOT NULL LIMIT 1",
    "/kiosks": "SELECT kiosk FROM event WHERE kiosk <> 'hub'"
    " GROUP BY kiosk ORDER BY count(*) DESC LIMIT 1",
    "/kits": "SELECT key FROM kit ORDER BY key LIMIT 1",
    "/labels": "SELECT prefix FROM label_run LIMIT 1",
    "/market": "SELECT market FROM sale GROUP BY market ORDER BY count(*) DESC, market LIMIT 1",
    "/months": "SELECT max(number) FROM statement",
    "/papers": "SELECT id FROM stop ORDER BY id LIMIT 1",
    "/recalls": "SELECT id FROM recall ORDER BY id LIMIT 1",
    "/transfers": "SELECT e.kiosk || '.' || e.epoch || '.' || e.seq || '.' || substr(e.hash, 1, 16)"
    " FROM leg l JOIN event e ON e.id = l.sent ORDER BY l.sent DESC LIMIT 1",
    "/names": "SELECT 'plans'",
    "/stock/act": "SELECT 'move'",
    "/tokens": "SELECT id FROM token ORDER BY id LIMIT 1",
}
"""By the beginning of a route, where a value for its argument stands: of things with much to
show."""

_ASKED: Final = {
    "/names/<part>/remove": ("key", "SELECT code FROM plan ORDER BY code LIMIT 1"),
    "/stock/act/<kind>": ("item", "SELECT code FROM item WHERE status = 'in_stock' LIMIT 1"),
    "/incidents/one": ("key", "SELECT key FROM incident ORDER BY key LIMIT 1"),
    "/search": ("q", "SELECT zh FROM stop ORDER BY id LIMIT 1"),
    "/kits/<key>/build": ("stop", "SELECT stop FROM stock ORDER BY n DESC LIMIT 1"),
    "/counts/plan": ("stop", "SELECT stop FROM stock ORDER BY n DESC LIMIT 1"),
    "/wall/links/remove": ("link", "SELECT id FROM wall ORDER BY id LIMIT 1"),
    "/account/passkeys/remove": ("passkey", "SELECT id FROM passkey ORDER BY id LIMIT 1"),
}
"""Routes that show little without a word in their address: which, and where it stands."""


def samples(data: Path, rules: Sequence[str]) -> dict[str, str]:
    """Addresses of these routes, as far as there is a value for each argument."""
    hub = closing(sqlite3.connect(f"file:{data / 'hub' / 'hub.sqlite3'}?mode=ro", uri=True))
    found = {}
    with hub as database:

        def value(query: str) -> str | None:
            row = database.execute(query).fetchone()
            return None if row is None or row[0] is None else quote(str(row[0]), safe="")

        for rule in rules:
            begins, _, rest = rule.partition("/<")
            given: str | None = ""
            if rest:
                given = _secret(data, begins) or value(_QUERIES.get(begins, "SELECT NULL"))
            if given is None:
                continue
            path = re.sub(r"<[^>]+>", given, rule)
            if rule in _ASKED:
                name, query = _ASKED[rule]
                asked = value(query)
                if asked is None:
                    continue
                path += f"?{name}={asked}"
            found[rule] = path
    return found


def _secret(data: Path, begins: str) -> str | None:
    """What only whoever filled the hub can know."""
    names = {"/c": "claim", "/wall/at": "wall"}
    return (data / names[begins]).read_text() if begins in names else None
