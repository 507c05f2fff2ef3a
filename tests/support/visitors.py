"""People and programs who use a running stop over HTTP: a donor at the kiosk's page, an operator
at the hub's, a program with a token. Standard library only: nothing of ours answers for them."""

import http.cookiejar
import json
import re
import urllib.parse
import urllib.request
from typing import Any
from urllib.error import HTTPError

TIMEOUT_S = 60


class Donor:
    """Scans at the kiosk's page."""

    def __init__(self, screen_url: str) -> None:
        self._url = screen_url
        with urllib.request.urlopen(screen_url + "/", timeout=TIMEOUT_S) as response:
            page = response.read().decode()
        found = re.search(r'name="page-key" content="([^"]+)"', page)
        assert found is not None, page
        self._key = found[1]

    def scan(self, text: str) -> None:
        """Types ``text`` and Enter; fails when the page does not take it."""
        request = urllib.request.Request(
            self._url + "/scan",
            json.dumps({"text": text}).encode(),
            {"Content-Type": "application/json", "X-Yicang-Page": self._key},
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            assert response.status == 202

    def state(self) -> Any:
        """What the page shows."""
        with urllib.request.urlopen(self._url + "/state", timeout=TIMEOUT_S) as response:
            return json.load(response)


class Operator:
    """Signs in at the hub and looks at the board."""

    def __init__(self, hub_url: str) -> None:
        self._url = hub_url
        self._browser = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )

    def sign_in(self, name: str, password: str) -> bool:
        """Whether the hub let them in."""
        page = self.page("/login")
        found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
        assert found is not None, page
        form = {"csrf_token": found[1], "name": name, "password": password, "next": "/board"}
        data = urllib.parse.urlencode(form).encode()
        try:
            with self._browser.open(self._url + "/login", data, TIMEOUT_S) as response:
                return bool(urllib.parse.urlsplit(response.url).path == "/board")
        except HTTPError as error:
            if error.code in (401, 429):
                return False
            raise

    def page(self, path: str) -> str:
        """The page at ``path``."""
        with self._browser.open(self._url + path, timeout=TIMEOUT_S) as response:
            return str(response.read().decode())


class Program:
    """Reads the API with a token."""

    def __init__(self, hub_url: str, token: str) -> None:
        self._url = hub_url
        self._token = token

    def get(self, path: str) -> Any:
        """The JSON at ``/api/v1/…``; raises HTTPError."""
        request = urllib.request.Request(
            f"{self._url}/api/v1/{path}", headers={"Authorization": f"Bearer {self._token}"}
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            return json.load(response)

    def items_received(self) -> list[str]:
        """The codes of all items that came in, oldest first."""
        codes: list[str] = []
        after = 0
        while events := (page := self.get(f"events?after={after}"))["events"]:
            after = page["next"]
            codes += [
                event["public"]["body"]["item"] for event in events if event["type"] == "received"
            ]
        return codes
