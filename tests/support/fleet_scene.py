"""Thirty kiosks of thirty stops in two cities, in every state that the board tells apart."""

from typing import Final

from sqlalchemy import Connection, insert, update

from contract.messages import DeviceHealth, Health
from hub import db
from hub.access.audit import By
from hub.access.permissions import Role
from hub.alerts import acts, contacts
from hub.alerts.contacts import Contact
from hub.alerts.opening import Hours
from hub.fleet import history
from hub.fleet.history import HOUR_MS, Sample
from tests.support.alarm_scene import MINUTE_MS, firing, health, look, say
from tests.support.hub_site import HubSite, Journal

SCANNER: Final = DeviceHealth("serial--dev-ttyACM0", "scanner", True, "connected")
PRINTER: Final = DeviceHealth("usb-0416-5011", "printer", True, "ready", 21_400)
PANEL: Final = DeviceHealth("gpio", "panel", True, "ready")
BROKEN: Final = DeviceHealth("serial--dev-ttyACM0", "scanner", False, "unplugged")
NO_PAPER: Final = DeviceHealth("usb-0416-5011", "printer", False, "out of paper")
LITTLE: Final = DeviceHealth("usb-0416-5011", "printer", True, "ready", 1_200)
DARK: Final = DeviceHealth("gpio", "panel", False, "the pins failed")

PLACES: Final = (
    ("成都市", "Chengdu", "锦江区", "Jinjiang", ("东门", "East Gate")),
    ("成都市", "Chengdu", "武侯区", "Wuhou", ("河边", "Riverside")),
    ("成都市", "Chengdu", "青羊区", "Qingyang", ("宽巷", "Wide Lane")),
    ("绵阳市", "Mianyang", "涪城区", "Fucheng", ("南桥", "South Bridge")),
    ("绵阳市", "Mianyang", "游仙区", "Youxian", ("北山", "North Hill")),
)
VERSION: Final = "1.4.0-0123abcd"
OLDER: Final = "1.3.2-89ab4567"


def well(*devices: DeviceHealth, **changes: object) -> Health:
    """A kiosk on which all but what is named is well."""
    told: dict[str, object] = {"release": VERSION, "software": "1.4.0", "backlog": 0}
    return health(*(devices or (SCANNER, PRINTER, PANEL)), **{**told, **changes})


STATES: Final[dict[int, Health]] = {
    2: well(BROKEN, PRINTER, PANEL, temperature_c=48.0),
    5: well(SCANNER, NO_PAPER, PANEL),
    7: well(SCANNER, LITTLE, PANEL),
    9: well(backlog=1_840, oldest_unsent_s=9_300),
    11: well(temperature_c=84.0, throttling=("throttled", "hot")),
    13: well(clock=False, uptime_s=90_000),
    15: well(disk_free_mb=240),
    17: well(release=OLDER, software="1.3.2"),
    19: well(prefixes_left=0),
    21: well(SCANNER, PRINTER, DARK),
    23: well(throttling=("under-voltage",)),
    25: well(SCANNER, LITTLE, DARK, clock=False, uptime_s=90_000, backlog=700),
    27: well(refusing="disk-low", disk_free_mb=20),
}
"""What is the matter, by the number of the kiosk; the others are well."""
SILENT: Final = frozenset({4, 12})
"""Their will was told an hour ago."""
STALE: Final = frozenset({6})
"""It said that it is online, and has said nothing for an hour."""
CLOSED: Final = frozenset({8, 14})
"""Away, like those; but their stops are closed."""
NEW: Final = frozenset({16, 29})
"""Never heard."""
GONE: Final = frozenset({18})
"""Out of service."""
ACKNOWLEDGED: Final = 5
COUNT: Final = 30


def stop_id(n: int) -> str:
    return f"stop-{n:02}"


def kiosk_id(n: int) -> str:
    return f"stop-{n:02}-k1"


class Fleet:
    """See the module. ``site`` is fresh; its operator's alarms are those of the last minutes."""

    def __init__(self, site: HubSite) -> None:
        self.site: Final = site
        self.administrator: Final = site.add_user("administrator", Role.ADMINISTRATOR)
        site.writer.call(self._registry)
        away = SILENT | STALE | CLOSED
        now = site.now_ms
        site.now_ms = now - 60 * MINUTE_MS
        for n in sorted(away):
            say(site, kiosk_id(n), told=STATES.get(n, well()))
        for n in sorted(SILENT | CLOSED):
            say(site, kiosk_id(n), online=False)
        for minutes in (12, 8, 4, 0):
            site.now_ms = now - minutes * MINUTE_MS
            self.hear()
            look(site)
        [empty] = [one for one in firing(site) if one.kiosk == kiosk_id(ACKNOWLEDGED)]
        by = By(self.administrator)
        site.writer.commit(lambda here: acts.acknowledge(here, empty.id, by, site.now_ms))

    def hear(self) -> None:
        """Every kiosk that is there tells how it is."""
        for n in range(COUNT):
            if n not in SILENT | STALE | CLOSED | NEW | GONE:
                say(self.site, kiosk_id(n), told=STATES.get(n, well()))

    def history(self, n: int = 2, days: int = 33) -> None:
        """A kiosk's last weeks: a night without a network, warm afternoons, a printer that failed
        now and then."""
        site, kiosk = self.site, kiosk_id(n)
        hours = days * 24

        def fill(here: Connection) -> None:
            for back in range(hours, 0, -1):
                if 60 < back < 70:
                    continue
                hour = (hours - back) % 24
                for minute in (5, 25, 45):
                    sample = Sample(
                        kiosk,
                        True,
                        backlog=40 if back in (59, 60) else minute // 20,
                        warm=480 + 18 * min(hour, 24 - hour),
                        disk=20_000 - 20 * (hours - back),
                        events=3 * min(hour, 24 - hour),
                        reconnects=int(back in (59, 200)),
                        print_failures=int(back % 61 == 0 and minute == 5),
                    )
                    at = site.now_ms - back * HOUR_MS + minute * MINUTE_MS
                    history.write(here, [sample], 0, at)

        site.writer.call(fill)

    def _registry(self, here: Connection) -> None:
        site, by = self.site, By(self.administrator)
        for n in range(COUNT):
            city_zh, city_en, district_zh, district_en, (zh, en) = PLACES[n * len(PLACES) // COUNT]
            here.execute(
                insert(db.stop).values(
                    id=stop_id(n),
                    zh=f"{zh}义仓站{n + 1}",
                    en=f"{en} {n + 1}",
                    district_zh=district_zh,
                    district_en=district_en,
                    city_zh=city_zh,
                    city_en=city_en,
                )
            )
            site._add_kiosk(here, Journal(kiosk_id(n), f"3K{n // 10}{n % 10}"), stop_id(n))
            # Noon on a Tuesday: these two open in the evening.
            hours = Hours(("19:00-21:00",) * 7) if n in CLOSED else Hours()
            phone = "" if n % 7 == 0 else f"028 5550 {1200 + n}"
            contacts.put(here, stop_id(n), Contact(hours, phone), by, site.now_ms)
        gone = db.kiosk.c.id.in_([kiosk_id(n) for n in GONE])
        here.execute(
            update(db.kiosk).where(gone).values(retired_ms=site.now_ms, ended_why="not-needed")
        )
