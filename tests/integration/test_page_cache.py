"""Pages given again: only the same page, to the same person, while nothing has changed."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask, Response, request, session
from flask.testing import FlaskClient

from hub import db
from hub.web.page_cache import KEPT_S, MAX_BYTES, DataVersion, PageCache
from tests.support.processes import until


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


class Site:
    """A small application over a real database; ``made`` counts the pages that were made."""

    def __init__(self, directory: Path) -> None:
        url = db.sqlite_url(directory / "hub.sqlite3")
        self.engine = db.open_writer(url)
        db.migrate(self.engine)
        self.reader = db.open_reader(url)
        self.version = DataVersion(self.reader)
        self.clock = Clock()
        self.made = self.changes = self.committed = 0
        app = Flask("site")
        app.secret_key = "only for tests"
        app.add_url_rule("/page", view_func=self.page)
        self.slow_may_go_on = threading.Event()
        app.add_url_rule("/slow", view_func=self.slow)
        app.add_url_rule("/stops", view_func=self.stops)
        app.add_url_rule("/big/<int:number>", "big", view_func=self.big)
        for name in ("missing", "cookie", "file", "stream", "failing"):
            app.add_url_rule(f"/{name}", name, view_func=getattr(self, name))
        app.add_url_rule("/post", "post", view_func=self.page, methods=["POST"])
        app.wsgi_app = PageCache(app.wsgi_app, self.version, self.clock)  # type: ignore[method-assign]
        self.app = app

    def page(self) -> str:
        self.made += 1
        who, language = request.cookies.get("who"), request.headers.get("Accept-Language")
        return f"{self.made} {who} {language} {request.query_string.decode()}"

    def slow(self) -> str:
        self.made += 1
        assert self.slow_may_go_on.wait(10)
        return "slow"

    def stops(self) -> str:
        with self.reader.connect() as connection:
            return str(connection.scalar(sa.select(sa.func.count()).select_from(db.stop)))

    def big(self, number: int) -> str:
        self.made += 1
        return str(number) * 400_000

    def missing(self) -> Response:
        self.made += 1
        return Response("no", status=404, content_type="text/html")

    def cookie(self) -> str:
        session["seen"] = self.made
        return self.page()

    def file(self) -> Response:
        self.made += 1
        return Response("a,b", content_type="text/csv")

    def stream(self) -> Response:
        self.made += 1
        return Response((part for part in ("a", "b")), content_type="text/html")

    def failing(self) -> str:
        self.made += 1
        raise ZeroDivisionError

    def change(self) -> None:
        self.changes += 1
        with self.engine.begin() as connection:
            connection.execute(sa.insert(db.stop).values(id=f"s{self.changes}", zh="站", en="S"))
        self.committed = self.changes

    def client(self, who: str = "anna", language: str = "zh") -> FlaskClient:
        client = self.app.test_client()
        client.set_cookie("who", who)
        client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        return client


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.version.close()
    made.reader.dispose()
    made.engine.dispose()


def test_the_same_page_is_made_once_while_nothing_changes(site: Site) -> None:
    first = site.client().get("/page?sort=name")
    again = site.client().get("/page?sort=name")
    assert first.data == again.data
    assert first.headers["Content-Type"] == again.headers["Content-Type"]
    assert site.made == 1


def test_a_commit_shows_on_the_next_page(site: Site) -> None:
    before = site.client().get("/page").data
    site.change()
    assert site.client().get("/page").data != before
    assert site.made == 2


def test_a_page_gets_no_older_than_a_glance(site: Site) -> None:
    site.client().get("/page")
    site.clock.now_s += KEPT_S
    site.client().get("/page")
    assert site.made == 2


def test_nobody_gets_what_was_made_for_somebody_else(site: Site) -> None:
    pages = {
        site.client(who, language).get(f"/page?{query}").data.split(b" ", 1)[1]
        for who in ("anna", "bela")
        for language in ("zh", "en")
        for query in ("", "all=1")
    }
    assert len(pages) == site.made == 8


@pytest.mark.parametrize("path", ["/missing", "/cookie", "/file", "/stream", "/failing"])
def test_what_is_no_plain_page_is_made_each_time(site: Site, path: str) -> None:
    answers = [site.client().get(path) for _ in range(2)]
    assert site.made == 2
    assert answers[0].status_code == answers[1].status_code


def test_a_stream_reaches_the_reader_whole(site: Site) -> None:
    assert site.client().get("/stream").data == b"ab"


def test_what_is_sent_is_never_answered_from_memory(site: Site) -> None:
    site.client().post("/post")
    site.client().post("/post")
    assert site.made == 2


def test_many_pages_take_bounded_room_and_the_oldest_go(site: Site) -> None:
    pages = MAX_BYTES // 400_000 + 3
    for number in range(pages):
        site.client().get(f"/big/{number % 10}?{number}")
    assert site.made == pages
    site.client().get(f"/big/{(pages - 1) % 10}?{pages - 1}")
    assert site.made == pages
    site.client().get("/big/0?0")
    assert site.made == pages + 1


def test_a_page_that_many_ask_for_at_once_is_made_once(site: Site) -> None:
    seen: list[bytes] = []
    started = threading.Barrier(6)

    def read() -> None:
        client = site.client()
        started.wait(10)
        seen.append(client.get("/slow").data)

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    until("somebody makes the page", lambda: site.made)
    site.slow_may_go_on.set()
    for thread in threads:
        thread.join()
    assert (site.made, set(seen), len(seen)) == (1, {b"slow"}, 6)


def test_readers_in_many_threads_see_every_commit_and_never_an_older_page(site: Site) -> None:
    wrong: list[tuple[int, int, int]] = []

    def read() -> None:
        client = site.client()
        last = 0
        for _ in range(100):
            committed = site.committed
            seen = int(client.get("/stops").data)
            if seen < max(last, committed):
                wrong.append((last, committed, seen))
            last = seen

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        site.change()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert int(site.client().get("/stops").data) == 20
