"""The page's web application: a snapshot out by long poll, scans in by POST.

It listens on this machine alone, and still trusts no request for that: any web page that a
browser on this machine has open could send one. So

* the Host header must name this machine (a foreign name that resolves to 127.0.0.1, "DNS
  rebinding", gets nothing, not even the page);
* a scan must come from our own page: same Origin, Sec-Fetch-Site ``same-origin``, and a key
  that only a page of ours can have read. The key travels in a header, which a foreign form
  cannot set, or in a field of our own form, for browsers without JavaScript;
* nothing may be loaded from elsewhere, run inline or frame the page (Content-Security-Policy).

What was scanned may be a bearer token. It is never logged, never stored and never part of an
answer.
"""

from __future__ import annotations

import hmac
import secrets
import time
from threading import BoundedSemaphore
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec
from flask import Flask, Request, Response, render_template, request
from werkzeug.exceptions import HTTPException

from kiosk.screen.answers import (
    EMPTY,
    FORM,
    LONG,
    MAX_SCAN_CHARACTERS,
    STALE,
    STOPPING,
    Answer,
    Entered,
    Paper,
    Papers,
    Post,
    State,
    newest_papers,
    next_change,
    position,
    state_answer,
)
from kiosk.screen.claims import qr_picture
from kiosk.screen.decks import Decks, decks
from kiosk.screen.practice import PracticeCodes, Tray, practice_codes, tray
from kiosk.screen.view import Claim, ScreenView, Snapshot

MAX_BODY_BYTES: Final = 8 * 1024
POLL_SECONDS: Final = 20.0
PAPER_LOOK_SECONDS: Final = 0.25
"""The screen's printer tells nobody that it printed, so a waiting poll looks this often."""
MAX_WAITING: Final = 8
"""Polls that may wait at once. Every further one is answered at once, so that scans always
find a free thread."""

KEY_HEADER: Final = "X-Yicang-Page"
LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not "no-referrer": that would make a browser send "Origin: null" with our own form.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def create_app(view: ScreenView, papers: Papers | None, post: Post | None) -> Flask:
    """The page's application.

    Args:
        view: what is shown, and the clock in which its deadlines count.
        papers: pictures of what was printed; None where real printers print.
        post: where entries go; None for a page that only shows.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    run = secrets.token_hex(8)
    key = secrets.token_urlsafe(24)
    waiting = BoundedSemaphore(MAX_WAITING)
    cards: Final[Tray] = tray()
    numbers: Final[Decks] = decks()

    def look() -> _Look:
        shown = () if papers is None else newest_papers(papers)
        return _Look(view.now(), shown, view.claims(), view.now_ms())

    def state(seen: _Look) -> State:
        return state_answer(
            seen.snapshot,
            seen.shown,
            seen.claims,
            run,
            key,
            seen.now_ms,
            has_printer=papers is not None,
            takes_scans=post is not None,
        )

    def wait_for_news(after: str) -> State:
        """The state once it differs from what ``after`` stands for, or after `POLL_SECONDS`."""
        end = time.monotonic() + POLL_SECONDS
        while True:
            seen = look()
            left = end - time.monotonic()
            if position(run, *seen) != after or left <= 0 or view.closed:
                return state(seen)
            change = next_change(seen.snapshot, seen.claims, seen.now_ms)
            if change is not None:
                left = min(left, change / 1000)
            view.wait(
                seen.snapshot.revision, left if papers is None else min(PAPER_LOOK_SECONDS, left)
            )

    @app.before_request
    def refuse_foreign_names() -> Response | None:
        if _host_name(request.host) in LOCAL_HOSTS:
            return None
        return Response("This page is for its own machine only.\n", 403, mimetype="text/plain")

    @app.after_request
    def secure(response: Response) -> Response:
        response.headers.update(SECURITY_HEADERS)
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response

    @app.get("/")
    def page() -> str:
        return render_template("kiosk.html", state=state(look()), cards=cards, key=key)

    @app.get("/state")
    def poll() -> Response:
        after = request.args.get("after", "")
        if not after or not waiting.acquire(blocking=False):
            return _json(state(look()))
        try:
            return _json(wait_for_news(after))
        finally:
            waiting.release()

    @app.post("/scan")
    def scan() -> Response:
        by_form = request.mimetype == "application/x-www-form-urlencoded"
        lanes = frozenset(lane.lane for lane in view.now().lanes)
        answer, status = _take(request, by_form, key, post, lanes)
        if by_form and answer.accepted:
            return Response(status=303, headers={"Location": "/"})
        if by_form:
            words = f"{answer.zh} / {answer.en}\n"
            return Response(words, status, mimetype="text/plain")
        return _json(answer, status)

    @app.get("/practice")
    def practice() -> Response:
        codes: PracticeCodes = practice_codes(secrets.token_bytes)
        return _json(codes)

    @app.get("/decks")
    def all_decks() -> Response:
        return _json(numbers)

    @app.get("/claim/<int:number>.svg")
    def claim(number: int) -> Response:
        shown = next((c for c in view.claims().values() if c.number == number), None)
        if shown is None:
            return Response("已经不显示了 / No longer shown\n", 404, mimetype="text/plain")
        return Response(qr_picture(shown.address()), mimetype="image/svg+xml")

    @app.get("/paper/<int:number>.png")
    def paper(number: int) -> Response:
        picture = papers.picture(number) if papers is not None else None
        if picture is None:
            return Response("这张纸已经不在了 / This paper is gone\n", 404, mimetype="text/plain")
        return Response(picture.png, mimetype="image/png")

    @app.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", mimetype="text/plain")

    @app.errorhandler(HTTPException)
    def plain_error(error: HTTPException) -> Response:
        # Werkzeug's own pages are HTML about the URL; nothing of a request belongs in an answer.
        return Response(f"{error.code} {error.name}\n", error.code, mimetype="text/plain")

    return app


class _Look(NamedTuple):
    """All that a page shows, at one moment."""

    snapshot: Snapshot
    shown: tuple[Paper, ...]
    claims: dict[str, Claim]
    now_ms: int


def _host_name(host: str) -> str:
    """The name in a Host header, without port and brackets; "" when it cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _take(
    asked: Request, by_form: bool, key: str, post: Post | None, lanes: frozenset[str]
) -> tuple[Answer, int]:
    if not _from_our_page(asked):
        return FORM, 403
    given = asked.form.get("key", "") if by_form else asked.headers.get(KEY_HEADER, "")
    if not hmac.compare_digest(given.encode(), key.encode()):
        return STALE, 403
    entered = _form_entry(asked) if by_form else _json_entry(asked)
    if entered is None or (entered.lane is not None and entered.lane not in lanes):
        return FORM, 400
    if not entered.text.strip():
        return EMPTY, 400
    if len(entered.text) > MAX_SCAN_CHARACTERS:
        return LONG, 400
    if post is None or not post(entered):
        return STOPPING, 503
    return Answer(True), 202


def _from_our_page(asked: Request) -> bool:
    """What the browser itself says about the sender; absent headers say nothing."""
    origin = asked.headers.get("Origin")
    if origin is not None and origin != f"http://{asked.host}":
        return False
    return asked.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


def _form_entry(asked: Request) -> Entered:
    """From a page without JavaScript, where a person pressed a button."""
    return Entered(asked.form.get("text", ""), asked.form.get("lane"), pressed=True)


def _json_entry(asked: Request) -> Entered | None:
    if asked.mimetype != "application/json":
        return None
    try:
        # msgspec refuses lone surrogates, which nothing after us could hash or store.
        return msgspec.json.decode(asked.get_data(cache=False), type=Entered)
    except msgspec.DecodeError:
        return None


def _json(value: msgspec.Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, mimetype="application/json")
