"""Real processes are scraped: a hub over HTTP, a kiosk by the file that it leaves in memory."""

import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kiosk.metrics import FILE
from tests.support import people
from tests.support.processes import until
from tests.support.site import Site


def samples(text: str) -> dict[str, float]:
    return {
        one.name: one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_a_hub_and_a_kiosk_are_scraped_while_they_work(site: Site) -> None:
    runtime = site.folder / "runtime"
    runtime.mkdir()
    kiosk = site.kiosk()
    made = site.yicang("hub", "token", "--role", "viewer", "--data", str(site.data))
    token = made.splitlines()[-1]

    def scrape(sent: str = token) -> dict[str, float]:
        request = urllib.request.Request(
            f"{site.hub_url}/metrics", headers={"Authorization": f"Bearer {sent}"}
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            return samples(response.read().decode())

    with pytest.raises(urllib.error.HTTPError) as refused:
        scrape("nobody")
    assert refused.value.code == 401
    before = scrape()
    assert "yicang_fleet_kiosk_backlog_events" not in before

    kiosk.start(env={"RUNTIME_DIRECTORY": str(runtime)})
    kiosk.scan(people.RICE)
    kiosk.scan(people.FINISH)
    file = runtime / FILE

    def told() -> dict[str, float]:
        found = samples(file.read_text(encoding="utf-8")) if file.exists() else {}
        return found if found.get("yicang_kiosk_connected") == 1 else {}

    own = until("the kiosk writes its figures", told, deadline_s=60)
    assert own["yicang_kiosk_journal_events"] >= 3
    assert own["yicang_kiosk_uptime_seconds"] >= 0

    def delivered() -> dict[str, float]:
        found = scrape()
        here = found.get("yicang_fleet_kiosk_present") == 1
        grown = (
            found["yicang_hub_events_received_total"] > before["yicang_hub_events_received_total"]
        )
        return found if here and grown else {}

    found = until("the hub knows of it", delivered, deadline_s=60)
    assert found["yicang_fleet_kiosk_clock_trusted"] == 1
    assert found["yicang_fleet_kiosk_backlog_events"] >= 0
    assert found["yicang_hub_kiosks"] >= 0

    assert kiosk.process is not None
    kiosk.process.kill()
    kiosk.process = None
    until(
        "the hub has seen it go",
        lambda: scrape().get("yicang_fleet_kiosk_present") == 0,
        deadline_s=60,
    )
