"""``/metrics``: who may read it, what stands in it, and that rules and dashboard ask for nothing
that is not there."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from hub.access.permissions import Role
from kiosk.metrics import exposition
from tests.support.fleet_scene import COUNT, GONE, NEW, STALE, Fleet, kiosk_id, stop_id, well
from tests.support.hub_site import HubSite

MONITORING: Final = Path(__file__).resolve().parents[2] / "docs" / "monitoring"
RULES: Final = MONITORING / "rules.yml"
DASHBOARD: Final = MONITORING / "dashboard.json"
OTHERS: Final = frozenset({"up", "node_textfile_mtime_seconds"})
"""What Prometheus and node_exporter add themselves."""
SOMETIMES: Final = frozenset(
    {
        "yicang_hub_broker_certificate_expiry_timestamp_seconds",
        "yicang_hub_certificate_expiry_timestamp_seconds",
        "yicang_hub_backup_last_success_timestamp_seconds",
    }
)
"""Only with a certificate, and with a backup that outlives the machine."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubSite]:
    found = HubSite(Path(tmp_path_factory.mktemp("hub")))
    Fleet(found)
    yield found
    found.close()


@pytest.fixture(scope="module")
def token(site: HubSite) -> str:
    return site.token()


def get(site: HubSite, token: str = "", **headers: str) -> Any:
    sent = {"Authorization": f"Bearer {token}"} if token else {}
    return site.client().get("/metrics", headers={**sent, **headers})


def families(text: str) -> dict[str, Metric]:
    return {one.name: one for one in text_string_to_metric_families(text)}


@pytest.fixture(scope="module")
def scraped(site: HubSite, token: str) -> dict[str, Metric]:
    answer = get(site, token)
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    return families(answer.text)


def value(scraped: dict[str, Metric], name: str, **labels: str) -> float:
    [found] = [one.value for one in scraped[name].samples if labels.items() <= one.labels.items()]
    return found


def test_nobody_reads_it_without_a_token_that_sees_the_whole_hub(site: HubSite, token: str) -> None:
    assert get(site).status_code == 401
    assert get(site, "nonsense").status_code == 401
    assert get(site, site.token(stops=("stop-02",))).status_code == 403
    assert get(site, token).status_code == 200
    assert "yicang_" not in get(site).text
    behind_a_proxy = get(site, "", **{"X-Forwarded-For": "127.0.0.1", "Host": "127.0.0.1"})
    assert behind_a_proxy.status_code == 401


def test_what_the_board_shows_is_there_as_figures(scraped: dict[str, Metric]) -> None:
    of = {"kiosk": kiosk_id(2), "stop": stop_id(2)}
    present = "yicang_fleet_kiosk_present"
    assert value(scraped, present, **of) == 1
    devices = "yicang_fleet_kiosk_devices"
    assert value(scraped, devices, **of, kind="scanner", state="working") == 0
    assert value(scraped, devices, **of, kind="scanner", state="failing") == 1
    [stale] = STALE
    assert value(scraped, present, kiosk=kiosk_id(stale)) == 0
    assert value(scraped, "yicang_fleet_kiosk_expected", kiosk=kiosk_id(stale)) == 1
    assert value(scraped, "yicang_fleet_kiosk_expected", kiosk=kiosk_id(8)) == 0, "closed"
    assert value(scraped, "yicang_fleet_kiosk_backlog_events", kiosk=kiosk_id(9)) == 1840
    assert value(scraped, "yicang_fleet_kiosk_temperature_celsius", kiosk=kiosk_id(11)) == 84
    hot = "yicang_fleet_kiosk_throttled"
    assert value(scraped, hot, kiosk=kiosk_id(11), reason="hot") == 1
    assert value(scraped, "yicang_fleet_kiosk_paper_left_meters", kiosk=kiosk_id(7)) == 1.2
    assert value(scraped, "yicang_fleet_kiosk_disk_free_bytes", kiosk=kiosk_id(15)) == 240e6
    assert value(scraped, "yicang_fleet_kiosk_version_differs", kiosk=kiosk_id(17)) == 1
    assert value(scraped, "yicang_hub_kiosks", level="urgent") == 6
    assert value(scraped, "yicang_hub_alarms", severity="urgent", acknowledged="true") == 1
    assert value(scraped, "yicang_hub_working", part="broker") == 1


def test_a_kiosk_that_ended_has_no_figures_and_what_is_unknown_is_left_out(
    scraped: dict[str, Metric],
) -> None:
    def kiosks(name: str) -> set[str]:
        return {one.labels["kiosk"] for one in scraped[name].samples}

    assert len(kiosks("yicang_fleet_kiosk_present")) == COUNT - len(GONE)
    assert not kiosks("yicang_fleet_kiosk_backlog_events") & {kiosk_id(n) for n in NEW | GONE}
    assert not kiosks("yicang_fleet_kiosk_last_seen_timestamp_seconds") & {kiosk_id(n) for n in NEW}


def test_every_name_is_explained_and_says_its_unit(scraped: dict[str, Metric]) -> None:
    for name, family in scraped.items():
        assert re.fullmatch(r"yicang_(hub|fleet_kiosk)_[a-z_]+", name)
        assert family.documentation.endswith(".")
        assert family.type in ("gauge", "counter", "info")
        assert not re.search(r"_(ms|mb|minutes|percent)$", name)


ALLOWED: Final = {
    "part": {"writer", "broker", "alarms"},
    "severity": {"urgent", "soon"},
    "acknowledged": {"true", "false"},
    "level": {"urgent", "soon", "away", "new", "well", "ended"},
    "kind": {"scanner", "printer", "panel", "speaker", "other"},
    "state": {"working", "failing"},
    "reason": {"under-voltage", "frequency-capped", "throttled", "hot"},
}


def test_no_label_holds_what_a_kiosk_or_a_person_wrote(
    site: HubSite, scraped: dict[str, Metric]
) -> None:
    registered = {kiosk_id(n) for n in range(COUNT)}
    stops = {stop_id(n) for n in range(COUNT)}
    for name, family in scraped.items():
        for one in family.samples:
            for label, word in one.labels.items():
                if name == "yicang_hub_build_info":
                    assert label == "version"
                elif label == "kiosk":
                    assert word in registered
                elif label == "stop":
                    assert word in stops
                else:
                    assert word in ALLOWED[label]


def test_a_stranger_that_sends_makes_no_series(site: HubSite, token: str) -> None:
    from tests.support.alarm_scene import say

    before = len(get(site, token).text.splitlines())
    say(site, "stranger-k9", told=well())
    text = get(site, token).text
    assert "stranger" not in text
    assert len(text.splitlines()) == before


def test_what_is_wrong_with_the_hub_shows(site: HubSite, token: str) -> None:
    site.ailments.append("broker")
    try:
        found = families(get(site, token).text)
    finally:
        site.ailments.clear()
    assert value(found, "yicang_hub_working", part="broker") == 0
    assert value(found, "yicang_hub_working", part="writer") == 1


def test_whoever_asks_for_openmetrics_gets_it(site: HubSite, token: str) -> None:
    answer = get(site, token, Accept="application/openmetrics-text; version=1.0.0")
    assert answer.content_type.startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


# --- the files ------------------------------------------------------------------------------------


def there(scraped: dict[str, Metric]) -> dict[str, set[str]]:
    """The labels of each name that a scrape of the hub or a kiosk's file holds."""
    own = families(exposition("x", well(throttling=("hot",)), connected=True))
    found: dict[str, set[str]] = {}
    for family in (*scraped.values(), *own.values()):
        for one in family.samples:
            found.setdefault(one.name, set()).update(one.labels)
    return found


def drawn() -> list[str]:
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [one["expr"] for panel in board["panels"] for one in panel["targets"]]


def expressions() -> list[str]:
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return [rule["expr"] for group in rules["groups"] for rule in group["rules"]] + drawn()


@pytest.mark.sqlite  # where the database is elsewhere the hub knows nothing of its disk
def test_rules_and_dashboard_name_only_what_a_scrape_holds(scraped: dict[str, Metric]) -> None:
    known = there(scraped)
    asked = expressions()
    assert len(asked) > 30
    for expression in asked:
        names = set(re.findall(r"\b(?:yicang|node)_[a-z_]+|\bup\b", expression))
        assert names, expression
        assert names - OTHERS - SOMETIMES <= known.keys(), expression
        for name, labels in re.findall(r"(yicang_[a-z_]+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)=", labels)) <= known[name], expression


def test_every_rule_tells_people_in_both_languages_for_how_long() -> None:
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    names = []
    for group in rules["groups"]:
        for rule in group["rules"]:
            names.append(rule["alert"])
            assert rule["labels"]["severity"] in ("critical", "warning")
            assert rule["for"]
            zh, _slash, en = rule["annotations"]["summary"].partition(" / ")
            assert re.search(r"[\u4e00-\u9fff]", zh), rule["alert"]
            assert re.search(r"[a-z]{2,}", en), rule["alert"]
    assert len(set(names)) == len(names)


@pytest.mark.proof
def test_promtool_takes_the_rules_the_dashboard_the_example_and_a_scrape(
    site: HubSite, token: str, tmp_path: Path
) -> None:
    told = exposition("x", well(), connected=True)
    asked = tmp_path / "dashboard.yml"  # as rules: promtool reads no dashboards
    rules = [{"record": f"drawn:{n}", "expr": expr} for n, expr in enumerate(drawn())]
    asked.write_text(yaml.safe_dump({"groups": [{"name": "drawn", "rules": rules}]}))
    for words, fed in (
        (["rules", str(RULES)], ""),
        (["rules", str(asked)], ""),
        (["config", "--syntax-only", str(MONITORING / "prometheus.yml")], ""),
        (["metrics"], get(site, token).text),
        (["metrics"], told),
    ):
        command = ["promtool", "check", *words]
        ran = subprocess.run(command, input=fed, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout + ran.stderr


def test_a_viewer_is_enough(site: HubSite) -> None:
    assert get(site, site.token(Role.VIEWER)).status_code == 200
