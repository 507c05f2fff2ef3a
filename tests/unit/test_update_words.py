"""Whatever an update waits for, or was left for, is said in both languages."""

import re
from pathlib import Path

from click.testing import CliRunner

from provisioning.updates import commands, state, steps
from provisioning.updates.progress import Phase, Result, State
from tests.support.processes import ROOT
from tests.support.releases import NEW

SOURCES = sorted((ROOT / "provisioning" / "updates").glob("*.py"))
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
AT_ONCE = {"installed", "no-previous", "hash", "no-python", "incomplete", "unwell", "elsewhere"}
"""Said in full to the person who typed the command, and kept nowhere."""


def test_every_reason_has_words() -> None:
    told = set(re.findall(r'BundleError\(\s*"([a-z-]+)"', TEXT)) - AT_ONCE
    told |= set(re.findall(r'reason="([a-z-]+)"', TEXT))
    for name in ("steps.py", "hub.py"):
        text = (ROOT / "provisioning" / "updates" / name).read_text(encoding="utf-8")
        told |= set(re.findall(r'(?:return|else) "([a-z-]+)"', text))
    told |= set(re.findall(r'(?:Result\.REFUSED, |or )"([a-z-]+)"', TEXT))
    told |= {f"{kind}-missing" for kind in steps.SERVICES} | {"disk"}
    assert told == set(commands.REASONS)
    page = (ROOT / "docs" / "fleet.md").read_text(encoding="utf-8")
    for reason in ("crashes", "start-loop", "cannot-switch", "kiosk-silent", "not-acknowledged"):
        assert f"`{reason}`" in page


def test_every_state_has_words() -> None:
    words = {phase.value for phase in Phase} - {"idle"} | {result.value for result in Result}
    assert set(commands.WORDS) == words
    for both in (*commands.WORDS.values(), *commands.REASONS.values()):
        assert re.search(r"[\u4e00-\u9fff]", both.zh)
        assert not re.search(r"[\u4e00-\u9fff]", both.en)


def test_the_status_is_told_in_both_languages(tmp_path: Path) -> None:
    path = tmp_path / "var/lib/yicang/update/state.json"
    path.parent.mkdir(parents=True)
    reverted = State(result=Result.REVERTED, result_release=NEW, result_reason="scanner-missing")
    state.save(path, reverted)
    said = CliRunner().invoke(commands.update, ["status", "--root", str(tmp_path)])
    assert said.exit_code == 0
    assert f"{NEW} 试用未通过，已退回 / tried and left again" in said.output
    assert "有扫码枪不工作了 / a scanner does not work any more" in said.output
    state.save(path, reverted.at(Phase.WAITING, release=NEW, reason="in-use"))
    said = CliRunner().invoke(commands.update, ["status", "--root", str(tmp_path)])
    assert "等待时机 / waits for a good moment" in said.output
    assert "有人在用 / somebody is using it" in said.output
