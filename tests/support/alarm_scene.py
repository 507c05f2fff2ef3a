"""Alarms of every state, channels and opening hours, made the way the hub makes them."""

from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from contract import messages, topics
from contract.messages import DeviceHealth, Health, KioskStatus
from hub.access.audit import By
from hub.alerts import acts, channels, contacts, store, sweeping
from hub.alerts.contacts import Contact
from hub.alerts.facts import HubFacts
from hub.alerts.forms import FEISHU, WECOM, Outcome
from hub.alerts.life import Alarm
from hub.alerts.opening import Hours
from hub.alerts.sweeping import Look
from tests.support.hub_site import HOUR_MS, HubSite

ZONE: Final = ZoneInfo("Asia/Shanghai")
MINUTE_MS: Final = 60_000
WEEK: Final = ("09:00-12:00 14:00-18:00",) * 5 + ("10:00-16:00", "")
WELL: Final = HubFacts(broker_since_ms=0, disk_free_mb=50_000)
SCANNER: Final = DeviceHealth("serial--dev-ttyACM0", "scanner", True)


def health(*devices: DeviceHealth, **changes: object) -> Health:
    """How a kiosk is on which all but what is named is well."""
    told: dict[str, object] = {
        "backlog": 0,
        "oldest_unsent_s": 0,
        "events": 40,
        "clock": True,
        "uptime_s": 50_000,
        "disk_free_mb": 20_000,
        "prefixes_left": 3,
        "devices": devices or (SCANNER,),
        "temperature_c": 51.0,
        "throttling": (),
    }
    return Health(**{**told, **changes})  # type: ignore[arg-type]


def say(site: HubSite, kiosk: str, *, online: bool = True, told: Health | None = None) -> None:
    """A kiosk's status, and how it is."""
    site.send(topics.up(kiosk, topics.STATUS), messages.encode(KioskStatus(online)))
    if told is not None:
        site.send(topics.up(kiosk, topics.HEALTH), messages.encode(told))


def look(site: HubSite, hub: HubFacts = WELL) -> Look:
    """One look of the hub for alarms."""

    def work(writing: Connection) -> Look:
        return sweeping.look(
            writing, hub, ZONE, "https://hub.example/alerts", site.now_ms, write=True
        )

    return site.writer.commit(work)


def firing(site: HubSite) -> list[Alarm]:
    """What is an alarm now."""
    with site.reader.connect() as here:
        return store.firing(here)


class Alarms:
    """At two stops, whose kiosks' ids are these: one with a dead scanner, one that comes and is
    acknowledged, one that is over; the hub's own; channels that work and fail."""

    def __init__(self, site: HubSite, stops: tuple[str, str], kiosks: tuple[str, str], who: str):
        self.site: Final = site
        by = By(who)
        now = site.now_ms
        east, river = stops

        def set_up(writing: Connection) -> None:
            hours = Hours(WEEK, ("2026-10-01/2026-10-07",))
            contacts.put(writing, east, Contact(Hours(), "028 5550 1234"), by, now)
            contacts.put(writing, river, Contact(hours, "+86 28 5550 4321"), by, now)

        site.writer.commit(set_up)
        site.now_ms = now - 3 * HOUR_MS
        broken = DeviceHealth("serial--dev-ttyACM0", "scanner", False, "unplugged")
        say(site, kiosks[1], told=health(temperature_c=83.0))
        say(site, kiosks[0], told=health(broken))
        self._wait(kiosks, (health(broken), health(temperature_c=83.0)), 2)
        self._wait(kiosks, (health(broken), health()), 12)
        self._wait(kiosks, (health(broken), health(prefixes_left=0, disk_free_mb=300)), 3)
        [low] = [one for one in firing(site) if one.kind == "disk-low"]
        site.writer.commit(lambda writing: acts.acknowledge(writing, low.id, by, site.now_ms))
        self._wait(
            kiosks, (health(broken), health(prefixes_left=0, disk_free_mb=300)), 2, late=True
        )
        site.now_ms = now

    def _wait(
        self,
        kiosks: tuple[str, str],
        told: tuple[Health, Health],
        minutes: int,
        *,
        late: bool = False,
    ) -> None:
        hub = HubFacts(broker_since_ms=0, disk_free_mb=50_000, backup_late=late)
        for _ in range(minutes):
            self.site.now_ms += MINUTE_MS
            for kiosk, one in zip(kiosks, told, strict=True):
                say(self.site, kiosk, told=one)
            look(self.site, hub)

    @cached_property
    def group(self) -> str:
        """A channel that took its last message; with one beside it that did not."""
        site, who = self.site, By("scene")

        def add(writing: Connection) -> str:
            good = acts.add_channel(
                writing,
                "",
                WECOM,
                "运营群",
                "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0f9e8d7c-6b5a",
                "",
                channels.allowed(()),
                who,
                site.now_ms,
            )
            bad = acts.add_channel(
                writing,
                "east",
                FEISHU,
                "East Gate group",
                "https://open.feishu.cn/open-apis/bot/v2/hook/1234-abcd",
                "s3cret",
                channels.allowed(()),
                who,
                site.now_ms,
            )
            channels.record(writing, good.id, Outcome(ok=True), site.now_ms)
            channels.record(
                writing, bad.id, Outcome(ok=False, error="refused (19021)"), site.now_ms
            )
            return good.id

        return site.writer.commit(add)
