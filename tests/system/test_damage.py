"""Payloads that nobody should send: kept, shown, acknowledged, and the next event unharmed."""

import re
import secrets

from contract import batches, topics
from contract.batches import Header
from contract.codes import PLACE_IN, Kind, serial_code
from contract.events import (
    ZERO_HASH,
    EpochOpened,
    Event,
    HelpWanted,
    Private,
    Public,
    Received,
    encode,
)
from tests.support import people
from tests.support.processes import until
from tests.support.publisher import Publisher
from tests.support.site import Site
from tests.support.tap import Tap

KIOSK = "kiosk-1"
EVENTS = topics.up(KIOSK, topics.EVENTS)


class Story:
    """A chain of lines of one epoch, as a kiosk writes them."""

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(8)
        self.boot = secrets.token_hex(16)
        self.lines: list[bytes] = []
        self.prev = ZERO_HASH
        self.add(EpochOpened(journal=secrets.token_hex(8)))

    def add(self, body: object, kiosk: str = KIOSK) -> Event:
        seq = len(self.lines) + 1
        public = Public(
            v=1, kiosk=kiosk, epoch=self.epoch, seq=seq, boot=self.boot, mono=seq, wall=seq,
            clock=False, lane="screen", body=body,  # type: ignore[arg-type]
        )  # fmt: skip
        event = encode(public, Private(), prev=self.prev, salt=secrets.token_bytes(16))
        self.lines.append(event.raw)
        self.prev = event.hash
        return event


DAMAGE = {
    "not JSON": b"\x00\xff not json",
    "wrong types": b'{"prev": 5, "salt": [], "public": 1, "private": null}',
    "deep": b"[" * 3_000,
    "huge": b'{"prev":"' + b"0" * 5_000 + b'"}',
    "empty": b"",
}


def test_damaged_lines_are_quarantined_shown_and_acknowledged_and_block_nobody(
    site: Site, tap: Tap
) -> None:
    tap.expect_garbage(KIOSK)
    story = Story()
    good = serial_code(Kind.ITEM, "QQQQ", 7)
    lines = [story.lines[0], *DAMAGE.values()]
    future = story.add(HelpWanted()).raw.replace(b'"v":1', b'"v":9')
    stranger = Story()
    stranger.epoch = story.epoch
    foreign = stranger.add(HelpWanted(), kiosk="kiosk-2").raw
    lines += [future, foreign]
    story.lines = [b""] * len(lines)
    last = story.add(
        Received(session=secrets.token_hex(8), item=good, category="F1", place=PLACE_IN)
    )
    lines.append(last.raw)
    header = Header(story.epoch, 1, len(lines), last.hash)
    with Publisher(site.broker.host, site.broker.port) as publisher:
        publisher.send(EVENTS, batches.encode(header, lines), properties=batches.properties(header))
        tap.wait_for(
            lambda heard: (
                heard.name == "ack"
                and heard.json()["epoch"] == story.epoch
                and heard.json()["through"] == len(lines)
                and heard.json()["hash"] == last.hash
            ),
            timeout=20,
        )
        publisher.send(EVENTS, b"garbage without any header")
        publisher.send(topics.up(KIOSK, topics.HELLO), b'{"nonce": 1}')
        publisher.send(topics.up(KIOSK, topics.HEALTH), b"\xff\xfe")
    until("the good event is folded", lambda: _item_there(site, good))
    listed = site.yicang("hub", "quarantine", "list", "--data", str(site.data))
    for reason in ("not-json", "too-long", "future-version", "wrong-kiosk"):
        assert reason in listed, listed
    kinds = {incident["kind"] for incident in site.incidents()}
    assert "quarantined" in kinds, kinds
    assert "unreadable" in kinds, kinds
    kiosk = site.kiosk()
    kiosk.start()
    item = kiosk.scan(people.RICE).codes[-1]
    kiosk.wait_acknowledged()
    until("the next scan is unharmed", lambda: _item_there(site, item))


def _item_there(site: Site, code: str) -> bool:
    return any(e["public"]["body"].get("item") == code for e in site.events())


def test_a_repaired_event_folds_at_its_own_place(site: Site, tap: Tap) -> None:
    tap.expect_garbage(KIOSK)
    story = Story()
    item = serial_code(Kind.ITEM, "QQQQ", 9)
    session = secrets.token_hex(8)
    whole = story.add(Received(session=session, item=item, category="F1", place=PLACE_IN))
    damaged = whole.raw.replace(b'"category":"F1"', b'"category":"F!"')
    lines = [story.lines[0], damaged]
    header = Header(story.epoch, 1, 2, whole.hash)
    with Publisher(site.broker.host, site.broker.port) as publisher:
        publisher.send(EVENTS, batches.encode(header, lines), properties=batches.properties(header))
    listed = until(
        "the line is in quarantine",
        lambda: re.search(
            rf"^(\d+)\t{KIOSK}\.{story.epoch}\.2\t",
            site.yicang("hub", "quarantine", "list", "--data", str(site.data)),
            re.MULTILINE,
        ),
    )
    row = listed.group(1)
    mended = site.folder / "mended.json"
    mended.write_bytes(whole.raw)
    site.yicang("hub", "quarantine", "repair", row, str(mended), "--data", str(site.data))
    until("the item is there", lambda: _item_there(site, item))
    assert site.api(f"items/{item}")["category"] == "F1"
