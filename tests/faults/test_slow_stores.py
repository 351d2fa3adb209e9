"""A store that answers old and new by turns for half a minute after a write, as S3 may."""

from datetime import timedelta

import pytest

from tests.faults import faults
from tests.faults.proxy import Fault, Proxy, healthy
from tests.faults.world import MANY, StoreWorld

LAG = 30.0  # seconds
ONCE = [
    "PUT",
    "PUT tagging",
    "PUT versioning",
    "PUT policy",
    "PUT lifecycle",
    "PUT lifecycle",
    "PUT set-bucket-quota",
]


SLOW = {
    "by turns, new first": faults.Lagging(0),
    "by turns, old first": faults.Lagging(1),
    **{f"{sub} late": faults.late(sub) for sub in ("tagging", "versioning", "policy", "lifecycle")},
}


@pytest.mark.parametrize("slow", SLOW.values(), ids=SLOW)
def test_a_creation_writes_each_setting_once_and_says_nothing_false(
    world: StoreWorld, proxy: Proxy, slow: Fault
) -> None:
    """ "the owner's mark was written and is not there; is somebody else writing the tags?" was an Event, after three writes."""
    began = world.now
    for _ in range(MANY):
        lags = (world.now - began).total_seconds() < LAG
        with proxy.failing(slow if lags else healthy):
            world.step()
        if world.ready[0] == "True" and (world.wait or 0) >= 300:
            break
        world.now += timedelta(seconds=world.wait or 0.0)
    assert world.ready == ("True", "InSync")
    assert [n for n in world.events if n.warning] == []
    # A rule that is not shown is never enabled: what was tried is taken back, and tried once more.
    tried = ["PUT lifecycle"] * 2 if slow is SLOW["lifecycle late"] else []
    assert sorted(proxy.writes()) == sorted([*ONCE, *tried])
    assert world.differences() == []
