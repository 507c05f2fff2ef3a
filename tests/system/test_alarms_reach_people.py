"""From a kiosk whose line is cut to the message in its group: real broker, hub and receivers."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import paho.mqtt.client as mqtt
import pytest
import sqlalchemy as sa
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import Connection

from contract import messages, topics
from contract.messages import DeviceHealth, Health, KioskStatus
from hub import db
from hub.access.audit import By
from hub.alerts import acts, channels, contacts, store
from hub.alerts.contacts import Contact
from hub.alerts.forms import DINGTALK, FEISHU, WECOM
from hub.alerts.opening import Hours
from hub.config import HubConfig
from hub.service import HubService
from tests.support.alarm_scene import SCANNER, health
from tests.support.broker import Mosquitto
from tests.support.databases import DATABASES
from tests.support.hub_site import NOON
from tests.support.hubdb import make_template
from tests.support.processes import until
from tests.support.receivers import Bot, Received

BY: Final = By("a" * 16)
FORMS: Final = {
    WECOM: "/cgi-bin/webhook/send?key=k",
    DINGTALK: "/robot/send?access_token=t",
    FEISHU: "/open-apis/bot/v2/hook/h",
}
CLOSED: Final = Contact(Hours(("",) * 7))


class KioskLine:
    """A kiosk's connection with its will; `cut` ends it as a pulled plug does."""

    def __init__(self, broker: Mosquitto, name: str) -> None:
        self.name: Final = name
        self._client: Final = mqtt.Client(
            CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5, reconnect_on_failure=False
        )
        self._status: Final = topics.up(name, topics.STATUS)
        away = messages.encode(KioskStatus(online=False))
        self._client.will_set(self._status, away, qos=1, retain=True)
        there = threading.Event()
        self._client.on_connect = lambda *_: there.set()
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        assert there.wait(10)
        self.say(self._status, messages.encode(KioskStatus(online=True)), retain=True)

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    def tell(self, how: Health) -> None:
        """Its health."""
        self.say(topics.up(self.name, topics.HEALTH), messages.encode(how))

    def cut(self) -> None:
        """The line is gone, without a goodbye."""
        line = self._client.socket()
        if line is not None:
            line.close()
        self._client.loop_stop()


class Stop:
    """A running hub with two kiosks at two stops, whose time is the test's."""

    def __init__(self, service: HubService, broker: Mosquitto) -> None:
        self.service: Final = service
        self.now_ms = NOON
        self._broker: Final = broker
        self.kiosks: dict[str, KioskLine] = {}

    def open(self, *names: str) -> None:
        for name in names:
            self.kiosks[name] = KioskLine(self._broker, name)
        for _ in range(4):  # until the hub trusts that its broker is back
            self.pass_time(60_000)
            for name in names:
                self.tell(name, health())

    def pass_time(self, ms: int) -> None:
        self.now_ms += ms

    def in_time(self, what: str, probe: Callable[[], bool], step_ms: int = 1000) -> None:
        """Time passes, so much at each look, until it is so."""

        def look() -> bool:
            self.pass_time(step_ms)
            return probe()

        until(what, look, deadline_s=20)

    def tell(self, name: str, how: Health) -> None:
        """A kiosk says how it is, and the hub has heard it."""
        self.kiosks[name].tell(how)
        until("the hub has heard it", lambda: self._heard(name))

    def _heard(self, name: str) -> bool:
        table = db.kiosk_state.c
        with self.service.reader.connect() as here:
            return here.scalar(sa.select(table.health_ms).where(table.kiosk == name)) == self.now_ms

    def online(self, name: str) -> bool | None:
        table = db.kiosk_state.c
        with self.service.reader.connect() as here:
            return here.scalar(sa.select(table.online).where(table.kiosk == name))

    def begun(self, kind: str) -> bool:
        """Whether there is such an alarm, pending or more."""
        with self.service.reader.connect() as here:
            return any(one.kind == kind for one in store.open_alarms(here).values())

    def change(self, work: object) -> None:
        self.service.writer.call(work)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@contextmanager
def running(
    folder: Path, broker: Mosquitto, bots: dict[str, Bot], names: Sequence[str]
) -> Iterator[Stop]:
    """A hub whose operator has a bot of each kind."""
    database = make_template(folder / "hub.sqlite3")
    config = HubConfig(
        database=DATABASES.at(database),
        mqtt_port=broker.port,
        alert_hosts=tuple(bot.host for bot in bots.values()),
        alert_allow_private=("127.0.0.1/32",),
        public_url="https://hub.example",
    )
    times: list[Stop] = []
    service = HubService(config, lambda: times[0].now_ms if times else NOON, alarms_every_s=0.05)
    service.start()
    stop = Stop(service, broker)
    times.append(stop)

    def set_up(writing: Connection) -> None:
        for name in names:
            at = name.removesuffix("-k1")
            writing.execute(sa.insert(db.stop).values(id=at, zh=f"{at}站", en=at.title()))
            writing.execute(sa.insert(db.kiosk).values(id=name, stop=at, created_ms=NOON))
        hosts = channels.allowed(config.alert_hosts)
        for kind, bot in bots.items():
            url = bot.url(FORMS[kind])
            acts.add_channel(writing, "", kind, kind, url, "s3cret", hosts, BY, NOON)

    service.writer.call(set_up)
    try:
        yield stop
    finally:
        for one in stop.kiosks.values():
            one.cut()
        service.stop()


@pytest.fixture
def bots() -> Iterator[dict[str, Bot]]:
    made = {kind: Bot() for kind in FORMS}
    for bot in made.values():
        bot.__enter__()
    yield made
    for bot in made.values():
        bot.__exit__(None, None, None)


def text_of(kind: str, got: Received) -> str:
    return str(got.body["content"]["text"] if kind == FEISHU else got.body["text"]["content"])


def arrived(bots: dict[str, Bot], words: str) -> bool:
    return all(any(words in text_of(kind, one) for one in bot.got) for kind, bot in bots.items())


def said(bots: dict[str, Bot]) -> str:
    return "\n".join(text_of(kind, one) for kind, bot in bots.items() for one in bot.got)


def test_a_cut_line_is_a_message_in_each_makers_form_and_a_closed_stops_is_none(
    tmp_path: Path, broker: Mosquitto, bots: dict[str, Bot]
) -> None:
    with running(tmp_path, broker, bots, ("anfu-k1", "baihe-k1")) as stop:
        stop.change(lambda writing: contacts.put(writing, "baihe", CLOSED, BY, NOON))
        stop.open("anfu-k1", "baihe-k1")
        for name in stop.kiosks:
            stop.kiosks[name].cut()
        until("both wills", lambda: stop.online("anfu-k1") is stop.online("baihe-k1") is False)
        stop.in_time("it is noticed", lambda: stop.begun("kiosk-silent"))
        stop.in_time("three messages", lambda: arrived(bots, "终端失联"))
        told = said(bots)
        assert "anfu站" in told
        assert "What colour is the light?" in told
        assert "https://hub.example/alerts" in told
        assert "baihe" not in told
        stop.open("anfu-k1")
        for _ in range(7):
            stop.pass_time(60_000)
            stop.tell("anfu-k1", health())
        stop.in_time("and that it is over", lambda: arrived(bots, "Over: "))
        assert "baihe" not in said(bots)
        stop.kiosks["baihe-k1"] = KioskLine(broker, "baihe-k1")  # leaves no retained will behind


def test_a_kiosk_that_is_up_with_a_dead_scanner_calls_until_somebody_takes_care_of_it(
    tmp_path: Path, broker: Mosquitto, bots: dict[str, Bot]
) -> None:
    dead = health(DeviceHealth(SCANNER.name, "scanner", False, "unplugged"))
    with running(tmp_path, broker, bots, ("chaoyang-k1",)) as stop:
        stop.open("chaoyang-k1")
        stop.tell("chaoyang-k1", dead)
        stop.in_time("three messages", lambda: arrived(bots, "扫码枪不工作"))
        counted = len(bots[WECOM].got)
        for _ in range(11):
            stop.pass_time(170_000)
            stop.tell("chaoyang-k1", dead)
        until("once more", lambda: arrived(bots, "Still not acknowledged"))
        assert len(bots[WECOM].got) == counted + 1
        with stop.service.reader.connect() as here:
            [alarm] = [one for one in store.firing(here) if one.kind == "scanner-down"]
        stop.change(lambda writing: acts.acknowledge(writing, alarm.id, BY, stop.now_ms))
        for _ in range(25):
            stop.pass_time(170_000)
            stop.tell("chaoyang-k1", dead)
        assert len(bots[WECOM].got) == counted + 1


def test_a_broker_that_is_away_is_one_alarm_and_not_one_for_each_kiosk(
    tmp_path: Path, bots: dict[str, Bot]
) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    with Mosquitto(folder) as own:
        names = ("dongmen-k1", "enhui-k1", "fuqin-k1")
        with running(tmp_path, own, bots, names) as stop:
            stop.open(*names)
            own.kill()
            until("it is noticed", lambda: stop.begun("broker-away"))
            stop.in_time("three messages", lambda: arrived(bots, "broker is away"))
            silent = stop.now_ms + 400_000
            stop.in_time("minutes go by", lambda: stop.now_ms > silent, 5000)
            assert "does not answer" not in said(bots)
            assert not stop.begun("kiosk-silent")
            own.start()
