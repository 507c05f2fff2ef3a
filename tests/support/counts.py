"""A stop with several kiosks and a phone that count together, and who decides."""

import re
from collections.abc import Sequence
from pathlib import Path

from flask.testing import FlaskClient

from contract import codes, events
from hub.access.permissions import Role
from hub.log import recording
from hub.log.recording import Actor, Draft
from tests.support.hub_site import HubSite, Journal, Place

SHELF, ROOM = codes.place_code("0000S1"), codes.place_code("0000R1")
MINUTE_MS = 60_000


class Lane:
    """A kiosk's lane while it counts. What it writes waits in ``unsent`` until it is ``online``."""

    def __init__(self, site: "CountSite", journal: Journal, part: str) -> None:
        self.site = site
        self.journal = journal
        self.part = part
        self.online = True
        self.unsent: list[events.Event] = []
        self.newest: events.Event | None = None

    def write(self, *bodies: events.Body) -> None:
        """These happen now, a second apart."""
        for body in bodies:
            self.site.now_ms += 1_000
            self.newest = self.journal.write(body, self.site.now_ms)
            self.unsent.append(self.newest)
        if self.online:
            self.send()

    def send(self) -> None:
        """What waited arrives."""
        self.online = True
        if self.unsent:
            self.site.receive(self.journal, self.unsent)
            self.unsent = []

    def begin(self) -> None:
        """Somebody scans the card."""
        self.write(events.CountOpened(count=self.part))

    def shelf(self, place: str, *items: str, closed: bool = True) -> None:
        """A shelf's sheet, labels, and its sheet again."""
        self.write(events.ShelfOpened(count=self.part, place=place))
        for item in items:
            self.write(events.Counted(count=self.part, place=place, item=item, outcome="ok"))
        if closed:
            self.close(place, len(items))

    def close(self, place: str, seen: int) -> None:
        """The shelf's sheet again."""
        self.write(events.ShelfClosed(count=self.part, place=place, seen=seen, expected=0))

    def end(self) -> None:
        """“Close”: the lane is done."""
        self.write(events.CountClosed(count=self.part, shelves=1, seen=0))


class CountSite(HubSite):
    """East Gate, with eight items on two shelves; a lead plans, two managers may approve."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.add_users()
        self.ids = {
            name: self.add_user(name, role)
            for name, role in (
                ("lead", Role.VOLUNTEER_LEAD),
                ("manager", Role.WAREHOUSE_MANAGER),
                ("other-manager", Role.WAREHOUSE_MANAGER),
            )
        }
        self.east: Place = self.add_stop("east", "东门站", "East Gate", ("武侯区", "Wuhou"), "0E0E")
        self.river = self.add_stop("river", "河边站", "Riverside", ("武侯区", "Wuhou"), "0R0R")
        self.first = Lane(self, self.east.journal, "a1" * 8)
        second = Journal("kiosk-east-2", "0E1E")
        self.add_kiosk(second, "east")
        self.receive(second, second.opening(self.now_ms - MINUTE_MS))
        self.second = Lane(self, second, "a2" * 8)
        self.items = [self.intake(self.east) for _ in range(8)]
        self.on_shelf, self.in_room = self.items[:5], self.items[5:]
        for place, items in ((SHELF, self.on_shelf), (ROOM, self.in_room)):
            self.first.write(events.Moved(place=place, items=tuple(items)))
        self.now_ms += MINUTE_MS

    def phone(self, name: str, count: str, place: str, items: Sequence[str]) -> None:
        """An account counts a place by phone."""
        part = f"{self.ids[name]:0>16}"[:16]
        self.now_ms += 1_000
        bodies: list[events.Body] = [
            events.CountJoined(count=count, part=part),
            events.CountOpened(count=part),
            events.ShelfOpened(count=part, place=place),
            *(events.Counted(count=part, place=place, item=one, outcome="ok") for one in items),
        ]
        by = Actor(self.ids[name], recording.PHONE)
        for body in bodies:
            self._record(body, by)
        self.now_ms += 1_000
        body = events.ShelfClosed(count=part, place=place, seen=len(items), expected=0)
        self._record(body, by)

    def _record(self, body: events.Body, by: Actor) -> None:
        self.writer.call(
            lambda writing: recording.record(writing, [Draft(body, "east")], by, now_ms=self.now_ms)
        )

    def status(self, item: str) -> str:
        """The item's status now."""
        with self.reader.connect() as connection:
            text = "SELECT status FROM item WHERE code = ?"
            return str(connection.exec_driver_sql(text, (item,)).scalar())


def token(client: FlaskClient, path: str) -> str:
    """The page's token against forged requests."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found is not None, path
    return found[1]


def hidden(html: str, name: str) -> str:
    """A hidden field of a form."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found is not None, name
    return found[1]


class Desk:
    """A browser at the pages of counts."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.count = ""

    def plan(self, **form: object) -> str:
        """Plans a count of East Gate; its id."""
        page = self.client.get("/counts/plan?stop=east").text
        given = {
            "csrf_token": hidden(page, "csrf_token"),
            "request": hidden(page, "request"),
            "stop": "east",
            "whole": "yes",
            "blind": "yes",
            "recount": "never",
            **form,
        }
        answer = self.client.post("/counts/plan", data=given)
        assert answer.status_code == 303, answer.text
        self.count = (answer.location or "").rsplit("/", 1)[1]
        return self.count

    @property
    def path(self) -> str:
        """The count's page."""
        return f"/counts/{self.count}"

    def page(self) -> str:
        """The count's page as it is now."""
        answer = self.client.get(self.path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, act: str, **form: object) -> int:
        """Posts to the count; the status of the answer."""
        given = {"csrf_token": token(self.client, self.path), **form}
        return self.client.post(f"{self.path}/{act}", data=given).status_code

    def approve(self) -> int:
        """Asks for what an approval means, and approves exactly that; the answer's status."""
        asked = self.client.get(f"{self.path}/approve")
        if asked.status_code != 200:
            return asked.status_code
        form = {name: hidden(asked.text, name) for name in ("csrf_token", "seal", "request")}
        return self.client.post(f"{self.path}/approve", data=form).status_code
