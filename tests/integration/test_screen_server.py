"""The kiosk page's server, asked as a browser and as somebody else's page would ask it."""

import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.kiosk_page import IDLE, SAVED, PageKiosk
from tests.support.stopwatch import Stopwatch


@pytest.fixture
def kiosk() -> Iterator[PageKiosk]:
    with PageKiosk() as running:
        yield running


def ask(
    kiosk: PageKiosk,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", kiosk.port, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read(), response.headers
    finally:
        connection.close()


def state(kiosk: PageKiosk, after: str = "") -> dict[str, Any]:
    status, body, _ = ask(kiosk, "GET", f"/state?after={after}")
    assert status == 200
    answer: dict[str, Any] = json.loads(body)
    return answer


def post(kiosk: PageKiosk, text: object, **headers: str) -> int:
    sent = {"Content-Type": "application/json", "X-Yicang-Page": state(kiosk)["key"]}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"text": text}).encode()
    return ask(kiosk, "POST", "/scan", body, {k: v for k, v in sent.items() if v})[0]


def test_a_scan_of_the_page_reaches_the_kiosk_as_it_was_sent(kiosk: PageKiosk) -> None:
    gs1 = "]d20106901234567892\u001d10AB"
    own = f"http://127.0.0.1:{kiosk.port}"
    assert post(kiosk, gs1, Origin=own, Sec_Fetch_Site="same-origin") == 202
    assert kiosk.scan() == gs1


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"X_Yicang_Page": "guessed"},
        {"X_Yicang_Page": ""},
        {"Host": "rebound.example"},
    ],
)
def test_a_scan_from_anywhere_else_is_refused(kiosk: PageKiosk, headers: dict[str, str]) -> None:
    assert post(kiosk, "6901234567892", **headers) == 403
    assert kiosk.scans.empty()


@pytest.mark.parametrize(
    "path", ["/", "/state", "/practice", "/paper/1.png", "/static/main.js", "/healthz"]
)
def test_under_a_foreign_name_the_page_says_nothing(kiosk: PageKiosk, path: str) -> None:
    kiosk.print_label()
    for host in ("rebound.example", f"rebound.example:{kiosk.port}", "127.0.0.1.example", "[::"):
        assert ask(kiosk, "GET", path, headers={"Host": host})[0] == 403
    for host in ("localhost", f"127.0.0.1:{kiosk.port}", "[::1]:8081"):
        assert ask(kiosk, "GET", path, headers={"Host": host})[0] == 200


@pytest.mark.parametrize(
    "text",
    ["", "   ", "x" * 513, 5, None, "\ud800"],
    ids=["empty", "blank", "long", "number", "null", "surrogate"],
)
def test_what_is_no_scan_does_not_reach_the_kiosk(kiosk: PageKiosk, text: object) -> None:
    assert post(kiosk, text) == 400
    assert kiosk.scans.empty()


def test_the_longest_scan_is_taken_and_a_flood_is_not(kiosk: PageKiosk) -> None:
    assert post(kiosk, "x" * 512) == 202
    assert post(kiosk, "x" * 20_000) == 413
    assert kiosk.scan() == "x" * 512
    assert kiosk.scans.empty()


def test_a_kiosk_that_takes_no_scans_says_so(kiosk: PageKiosk) -> None:
    kiosk.takes_scans = False
    assert post(kiosk, "6901234567892") == 503


def test_no_answer_repeats_what_was_scanned(kiosk: PageKiosk) -> None:
    secret = "P785FJATNPT5GQF003"
    headers = {"Content-Type": "application/json", "X-Yicang-Page": state(kiosk)["key"]}
    for body in (f'{{"text": "{secret}"}}', f'{{"text": {secret}}}', secret):
        answer = ask(kiosk, "POST", "/scan", body.encode(), headers)[1]
        assert secret.encode() not in answer
    assert secret.encode() not in ask(kiosk, "GET", f"/{secret}")[1]


def test_a_long_poll_waits_and_wakes_when_something_happens(kiosk: PageKiosk) -> None:
    at = state(kiosk)["at"]
    got: list[dict[str, Any]] = []
    waiter = threading.Thread(target=lambda: got.append(state(kiosk, at)))
    waiter.start()
    waiter.join(0.5)
    assert waiter.is_alive(), "answered without news"
    kiosk.view.publish(SAVED)
    waiter.join(10)
    assert got[0]["lanes"][0]["signal"] == "saved"
    assert got[0]["at"] != at


def test_a_long_poll_wakes_for_a_new_paper(kiosk: PageKiosk) -> None:
    at = state(kiosk)["at"]
    got: list[dict[str, Any]] = []
    waiter = threading.Thread(target=lambda: got.append(state(kiosk, at)))
    waiter.start()
    kiosk.print_label()
    waiter.join(10)
    (paper,) = got[0]["papers"]
    status, png, headers = ask(kiosk, "GET", f"/paper/{paper['id']}.png")
    assert (status, headers["Content-Type"], png[:4]) == (200, "image/png", b"\x89PNG")
    assert headers["Cache-Control"] == "no-store"
    assert ask(kiosk, "GET", "/paper/99.png")[0] == 404


def test_a_page_of_an_earlier_run_is_answered_at_once(kiosk: PageKiosk) -> None:
    with Stopwatch() as watch:
        state(kiosk, "0123456789abcdef.0.-")
    assert watch.seconds < 10


def test_a_page_opened_late_sees_the_time_that_is_left_now(kiosk: PageKiosk) -> None:
    kiosk.view.publish(replace(IDLE, deadline_mono_ms=kiosk.now_ms + 25_000))
    kiosk.now_ms += 20_000
    assert state(kiosk)["lanes"][0]["deadline_ms_left"] == 5_000
    kiosk.now_ms += 20_000
    assert state(kiosk)["lanes"][0]["deadline_ms_left"] == 0


def test_scans_go_through_while_many_pages_wait(kiosk: PageKiosk) -> None:
    at = state(kiosk)["at"]
    pages = [threading.Thread(target=state, args=(kiosk, at)) for _ in range(11)]
    for page in pages:
        page.start()
    assert post(kiosk, "6901234567892") == 202
    assert kiosk.scan() == "6901234567892"
    kiosk.view.publish(SAVED)
    for page in pages:
        page.join(10)
    assert not any(page.is_alive() for page in pages)


def test_closing_answers_waiting_pages_and_frees_the_port() -> None:
    with PageKiosk() as kiosk:
        at, port = state(kiosk)["at"], kiosk.port
        pages = [http.client.HTTPConnection("127.0.0.1", port, timeout=10) for _ in range(3)]
        for page in pages:
            page.request("GET", f"/state?after={at}")
        # Requests are taken in order: once this one is answered, those three are waiting.
        assert ask(kiosk, "GET", "/healthz")[0] == 200
        with Stopwatch() as watch:
            kiosk.close()
        assert watch.seconds < 5
        for page in pages:
            assert json.loads(page.getresponse().read())["at"] == at
            page.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "screen-server"]
    with PageKiosk(port=port) as again:
        assert ask(again, "GET", "/healthz")[0] == 200
        with pytest.raises(OSError), PageKiosk(port=port):
            pass


def test_nothing_may_run_but_the_pages_own_files(kiosk: PageKiosk) -> None:
    for path in ("/", "/state", "/nowhere", "/static/kiosk.css"):
        policy = ask(kiosk, "GET", path)[2]["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
