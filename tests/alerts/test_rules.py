"""The rules are right by promtool, each has tests there, a fault here and a paragraph in the runbook."""

import re
import shutil
from pathlib import Path

import yaml

from dev.prometheus import promtool
from imagestore.api.imagebucket import FINDINGS
from imagestore.core.conditions import ABNORMAL, READY
from imagestore.kinds import ALL
from tests.alerts.rules import FILE, hurried, rules

UNIT_TESTS = sorted(Path(__file__).parent.glob("rules*_test.yaml"))
RUNBOOK = Path(__file__).parents[2] / "docs" / "alerts.md"


def test_promtool_has_nothing_to_say() -> None:
    done = promtool("check", "rules", FILE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"SUCCESS: {len(rules())} rules found" in done.stdout


def test_each_fires_in_time_and_not_before(tmp_path: Path) -> None:
    shutil.copy(FILE, tmp_path)
    done = promtool("test", "rules", *(shutil.copy(file, tmp_path) for file in UNIT_TESTS))
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_has_a_unit_test_that_fires() -> None:
    groups = [g for file in UNIT_TESTS for g in yaml.safe_load(file.read_text())["tests"]]
    fired = {t["alertname"] for g in groups for t in g["alert_rule_test"] if t["exp_alerts"]}
    assert fired == {rule["alert"] for rule in rules()}


def test_every_finding_is_in_the_alert_of_findings() -> None:
    (rule,) = (r for r in rules() if r["alert"] == "ImagestoreFinding")
    (named,) = re.findall(r'condition=~"([^"]+)"', rule["expr"])
    assert set(named.split("|")) == set(FINDINGS)


def test_every_kind_that_can_be_held_has_an_alert_of_it() -> None:
    """A Restore waited in silence; an ImageBucket has a metric of its own."""
    alerted = {
        kind for rule in rules() for kind in re.findall(r'kind="(\w+)",condition="Held"', rule["expr"])
    }
    assert alerted == {record.kind.name for record in ALL if "Held" in record.conditions}


def test_metrics_show_every_condition_of_an_alert() -> None:
    """LocksExtended was told in the status and in no metric, so that a rule for it could never fire."""
    shown = {record.kind.name: {READY, *ABNORMAL, *record.conditions} for record in ALL}
    asked = {
        found for rule in rules() for found in re.findall(r'kind="(\w+)",condition="(\w+)"', rule["expr"])
    }
    assert len(asked) > 10
    assert {(kind, name) for kind, name in asked if name not in shown[kind]} == set()


def test_each_has_its_paragraph_in_the_runbook() -> None:
    described = re.findall(r"^## (\w+)$", RUNBOOK.read_text(), re.MULTILINE)
    assert described == [rule["alert"] for rule in rules()]


def test_in_a_hurry_only_durations_change(tmp_path: Path) -> None:
    quick = hurried(FILE.read_text())
    assert not re.search(r"\d[mhd]\b", re.sub(r"#.*|description:.*", "", quick))
    assert len(quick.splitlines()) == len(FILE.read_text().splitlines())
    (tmp_path / "quick.yaml").write_text(quick)
    assert promtool("check", "rules", tmp_path / "quick.yaml").returncode == 0
