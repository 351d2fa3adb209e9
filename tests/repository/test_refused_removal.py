"""A removal whose deletes the store refuses: nothing that stays is hidden, nothing grows, and a person is told."""

from dataclasses import dataclass, field

import pytest

from imagestore.controller.keeping import RemovalRun
from imagestore.core.errors import Denied
from imagestore.core.reasons import Reason
from imagestore.reconcile.schedule.jobs import RemovalReport
from imagestore.repository.format.names import BACKUPS, INDEX, PACKS
from imagestore.repository.restoring.options import RestoreState
from imagestore.repository.restoring.selection import ExistingPolicy
from imagestore.repository.store.view import backups
from tests.repository.test_kept_in_order import KEY, Control, Shop
from tests.repository.world import Killed, World


@dataclass
class Refusing:
    """A store that deletes nothing below some folders of the repository. DeleteObjects answers 200, with an error for each key."""

    shop: Shop = field(default_factory=Shop)
    below: tuple[str, ...] = ("",)

    def __post_init__(self) -> None:
        self.shop.nights(5)
        self.shop.world.server.fault = self.fault

    def fault(self, operation: str, _bucket: str, key: str) -> None:
        if operation == "Delete" and key.startswith(tuple(f"shop/{one}" for one in self.below)):
            raise Denied("no", code="AccessDenied")

    def remove(self) -> RemovalReport:
        found = RemovalRun(self.shop.parts)(KEY, self.shop.remove(most_share=1.0), Control())
        assert found is not None
        self.shop.world.clock.pass_hours(49)
        return found

    def stored(self, folder: str) -> list[str]:
        return [name for name in self.shop.world.stored() if name.startswith(folder)]


def test_backups_whose_roots_stay_are_not_forgotten_and_the_trouble_is_told() -> None:
    """Each removal said that it had forgotten three; they were in no list any more, and not a byte was freed."""
    store = Refusing()
    before = store.shop.world.stored()
    for _ in range(3):
        trouble = store.remove().trouble
        assert trouble is not None
        assert (trouble.reason, trouble.side) == (Reason.DENIED, "repository")
        assert "files, of them 3 backups that the retention does not keep: AccessDenied; " in trouble.message
        assert len(backups(store.shop.world.opened()).roots) == 5
    assert store.shop.world.stored().keys() - before.keys() == set(store.stored("runs/")) - before.keys()
    store.below = ()
    found = store.remove()
    assert (found.trouble, found.forgotten, found.backups) == (None, 3, 2)
    assert len(store.stored(BACKUPS)) == 2
    assert store.remove().freed > 0


def test_what_an_index_that_stays_refers_to_is_not_deleted() -> None:
    """The next backup would refer to a pack that is gone."""
    store = Refusing(below=(INDEX,))
    packs = store.stored(PACKS)
    store.remove()
    for _ in range(3):
        found = store.remove()
        assert found.trouble is not None
        assert store.stored(PACKS) == packs
    store.below = ()
    assert store.remove().freed > 0
    newest = backups(store.shop.world.opened()).roots[-1]
    store.shop.world.assert_restores(newest, store.shop.world.content())


@pytest.mark.parametrize("versioned", [False, True])
def test_a_removal_that_is_killed_between_a_root_and_its_name_is_made_again(*, versioned: bool) -> None:
    """Where versions are kept, the root is read through its marker: the backup is there, and is forgotten by the next removal."""
    shop = Shop(World(versioned=versioned))
    shop.nights(5)

    def killed(operation: str, _bucket: str, key: str) -> None:
        if operation == "Put" and key.endswith("-forgotten"):
            raise Killed

    shop.world.server.fault = killed
    runs = RemovalRun(shop.parts)
    with pytest.raises(Killed):
        runs(KEY, shop.remove(most_share=1.0), Control())
    shop.world.server.fault = None
    for left in backups(shop.world.opened()).roots:
        assert shop.world.restore(left, existing=ExistingPolicy.OVERWRITE).state is RestoreState.SUCCEEDED
    shop.world.clock.pass_hours(49)
    found = runs(KEY, shop.remove(most_share=1.0), Control())
    assert found is not None
    assert (found.trouble, found.backups) == (None, 2)
