"""What makes a page slower where the log is longer, statement by statement.

``python -m bench.growth --data DIR`` fills two hubs as ``python -m bench.pages --data DIR --larger
2000000`` does (with ``--years 10`` too; or uses those that lie there) and asks both for every page
by turns, in this process, always made anew. It says how many times as long a page takes of the
larger one and, where that is more than the goal, which statements grew and how SQLite goes about
them: what a page asked is asked once more by itself. What is left is Python's.

Times are the processor's, so that whatever else runs on the machine does not count. Both files are
small enough to stay in its memory; ``bench.pages`` measures pages as a browser sees them.
"""

import argparse
import itertools
import re
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Engine
from werkzeug.test import create_environ, run_wsgi_app

from bench.pages import EVENTS, SLOWER_GOAL, STOPS, larger_in, rules
from bench.pages_site import NAME, PASSWORD, fill, samples
from hub import db
from hub.config import load
from hub.web.app import create_app

T = TypeVar("T")
LARGER: Final = 2_000_000
TURNS: Final = 9
"""How often a page is asked of each hub; the median counts."""

SECONDS: Final = 2.0
"""After so long a page is asked no more, but `LEAST` times."""

LEAST: Final = 3
TELLING_MS: Final = 0.2
"""A statement that grew by less is not named."""

_LISTS: Final = re.compile(r"\(\?(?:, \?)*\)")


class Asked(Struct, frozen=True):
    """A statement and its values."""

    statement: str
    values: Any

    @property
    def name(self) -> str:
        """The same for lists of any length."""
        return _LISTS.sub("(?)", " ".join(self.statement.split()))


class Page(Struct):
    """A page of both hubs: milliseconds (the smaller first), bytes, what it asked."""

    path: str
    ms: tuple[float, float]
    size: tuple[int, int]
    asked: tuple[list[Asked], list[Asked]]

    @property
    def times(self) -> float:
        """How many times as long the larger hub's page takes."""
        return self.ms[1] / self.ms[0]


class Statement(Struct):
    """What a page asks, on both hubs: how often, milliseconds of all of them, SQLite's plan."""

    name: str
    count: tuple[int, int]
    ms: tuple[float, float]
    plan: list[str]


class _Writer:
    """The one connection that writes: signing in does."""

    def __init__(self, engine: Engine) -> None:
        self._engine: Final = engine

    def call(self, work: Callable[[sa.Connection], T], /) -> T:
        with self._engine.begin() as connection:
            return work(connection)


class Site:
    """A hub's application over the database in ``data``, and somebody signed in to it."""

    def __init__(self, data: Path) -> None:
        config = load(data / "hub" / "hub.toml")
        self._file: Final = data / "hub" / "hub.sqlite3"
        self._writer: Final = db.open_writer(config.database)
        db.migrate(self._writer)
        with self._writer.begin() as connection:  # an account's page lists those of earlier runs
            connection.execute(sa.delete(db.session))
        self._reader: Final = db.open_reader(config.database)
        self._asked: list[Asked] = []
        sa.event.listen(self._reader, "before_cursor_execute", self._note)
        self.app: Final = create_app(config, self._reader, _Writer(self._writer))
        self._number: Final = itertools.count()
        self._cookie: Final = self._sign_in()

    def _note(self, *given: Any) -> None:
        _connection, _cursor, statement, values, *_ = given
        self._asked.append(Asked(statement, values))

    def _sign_in(self) -> str:
        client = self.app.test_client()
        found = re.search(rb'name="csrf_token" value="([^"]+)"', client.get("/login").data)
        assert found is not None, "the sign-in page has no form"
        form = {"csrf_token": found[1].decode(), "name": NAME, "password": PASSWORD}
        answer = client.post("/login", data=form)
        assert answer.status_code in (302, 303), f"signing in was answered with {answer.status}"
        client.get("/account")
        name = self.app.config["SESSION_COOKIE_NAME"]
        cookie = client.get_cookie(name)
        assert cookie is not None
        return f"{name}={cookie.value}"

    def ask(self, address: str) -> tuple[int, int, float]:
        """The page, made anew: its status, bytes and milliseconds of the processor."""
        # A language that was never asked for before: no kept page is given.
        language = f"zh, en;q=0.{next(self._number) % 10}, x-{next(self._number)}"
        headers = {"Cookie": self._cookie, "Accept-Language": language}
        environ = create_environ(address, "http://127.0.0.1/", headers=headers)
        self._asked = []
        begun = time.thread_time()
        body, status, _ = run_wsgi_app(self.app.wsgi_app, environ)
        size = sum(map(len, body))
        return int(status[:3]), size, (time.thread_time() - begun) * 1000

    @property
    def asked(self) -> list[Asked]:
        """What the page that was asked last asked the database."""
        return self._asked

    def ask_again(self, asked: Iterable[Asked]) -> dict[str, tuple[int, float, list[str]]]:
        """Each statement by itself, by its name: how often, milliseconds in all (the best of
        three), the plan of the slowest."""
        found: dict[str, tuple[int, float, list[str]]] = {}
        slowest: dict[str, float] = defaultdict(float)
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as database:
            for one in asked:
                if not one.statement.startswith(("SELECT", "WITH")):
                    continue
                best = min(_timed(database, one) for _ in range(3))
                count, total, plan = found.get(one.name, (0, 0.0, []))
                if best > slowest[one.name]:
                    slowest[one.name] = best
                    plan = _plan(database, one)
                found[one.name] = (count + 1, total + best, plan)
        return found

    def close(self) -> None:
        """Let go of the database."""
        self._reader.dispose()
        self._writer.dispose()


def _timed(database: sqlite3.Connection, one: Asked) -> float:
    begun = time.thread_time()
    database.execute(one.statement, one.values).fetchall()
    return (time.thread_time() - begun) * 1000


def _plan(database: sqlite3.Connection, one: Asked) -> list[str]:
    rows = database.execute(f"EXPLAIN QUERY PLAN {one.statement}", one.values)
    return [str(row[3]) for row in rows]


def compare(sites: tuple[Site, Site], paths: tuple[str, str]) -> Page | None:
    """A page of both; None for an address that only points elsewhere."""
    took: tuple[list[float], list[float]] = ([], [])
    sizes = [0, 0]
    asked: list[list[Asked]] = [[], []]
    begun = time.perf_counter()
    for turn in range(TURNS + 1):
        if turn > LEAST and time.perf_counter() - begun > SECONDS:
            break
        for n, site in enumerate(sites):
            status, sizes[n], ms = site.ask(paths[n])
            if status != 200:
                return None
            asked[n] = site.asked
            if turn:  # the first brings templates and the file's pages into memory
                took[n].append(ms)
    return Page(
        paths[1], (median(took[0]), median(took[1])), (sizes[0], sizes[1]), (asked[0], asked[1])
    )


def statements(sites: tuple[Site, Site], page: Page) -> list[Statement]:
    """What a page asks, what grew most first."""
    before, after = (site.ask_again(asked) for site, asked in zip(sites, page.asked, strict=True))
    found = []
    for name in before.keys() | after.keys():
        fewer, more = before.get(name, (0, 0.0, [])), after.get(name, (0, 0.0, []))
        found.append(Statement(name, (fewer[0], more[0]), (fewer[1], more[1]), more[2] or fewer[2]))
    return sorted(found, key=lambda one: one.ms[0] - one.ms[1])


def _print(pages: Sequence[Page]) -> bool:
    print(f"  {'page':<44}{'fewer':>10}{'more':>13}{'times':>7}{'kB':>7}{'kB':>6}")
    for page in sorted(pages, key=lambda page: -page.times):
        print(
            f"  {page.path[:43]:<44}{page.ms[0]:>7.1f} ms{page.ms[1]:>10.1f} ms{page.times:>7.2f}"
            f"{page.size[0] / 1000:>7.0f}{page.size[1] / 1000:>6.0f}"
            + ("" if page.times <= SLOWER_GOAL else "  MISSED")
        )
    missed = sum(page.times > SLOWER_GOAL for page in pages)
    print(f"  {len(pages)} pages, {missed} of them more than {SLOWER_GOAL} times as slow")
    return not missed


def _explain(sites: tuple[Site, Site], page: Page) -> None:
    print(f"\n  {page.path}: {page.ms[0]:.1f} -> {page.ms[1]:.1f} ms")
    found = statements(sites, page)
    database = [sum(one.ms[n] for one in found) for n in (0, 1)]
    print(
        f"    database {database[0]:.1f} -> {database[1]:.1f} ms,"
        f" Python {page.ms[0] - database[0]:.1f} -> {page.ms[1] - database[1]:.1f} ms"
    )
    for one in found:
        if one.ms[1] - one.ms[0] < TELLING_MS:
            continue
        print(
            f"    {one.ms[0]:.2f} -> {one.ms[1]:.2f} ms, {one.count[0]} -> {one.count[1]} times:"
            f" {one.name[:600]}"
        )
        for line in one.plan:
            print(f"        {line}")


def run(
    data: Path, larger: int = LARGER, only: str = "", tell: bool = False, years: int = 1
) -> bool:
    """Measure and print; whether every page keeps to the goal. ``tell`` all pages' statements."""
    folders = (data / f"hub-{EVENTS}", larger_in(data, larger, years))
    fill(folders[0], STOPS, EVENTS)
    fill(folders[1], STOPS, larger, years)
    sites = (Site(folders[0]), Site(folders[1]))
    try:
        routes = rules(sites[0].app)
        fewer, more = (samples(folder, routes) for folder in folders)
        pages = []
        for rule in routes:
            if rule in fewer and rule in more and re.search(only, rule):
                page = compare(sites, (fewer[rule], more[rule]))
                if page is not None:
                    pages.append(page)
        reached = _print(pages)
        for page in pages:
            if tell or page.times > SLOWER_GOAL:
                _explain(sites, page)
        return reached
    finally:
        for site in sites:
            site.close()


def main(arguments: list[str]) -> int:
    """``python -m bench.growth``; 0 when every page keeps to the goal."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="where the hubs are kept")
    parser.add_argument("--larger", type=int, default=LARGER, metavar="EVENTS")
    parser.add_argument("--years", type=int, default=1, help="how many the larger one is of")
    parser.add_argument("--only", default="", help="a pattern for routes")
    parser.add_argument("--tell", action="store_true", help="every page's statements")
    given = parser.parse_args(arguments)
    return 0 if run(given.data, given.larger, given.only, given.tell, given.years) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
