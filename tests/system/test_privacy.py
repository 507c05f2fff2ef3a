"""Canaries: what must not be kept is looked for everywhere it could have been kept."""

import io
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from contract.receipts import parse_receipt
from kiosk.identity import IdentityStore
from tests.support import people
from tests.support.paper import read_codes
from tests.support.processes import until
from tests.support.site import Kiosk, Site
from tests.support.tap import Tap

IDENTITY_NUMBERS = ("110105199001011234", "510104194912310028", "31010719700229127X")
"""Of the form of Chinese identity numbers; nobody's."""

KEPT = (
    "broker/mosquitto.log",
    "broker/mosquitto.db",
    "hub.log",
    "site/hub/hub.sqlite3",
    "site/kiosk/kiosk.log",
    "site/kiosk/journal.sqlite3",
)
"""What must have been among the files that were looked through: each side's log and database."""


def _address_on_the_receipt(kiosk: Kiosk) -> str:
    papers = [paper for paper in kiosk.state()["papers"] if paper["kind"] == "receipt"]
    with urllib.request.urlopen(f"{kiosk.url}/paper/{papers[0]['id']}.png", timeout=10) as answer:
        picture = Image.open(io.BytesIO(answer.read())).convert("L")
    [url] = [code.text for code in read_codes(picture) if "/c/" in code.text]
    return url


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def test_no_token_claim_or_identity_number_is_kept_anywhere(site: Site, tap: Tap) -> None:
    kiosk = site.kiosk()
    kiosk.start()
    person, home, plan = people.card(), people.family(), people.plan()
    kiosk.scan(person)
    item = kiosk.scan(people.RICE).codes[-1]
    for number in IDENTITY_NUMBERS:
        assert kiosk.scan(number).signal == "refused"
    kiosk.scan(person[:-1])  # a damaged card is no less a card
    kiosk.scan(people.FINISH)
    until(
        "the receipt is shown",
        lambda: any(paper["kind"] == "receipt" for paper in kiosk.state()["papers"]),
    )
    address = _address_on_the_receipt(kiosk)
    claim, _signature = parse_receipt(address)
    kiosk.scan(address)
    other = people.card()
    kiosk.scan(other)
    kiosk.scan(item)
    kiosk.scan(plan)
    kiosk.scan(people.plan(2))
    kiosk.scan(home)
    until("the hub has the claim", lambda: site.page(f"/c/{claim}")[0] == 200)
    kiosk.wait_acknowledged()
    kiosk.stop()
    site.stop_hub()
    site.broker.stop()  # cleanly: it writes its database then

    # Half of a token is enough to find it by, and less than half of an identity number to find a
    # person; still shorter pieces also occur by chance.
    secrets = [person[1:], other[1:], home[1:], claim, *IDENTITY_NUMBERS]
    pieces = {piece for secret in secrets for piece in (secret[:10], secret[-10:])}
    pieces |= {piece for number in IDENTITY_NUMBERS for piece in (number[:8], number[-8:])}
    read: dict[str, bytes] = {}
    for path in _files(site.folder):
        content = path.read_bytes()
        read[str(path.relative_to(site.folder))] = content
        for piece in pieces:
            assert piece.encode() not in content, f"{path} holds a piece of a secret"
    for name in KEPT:
        assert read[name], f"{name} is empty: nothing was looked at"
    assert b"kiosk-1" in read["broker/mosquitto.db"]  # retained messages are kept there
    assert item.encode() in read["site/kiosk/journal.sqlite3"]
    assert item.encode() in read["site/hub/hub.sqlite3"]
    for piece in pieces:
        assert tap.carried(piece) == []
    signing_key = IdentityStore(kiosk.folder / "identity.json").load().signing_key
    assert signing_key is not None
    for form in (signing_key.encode(), bytes.fromhex(signing_key)):
        found = [name for name, content in read.items() if form in content]
        assert found in ([], ["site/kiosk/identity.json"]), found
    assert tap.carried(signing_key) == []
    assert list((kiosk.folder / "spool").iterdir()) == []
