"""Goods of the scene's second stop: boxes in a box, a kit, a transfer, a recall, things kept."""

from collections.abc import Sequence

import sqlalchemy as sa

from contract import codes, events
from contract.codes import Kind
from contract.reference import KnownPlace
from hub import db
from hub.kiosks import catalogue
from hub.log.recording import Recorded
from hub.stock import stock_actions
from hub.stock.stock_actions import Action
from hub.stock.stock_changes import Keeper, carry_out
from tests.support.hub_site import HOUR_MS, HubSite, Place

RICE, MILK = "06901234567892", "06922266454295"
RECALL = "00000000000000ee"
KIT = "kit-winter"
SHEET = codes.place_code("0000W1")


class Goods:
    """Puts them there; the codes of what the pages show."""

    def __init__(self, site: HubSite, here: Place, there: Place, plan: str, account: str) -> None:
        self._site, self._here, self._account = site, here, account
        self.plan = plan
        self.box, self.pallet, self.kit_box, self.unused = (
            codes.serial_code(Kind.BOX, here.journal.prefix, serial) for serial in range(1, 5)
        )
        site.writer.call(lambda connection: self._tell(connection, plan))
        rice = [self._take(RICE, "F1", day) for day in ("2026-12-01", "2027-03-31", "2027-08")]
        milk = [self._take(MILK, "F2", "2027-01-15", lot) for lot in ("L7", "L7", "L8", None)]
        coats = [site.intake(here, "C1") for _ in range(4)]
        self.dated = rice[0]
        site.now_ms += HOUR_MS // 60
        self._do(stock_actions.Pack(self.box, (*coats[:2], rice[2])))
        self._do(stock_actions.Pack(self.pallet, (self.box,)))
        self._do(stock_actions.Move((self.pallet,), codes.PLACES[1].code))
        self._do(stock_actions.BuildKit(self.kit_box, KIT, (coats[2], rice[1])))
        self._do(stock_actions.Reserve(plan, (rice[0], coats[3])))
        self._do(stock_actions.OpenRecall(RECALL, MILK, "maker", "L7"))
        self._do(stock_actions.SetAside((milk[0], milk[2]), "damaged"))
        self.corrected = milk[3]
        self._do(stock_actions.Correct((milk[3],), "missing", "not-there"))
        self.transfer = self._send(there)

    def _send(self, there: Place) -> str:
        """Three things leave for the other stop, where two arrive."""
        site, journal = self._site, self._here.journal
        left = [site.intake(self._here, "S1") for _ in range(3)]
        sent = journal.write(events.Sent(to=SHEET, kind="stop", items=tuple(left)), site.now_ms)
        site.receive(journal, [sent])
        site.now_ms += HOUR_MS // 60
        other = there.journal
        came = events.Arrived(place=codes.PLACE_IN, items=tuple(left[:2]))
        site.receive(other, [other.write(came, site.now_ms)])
        return sent.id

    def _take(self, gtin: str, category: str, expiry: str, lot: str | None = None) -> str:
        site, journal = self._site, self._here.journal
        code = journal.code()
        day = expiry if len(expiry) == len("2027-08-01") else None
        received = events.Received(
            session=journal.session,
            item=code,
            category=category,
            place=codes.PLACE_IN,
            retail=events.Retail(gtin, expiry=day, lot=lot),
        )
        bodies: list[events.Body] = [received, events.LabelAttached(item=code, how="printed")]
        if day is None:
            bodies.append(events.ExpirySet(items=(code,), month=expiry))
        site.receive(journal, [journal.write(body, site.now_ms) for body in bodies])
        return code

    def _tell(self, connection: sa.Connection, plan: str) -> None:
        sheet = KnownPlace(SHEET, "stop", "东门义仓站", "East Gate")
        catalogue.put(
            connection,
            "places",
            [{"code": sheet.code, "kind": sheet.kind, "zh": sheet.zh, "en": sheet.en}],
        )
        names = (
            {"gtin": RICE, "category": "F1", "zh": "大米 5 公斤", "en": "Rice, 5 kg"},
            {"gtin": MILK, "category": "F2", "zh": "纯牛奶 1 升", "en": "Milk, 1 l"},
        )
        catalogue.put(connection, "products", list(names))
        connection.execute(sa.insert(db.place_stop).values(place=SHEET, stop="east"))
        kit = {"key": KIT, "zh": "过冬包", "en": "Winter kit", "offered": True}
        connection.execute(sa.insert(db.kit).values(**kit))
        lines: Sequence[dict[str, object]] = (
            {"kit": KIT, "n": 0, "category": "C1", "gtin": "", "count": 1},
            {"kit": KIT, "n": 1, "category": "", "gtin": RICE, "count": 1},
        )
        connection.execute(sa.insert(db.kit_line), list(lines))
        connection.execute(sa.insert(db.plan_line).values(plan=plan, category="F1", n=4))

    def _do(self, action: Action) -> Recorded:
        keeper = Keeper(self._account, lambda _stop: True)
        return self._site.writer.call(
            lambda connection: carry_out(connection, action, keeper, now_ms=self._site.now_ms)
        )
