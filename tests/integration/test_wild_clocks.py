"""Whatever time a kiosk believed it was, every page opens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract import codes, events
from contract.codes import Kind
from tests.integration.test_web_operator import signed_in
from tests.support.hub_site import HubSite, Journal

MARKET = "5e55000000000009"
RECALL = "00000000000000ee"
KIOSK = "kiosk-wild"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[HubSite]:
    found = HubSite(tmp_path)
    found.add_users()
    found.add_stop("east", "东门站", "East Gate", ("", ""), "4K2P")
    yield found
    found.close()


@pytest.mark.parametrize("offset", [2**53 - 1, -(2**53) + 1, 253_400_000_000_000])
def test_a_time_that_no_calendar_has_is_shown_as_the_end_of_it(site: HubSite, offset: int) -> None:
    journal, at = Journal(KIOSK, "8XXA", clock=False), site.now_ms
    site.add_kiosk(journal, "east")
    item, given, plan = journal.code(), journal.code(), journal.code(Kind.PLAN)
    stranger = codes.serial_code(Kind.ITEM, "ZZZZ", 9)
    bodies: tuple[events.Body, ...] = (
        events.ClockLearned(offset=offset, source="welcome"),
        *(
            events.Received(session=journal.session, item=one, category="F1", place=codes.PLACE_IN)
            for one in (item, given)
        ),
        events.Out(plan=plan, items=(given,)),
        events.Delivered(plan=plan),
        events.Sold(market=MARKET, price=5, item=item),
        events.SaleTakenBack(market=MARKET, price=5, item=item),
        events.MarketClosed(market=MARKET, sales=1, recorded=0, cash=0),
        events.Sent(to=codes.PLACES[0].code, kind="stop", items=(item,)),
        events.RecallOpened(recall=RECALL, gtin="06901234567892"),
        events.CountPlanned(count="5e55000000000001"),
        events.DeviceChanged(device="scanner-0", kind="scanner", ok=False),
        events.ItemSeen(item=stranger, outcome="foreign"),
    )
    site.receive(journal, [*journal.opening(at), *(journal.write(one, at) for one in bodies)])
    client = signed_in(site, "operator")
    for page in (
        "/", f"/t/{item}", f"/t/{given}", "/board", "/events", f"/items/{item}", "/stock",
        "/stock/items", "/stock/items?format=xlsx", "/reports/movements",
        "/reports/movements?format=csv", "/transfers", "/recalls", f"/recalls/{RECALL}", "/market/",
        f"/market/{MARKET}", "/counts", "/counts/5e55000000000001", "/incidents/table",
        f"/incidents/one?key=unknown-item:{stranger}", f"/kiosks/{KIOSK}", "/phone/session",
        "/months", "/reports",
    ):  # fmt: skip
        answer = client.get(page)
        assert (page, answer.status_code, bool(answer.data)) == (page, 200, True)
