"""The alert rules for Prometheus, played through by its own promtool: what makes each one ring."""

import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml  # type: ignore[import-untyped]

pytestmark = pytest.mark.proof

RULES: Final = Path(__file__).resolve().parents[2] / "docs" / "monitoring" / "rules.yml"
HUB: Final = 'job="yicang-hub", instance="hub"'
KIOSK: Final = HUB + ', kiosk="kiosk-01", stop="stop-01"'
OWN: Final = 'job="yicang-kiosks", instance="kiosk"'

WELL: Final = {
    f"up{{{HUB}}}": "1x200",
    f'yicang_hub_working{{{HUB}, part="writer"}}': "1x200",
    f'yicang_hub_working{{{HUB}, part="broker"}}': "1x200",
    f"yicang_hub_projection_lag_seconds{{{HUB}}}": "0x200",
    f"yicang_hub_backup_last_success_timestamp_seconds{{{HUB}}}": "0+60x200",
    f"yicang_hub_backup_failed{{{HUB}}}": "0x200",
    f"yicang_hub_disk_free_bytes{{{HUB}}}": "20000000000x200",
    f"yicang_hub_certificate_expiry_timestamp_seconds{{{HUB}}}": "8000000x200",
    f"yicang_hub_broker_certificate_expiry_timestamp_seconds{{{HUB}}}": "8000000x200",
    f"yicang_hub_alarm_channels_failing{{{HUB}}}": "0x200",
    f'yicang_hub_alarms{{{HUB}, severity="urgent", acknowledged="false"}}': "0x200",
    f'yicang_hub_alarms{{{HUB}, severity="urgent", acknowledged="true"}}': "1x200",
    f"yicang_fleet_kiosk_expected{{{KIOSK}}}": "1x200",
    f"yicang_fleet_kiosk_present{{{KIOSK}}}": "1x200",
    f'yicang_fleet_kiosk_devices{{{KIOSK}, kind="scanner", state="working"}}': "1x200",
    f'yicang_fleet_kiosk_devices{{{KIOSK}, kind="printer", state="failing"}}': "0x200",
    f"yicang_fleet_kiosk_refusing{{{KIOSK}}}": "0x200",
    f"yicang_fleet_kiosk_oldest_unsent_seconds{{{KIOSK}}}": "20x200",
    f"yicang_fleet_kiosk_backlog_events{{{KIOSK}}}": "600x200",
    f"yicang_fleet_kiosk_paper_left_meters{{{KIOSK}}}": "12x200",
    f"yicang_fleet_kiosk_temperature_celsius{{{KIOSK}}}": "55x200",
    f'yicang_fleet_kiosk_throttled{{{KIOSK}, reason="under-voltage"}}': "0x200",
    f"yicang_fleet_kiosk_clock_trusted{{{KIOSK}}}": "1x200",
    f"yicang_fleet_kiosk_uptime_seconds{{{KIOSK}}}": "0+60x200",
    f"yicang_fleet_kiosk_disk_free_bytes{{{KIOSK}}}": "8000000000x200",
    f"yicang_fleet_kiosk_configuration_drift{{{KIOSK}}}": "0x200",
    f'node_textfile_mtime_seconds{{{OWN}, file="/run/yicang-kiosk/yicang.prom"}}': "0+60x200",
    f"yicang_kiosk_connected{{{OWN}}}": "1x200",
    f'yicang_kiosk_device_up{{{OWN}, kind="scanner"}}': "1x200",
}
"""A hub and a kiosk that are well for three hours, a figure a minute."""

RING: Final = {
    "YicangHubDown": {'up{job="yicang-hub"': "1x60 0x140"},
    "YicangHubPartDown": {'part="writer"': "1x60 0x140"},
    "YicangHubProjectionBehind": {"projection_lag": "0x60 301x140"},
    "YicangHubBackupOld": {"backup_last_success": "-90000x200"},
    "YicangHubNeverBackedUp": {"backup_last_success": "_x200"},
    "YicangHubBackupFailed": {"backup_failed": "0x60 1x140"},
    "YicangHubDiskLow": {"hub_disk_free": "1900000000x200"},
    "YicangHubDiskFillsSoon": {"hub_disk_free": "20000000000-4000000x200"},
    "YicangHubCertificateEnds": {"hub_certificate_expiry": "2500000x200"},
    "YicangBrokerCertificateEnds": {"broker_certificate_expiry": "2500000x200"},
    "YicangHubAlarmsNotTold": {"channels_failing": "0x60 1x140"},
    "YicangHubAlarmsIgnored": {'acknowledged="false"': "0x60 1x140"},
    "YicangKioskAway": {"kiosk_present": "1x60 0x140"},
    "YicangKioskWithoutScanner": {'kind="scanner", state="working"': "1x60 0x140"},
    "YicangKioskDeviceFails": {'kind="printer", state="failing"': "0x60 1x140"},
    "YicangKioskRefuses": {"refusing": "0x60 1x140"},
    "YicangKioskUnsentOld": {"oldest_unsent": "20x60 3601+60x140"},
    "YicangKioskBacklogGrows": {"backlog_events": "400+5x200"},
    "YicangKioskPaperLow": {"paper_left": "12x60 1.9x140"},
    "YicangKioskHot": {"temperature": "55x60 81x140"},
    "YicangKioskUnderVoltage": {"under-voltage": "0x60 1x140"},
    "YicangKioskClockUntrusted": {"clock_trusted": "0x200"},
    "YicangKioskDiskLow": {"kiosk_disk_free": "490000000x200"},
    "YicangKioskConfigurationDrift": {"configuration_drift": "0x60 1x140"},
    "YicangKioskFileOld": {"node_textfile_mtime": "0+60x60 3600x140"},
    "YicangKioskNotConnected": {"yicang_kiosk_connected": "1x60 0x140"},
    "YicangKioskOwnDeviceDown": {"yicang_kiosk_device_up": "1x60 0x140"},
}
"""By alert, what is otherwise than in `WELL`: a part of the series' name, and its figures."""

SILENT: Final = {
    "a closed stop's kiosk may be away": {"kiosk_expected": "0x200", "kiosk_present": "0x200"},
    "without the broker nobody knows who is away": {
        'part="broker"': "0x200",
        "kiosk_present": "0x200",
    },
    "a clock may be unknown for the first quarter of an hour": {
        "clock_trusted": "0x200",
        "kiosk_uptime": "600x200",
    },
    "what a kiosk said of its devices counts only while it is there": {
        "kiosk_expected": "0x200",
        "kiosk_present": "0x200",
        'kind="scanner", state="working"': "0x200",
    },
    "a backlog that shrinks is on its way": {"backlog_events": "9000-1x200"},
}
"""Where nothing about the kiosk may ring, though a figure is not as it should be."""


def world(otherwise: dict[str, str]) -> list[dict[str, str]]:
    """The series of promtool's `input_series`; every part of a name must fit exactly one."""
    values = dict(WELL)
    for part, figures in otherwise.items():
        [name] = [one for one in WELL if part in one]
        values[name] = figures
    return [{"series": name, "values": values[name]} for name in values]


def scene(otherwise: dict[str, str], name: str, firing: list[str]) -> dict[str, Any]:
    """After three hours exactly the alerts `firing` ring, each once."""
    return {
        "name": name,
        "interval": "1m",
        "input_series": world(otherwise),
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": "3h",
                "exp_samples": [
                    {"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in firing
                ],
            }
        ],
    }


def alerts() -> list[str]:
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return [rule["alert"] for group in rules["groups"] for rule in group["rules"]]


def test_each_alert_rings_for_its_own_reason_and_no_other_and_a_well_fleet_is_silent(
    tmp_path: Path,
) -> None:
    assert list(RING) == alerts()
    tests = [scene({}, "all is well", [])]
    tests += [scene(otherwise, alert, [alert]) for alert, otherwise in RING.items()]
    for name, otherwise in SILENT.items():
        about_the_hub = ["YicangHubPartDown"] if 'part="broker"' in otherwise else []
        tests.append(scene(otherwise, name, about_the_hub))
    told = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}
    path = tmp_path / "scenes.yml"
    path.write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")
    ran = subprocess.run(
        ["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
