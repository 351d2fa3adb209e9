"""The soak in miniature: the same code for less than a minute, so that it works when an hour of it is wanted."""

import json
from pathlib import Path

import pytest

from dev.soak.run import Plan, Soak
from dev.soak.world import world

PLAN = Plan(seconds=25, buckets=20, seed=5, ending=0.4, settle=150, least=25)


@pytest.mark.timeout(600)
def test_nothing_is_wrong_after_half_a_minute(tmp_path: Path) -> None:
    with world(tmp_path, interval=5) as there:
        result = Soak.of(there, PLAN).run()
    assert not result["wrong"], json.dumps(result, indent=1)
    assert result["faults"], "there were some"
    assert sum(result["deeds"].values()) > 20
