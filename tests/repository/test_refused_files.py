"""A file of a repository that its store refuses for good, while it gives all others: what is in it is lost, and no more."""

import json

import pytest

from imagestore.core.errors import Denied, StoreError, Unavailable
from imagestore.reconcile.restore.runs import RestoreJob
from imagestore.repository.checking.verify import VerifyLevel
from imagestore.repository.format.leaves import MOST_ROWS, LeafBuilder
from imagestore.repository.format.names import leaf_file
from imagestore.repository.store.view import backups
from tests.repository.test_checking import verified
from tests.repository.test_kept_in_order import PLACE
from tests.repository.test_restore_runs import BACK, run
from tests.repository.world import World

REFUSED = [Denied("no", code="AccessDenied"), Unavailable("no", code="InternalError")]


def refusing(world: World, name: str, error: StoreError) -> list[str]:
    """The store gives no bytes of one file, or of any where the name is empty. How often it was asked for."""
    asked: list[str] = []

    def fault(operation: str, _bucket: str, key: str) -> None:
        if operation == "Get" and (not name or key == f"shop/{name}"):
            asked.append(key)
            raise error

    world.server.fault = fault
    return asked


@pytest.fixture
def leafy(monkeypatch: pytest.MonkeyPatch) -> tuple[World, str, str, set[str]]:
    """A backup of several leaves; the name of its second one, and the keys in that."""
    monkeypatch.setattr(LeafBuilder.__init__, "__defaults__", (3, MOST_ROWS))
    world = World()
    for n in range(60):
        world.put(f"p/{n:03}", b"%d" % n)
    root = world.back_up()
    assert len(root.leaves) > 2
    _, lost, after, *_ = root.leaves
    return (
        world,
        root.name,
        leaf_file(lost.name),
        {k for k in world.content() if lost.first <= k < after.first},
    )


@pytest.mark.parametrize("error", REFUSED, ids=lambda e: e.code)
def test_a_leaf_costs_its_objects_and_no_others(
    leafy: tuple[World, str, str, set[str]], error: StoreError
) -> None:
    """It was asked for again and again, and nothing behind it was ever restored."""
    world, backup, leaf, keys = leafy
    asked = refusing(world, leaf, error)
    found = run(world, RestoreJob("uid", BACK, PLACE, backup=backup, priorities=("p/00", "p/03")))
    assert found is not None
    assert (found.trouble, set(found.failed), found.counts.failed) == (None, {"Damaged"}, len(keys))
    assert world.restored().keys() & world.content().keys() == world.content().keys() - keys
    (line,) = world.restored()[found.report].splitlines()
    told = json.loads(line)
    assert (told["key"], told["why"]) == (
        min(keys),
        f"Damaged: {leaf}: its store does not give it: {error.reason} {error.code}; {len(keys)} objects from this key on are not known",
    )
    assert len(asked) == 2, "once when it is counted, and once when it is restored"


def test_a_leaf_is_damage_to_drills_and_checks(leafy: tuple[World, str, str, set[str]]) -> None:
    world, backup, leaf, keys = leafy
    refusing(world, leaf, REFUSED[0])
    drilled = run(world, RestoreJob("uid", BACK, PLACE, backup=backup, sample=10))
    assert drilled is not None
    assert (drilled.trouble, drilled.failed) == (None, {"Damaged": len(keys)})
    report, _ = verified(world, VerifyLevel.QUICK)
    assert report.damaged == len(keys)


def test_an_outage_is_no_damage(leafy: tuple[World, str, str, set[str]]) -> None:
    world, backup, _, _ = leafy
    refusing(world, "", REFUSED[1])
    found = run(world, RestoreJob("uid", BACK, PLACE, backup=backup))
    assert found is not None
    assert found.trouble is not None
    assert not found.trouble.final


def test_a_removal_does_not_take_a_refused_leaf_for_lost(leafy: tuple[World, str, str, set[str]]) -> None:
    world, _, leaf, _ = leafy
    world.back_up(full=True)
    refusing(world, leaf, REFUSED[0])
    with pytest.raises(Denied):
        world.prune(last=2)
    world.server.fault = None
    assert len(backups(world.opened()).roots) == 2
