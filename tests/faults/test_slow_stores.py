"""A store that answers old and new by turns for half a minute after a write, as S3 may."""

from datetime import timedelta

import pytest

from tests.faults import faults
from tests.faults.proxy import Proxy, healthy
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


@pytest.mark.parametrize("first", [0, 1])
def test_a_creation_writes_each_setting_once_and_says_nothing_false(
    world: StoreWorld, proxy: Proxy, first: int
) -> None:
    """ "the owner's mark was written and is not there; is somebody else writing the tags?" was an Event, after three writes."""
    began, lagging = world.now, faults.Lagging(first)
    for _ in range(MANY):
        lags = (world.now - began).total_seconds() < LAG
        with proxy.failing(lagging if lags else healthy):
            world.step()
        if world.ready[0] == "True" and (world.wait or 0) >= 300:
            break
        world.now += timedelta(seconds=world.wait or 0.0)
    assert world.ready == ("True", "InSync")
    assert [n for n in world.notes if n.warning] == []
    assert sorted(proxy.writes()) == sorted(ONCE)
    assert world.differences() == []
