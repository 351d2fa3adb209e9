"""A status in which a newer version has left a word that this one does not know: the memory around it is kept."""

from collections.abc import Callable
from typing import Any

import pytest

from imagestore.facets.versioning import Versioning
from tests.reconcile.test_lifecycle_of_a_bucket import ON, made
from tests.reconcile.world import MARK, OWNER, START, World

Json = dict[str, Any]


def _state(status: Json) -> None:
    for facet in status["facets"]:
        facet["state"] = "Foretold"


def _condition(status: Json) -> None:
    status["conditions"][0]["status"] = "Perhaps"


def _history(status: Json) -> None:
    moment = START.isoformat()
    status["drift"] = {"history": [{"since": moment, "until": moment, "how": "Forgiven", "paths": []}]}


def _field(status: Json) -> None:
    status["usage"] = {"objects": "many", "bytes": -1}


NEWER = [_state, _condition, _history, _field]


@pytest.fixture(params=NEWER)
def newer(request: pytest.FixtureRequest) -> World:
    world = made()
    word: Callable[[Json], None] = request.param
    word(world.status)
    return world.restart()


def test_a_lost_bucket_is_still_told_as_lost(newer: World) -> None:
    """It was made again, empty, without ContentLost."""
    newer.store.buckets.clear()
    newer.later().settle()
    assert newer.condition("ContentLost") is not None


def test_a_tag_that_was_taken_out_of_the_spec_still_goes(newer: World) -> None:
    newer.edit(tags={"color": "red"}).settle()
    assert newer.bucket.tags == {"color": "red", OWNER: MARK}


def test_drift_is_still_drift(newer: World) -> None:
    newer.bucket.facets["versioning"] = Versioning(state="Suspended")
    newer.later().settle()
    assert "DriftDetected" in newer.reasons()


def test_a_hold_keeps_its_token() -> None:
    world = made().edit(**{**ON, "versioning": {"state": "Suspended"}}).settle()
    token = world.held()["versioning"]
    _state(world.status)
    world.restart().later().settle()
    assert world.held()["versioning"] == token
