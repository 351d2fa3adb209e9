"""Edits, kills and refused statuses in any order: what the last spec mentions is in the store, and nothing else of ours."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from imagestore.core.errors import Denied
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.tags import Tags
from tests.reconcile.world import OWNER, World

Json = dict[str, Any]


def _rules(*names: str) -> Json:
    return {"rules": [{"name": n, "match": {"prefix": f"{n}/"}, "expire": {"days": 30}} for n in names]}


CORS = {"rules": [{"allowedOrigins": ["*"], "allowedMethods": ["GET"]}]}
SPECS = st.fixed_dictionaries(
    {
        "tags": st.sampled_from([None, {"a": "1"}, {"a": "2", "b": "1"}, {"b": "1"}]),
        "lifecycle": st.sampled_from([None, _rules("x"), _rules("x", "y"), _rules("y")]),
        "cors": st.sampled_from([None, CORS]),
        "versioning": st.sampled_from([None, {"state": "Enabled"}]),
    }
)
# A step is a reconcile; a lost one wrote to the store, and its status was refused or came too late. A number: killed at that
# write to the store, or (negative) told by the store that it may not do it, and all that follow.
STEPS = st.sampled_from(["step", "lost", "restart", "look", 1, 2, 3, 4, -1, -2, -3])
DEEDS = st.lists(st.one_of(SPECS, STEPS), max_size=12)


class _Killed(BaseException):
    """No handler of the operator's runs."""


def _killed(world: World, at: int) -> None:
    world.store.fault = _from(at, _Killed())
    with suppress(_Killed):
        world.step()
    world.store.fault = None
    world.restart()


def _refused(world: World, at: int) -> None:
    world.store.fault = _from(at, Denied("access denied"))
    world.step()
    world.store.fault = None


def _from(at: int, raised: BaseException) -> Callable[[str, str], None]:
    """A fault at this write to the store, and at all later ones."""
    made = 0

    def fault(operation: str, _bucket: str) -> None:
        nonlocal made
        write = operation.startswith(("Put", "Create", "Delete"))
        made += write
        if write and made >= at:
            raise raised

    return fault


def _do(world: World, deed: Json | str | int) -> None:
    if isinstance(deed, dict):
        world.edit(**deed)
    elif isinstance(deed, int):
        _killed(world, deed) if deed > 0 else _refused(world, -deed)
    elif deed == "restart":
        world.restart()
    elif deed == "look":
        world.later().step()
    else:
        before = world.status
        world.step()
        world.status = before if deed == "lost" else world.status


def _there(world: World) -> Json:
    tags, rules = world.bucket.facets.get("tags"), world.bucket.facets.get("lifecycle")
    return {
        "tags": dict(tags.values) if isinstance(tags, Tags) else {},
        "rules": {r.name for r in rules.rules} if isinstance(rules, Lifecycle) else set(),
        "cors": "cors" in world.bucket.facets,
    }


def _asked(spec: Json) -> Json:
    return {
        "tags": spec.get("tags") or {},
        "rules": {r["name"] for r in (spec.get("lifecycle") or {}).get("rules", ())},
        "cors": "cors" in spec,
    }


# Killed before the mark, edited, and the status of the pass that marks it is lost.
@example(first={}, deeds=["step", 2, {"tags": {"a": "1"}}, "lost", {"tags": None}])
@given(first=SPECS, deeds=DEEDS)
def test_the_store_has_what_the_last_spec_asks_for(first: Json, deeds: list[Json | str | int]) -> None:
    world = World().apply().edit(**first)
    for deed in deeds:
        _do(world, deed)
    world.later().restart().settle()
    found = _there(world)
    found["tags"].pop(OWNER, None)
    assert found == _asked(world.spec), deeds
    assert world.ready == ("True", "InSync")
