"""How far a deletion goes, what it says meanwhile, and what stops it."""

from datetime import timedelta

import pytest

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.memory import MemoryBackend, MemoryBucket
from imagestore.core.errors import Denied, NotFound, Throttled
from imagestore.core.outcome import Finalizer
from imagestore.facets.tags import Tags
from imagestore.reconcile.shared.situation import StoreStanding
from tests.reconcile.test_lifecycle_of_a_bucket import ON, made
from tests.reconcile.test_ownership_and_deletion import ALL, doomed
from tests.reconcile.test_waits import failing
from tests.reconcile.world import BUCKET, MARK, OWNER, World, backend_spec

WAY_OUT = "to keep the bucket and delete only this object, set deletionPolicy: Retain"


def ready(world: World) -> str:
    found = world.condition("Ready")
    assert found is not None
    return found.message


def last(world: World) -> tuple[str, str, bool, str]:
    event = world.events[-1]
    return event.reason, event.action, event.warning, event.message


def test_what_a_deletion_did_is_its_last_event() -> None:
    world = made().delete().settle()
    assert last(world) == (
        "Retained",
        "Delete",
        False,
        f"bucket {BUCKET} is retained, with everything in it; to delete it, use the store's own tools",
    )
    world = made(**ON, deletionPolicy="DeleteIfEmpty").delete().settle()
    assert last(world) == ("Deleted", "Delete", False, f"bucket {BUCKET} was deleted")
    world = made(**ON, deletionPolicy="DeleteIfEmpty")
    world.store.buckets.clear()
    world.delete().settle()
    assert last(world) == ("Deleted", "Delete", False, f"bucket {BUCKET} does not exist any more")


def test_an_object_without_our_finalizer_is_left_alone() -> None:
    world = World(finalized=False).apply(**ON, deletionPolicy="DeleteIfEmpty").delete()
    outcome = world.step()
    assert (outcome.finalizer, outcome.events, world.store.calls) == (Finalizer.LEAVE, (), [])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"suspend": True}, "is retained: the object was suspended, or in mode Observe"),
        ({"mode": "Observe"}, "is retained: the object was suspended, or in mode Observe"),
    ],
)
def test_what_retains_a_bucket_is_said(change: dict[str, object], why: str) -> None:
    world = doomed(a="").edit(**change).settle()
    assert last(world)[3] == f"bucket {BUCKET} {why}"
    assert "a" in world.bucket.versions


def test_a_rival_retains_it_and_is_not_named() -> None:
    world = doomed()
    world.rival = "press/first"
    world.settle()
    assert last(world)[3] == f"bucket {BUCKET} is retained: another object claims it"


def test_a_policy_that_was_allowed_once_is_judged_as_it_is_now() -> None:
    for spec in (backend_spec(), StorageBackendSpec.model_validate(_without_namespaces())):
        world = doomed(a="")
        world.backend_spec = spec
        world.settle()
        assert last(world)[3] == (
            f"bucket {BUCKET} is retained: deletionPolicy DeleteAll is no longer allowed in this namespace"
        )
        assert "a" in world.bucket.versions


def _without_namespaces() -> dict[str, object]:
    return {k: v for k, v in backend_spec(**ALL).to_json().items() if k != "namespaces"}


def test_a_backend_that_is_gone_forbids_nothing_and_blocks() -> None:
    world = doomed()
    world.backend_spec, world.usable = None, False
    world.step()
    assert world.ready == ("False", "BackendUnusable")
    assert ready(world) == f"Secret eu is missing; {WAY_OUT}"


def test_an_object_whose_bucket_was_never_made_deletes_nothing() -> None:
    world = World(finalized=True).apply(**ON, deletionPolicy="DeleteIfEmpty")
    world.store.buckets[BUCKET] = MemoryBucket({"tags": Tags(values={OWNER: MARK})})
    world.delete().settle()
    assert last(world)[3] == f"bucket {BUCKET} was never this object's; nothing was deleted"
    assert BUCKET in world.store.buckets


@pytest.mark.parametrize("tags", [{"cost": "7"}, {OWNER: "prod/press/x"}])
def test_an_empty_bucket_with_anothers_tags_is_no_orphan_of_ours(tags: dict[str, str]) -> None:
    """There is an intent, but the mark is written with the user's tags: this bucket another program has made."""
    world = World(backend_spec=backend_spec(**ALL)).apply(**ON, deletionPolicy="DeleteAll")
    world.step()
    world.store.buckets[BUCKET] = MemoryBucket({"tags": Tags.from_store(values=tags)})
    world.restart().delete().settle()
    assert BUCKET in world.store.buckets
    assert last(world) == (
        "Retained",
        "Delete",
        True,
        f"bucket {BUCKET} does not carry this object's owner mark, so it is retained",
    )


def test_a_bucket_whose_mark_was_removed_is_retained_though_it_was_created() -> None:
    world = made(**ON, deletionPolicy="DeleteIfEmpty")
    world.bucket.facets["tags"] = Tags(values={})
    world.delete().settle()
    assert BUCKET in world.store.buckets
    assert last(world)[:3] == ("Retained", "Delete", True)


def test_an_orphan_that_is_empty_is_deleted() -> None:
    world = World(backend_spec=backend_spec(**ALL)).apply(**ON, deletionPolicy="DeleteIfEmpty")
    world.step()
    world.store.buckets[BUCKET] = MemoryBucket()
    world.restart().delete().settle()
    assert world.store.buckets == {}


def test_each_step_of_emptying_says_how_far_it_is() -> None:
    world = doomed(**{f"k{n}": "" for n in range(1500)}, held="legal hold", kept="retention")
    world.step()
    assert ready(world) == (
        "emptying: 1 000 versions and uploads deleted; to stop, set deletionPolicy: Retain"
    )
    assert world.status["deletion"] == {
        "removed": 1000,
        "message": "at least 2 versions and uploads stay (1: legal hold; 1: retention)",
    }
    assert world.wait == 0
    world.step()
    assert world.status["deletion"] == {
        "removed": 1500,
        "message": "2 versions and uploads stay (1: legal hold; 1: retention)",
    }
    world.step()
    assert world.ready == ("False", "ObjectLocked")
    assert ready(world) == f"2 versions and uploads stay (1: legal hold; 1: retention); {WAY_OUT}"
    assert world.wait == 15


def test_the_five_most_frequent_reasons_are_told() -> None:
    def content(reasons: int) -> dict[str, str]:
        return {f"k{r}-{n}": f"reason {r}" for r in range(reasons) for n in range(reasons - r)}

    world = doomed(**content(5))
    world.step()
    listed = "; ".join(f"{5 - r}: reason {r}" for r in range(5))
    assert ready(world) == f"15 versions and uploads stay ({listed}); {WAY_OUT}"
    world = doomed(**content(7))
    world.step()
    listed = "; ".join(f"{7 - r}: reason {r}" for r in range(5))
    assert ready(world) == f"28 versions and uploads stay ({listed}; 3 for 2 more reasons); {WAY_OUT}"


def test_progress_ends_a_row_of_failures() -> None:
    world = doomed(**{f"k{n}": "" for n in range(1500)})
    failing(world, Throttled("SlowDown"), "Sweep")
    assert [world.stepped() for _ in range(3)] == [15, 30, 60]
    world.store.fault = None
    assert world.stepped() == 0
    assert failing(world, Throttled("SlowDown"), "Sweep").stepped() == 15
    assert failing(world, Throttled("SlowDown", retry_after=99), "Sweep").stepped() == 99


def test_what_vanishes_while_it_is_emptied_is_no_trouble() -> None:
    world = doomed(a="")
    real = MemoryBackend.remains

    def emptied(self: MemoryBackend, bucket: str) -> object:
        found = real(self, bucket)
        self.store.buckets[bucket].versions.clear()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryBackend, "remains", emptied)
        outcome = world.step()
    assert outcome.status is None, "nothing was deleted and nothing stays: the next step tells"
    assert world.wait == 15
    world.settle()
    assert world.gone


def test_a_bucket_that_is_deleted_meanwhile_is_done() -> None:
    world = failing(doomed(a=""), NotFound("NoSuchBucket"), "Remains").settle()
    assert world.gone
    assert last(world)[3] == f"bucket {BUCKET} does not exist any more"


def test_what_blocks_a_deletion_is_said_with_the_way_out() -> None:
    world = made(**ON, deletionPolicy="DeleteIfEmpty")
    world.bucket.versions["a"] = ""
    world.bucket.uploads |= {"u", "v"}
    world.delete().step()
    assert ready(world).startswith("the bucket holds ")
    assert ready(world).endswith(f"; empty it, or {WAY_OUT}")
    assert world.condition("Stalled") is not None
    failing(world, Denied("no")).step()
    assert (world.ready, ready(world)) == (("False", "Denied"), f"no; {WAY_OUT}")


def test_a_deletion_asks_anew_who_answers_only_if_its_bucket_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = list[bool]()

    def identity(_: MemoryBackend, *, anew: bool = False) -> str:
        asked.append(anew)
        return "one"

    monkeypatch.setattr(MemoryBackend, "identity", identity)
    known = StoreStanding(identity="one")
    world = World(standing=known).apply(deletionPolicy="DeleteIfEmpty").settle()
    asked.clear()
    world.delete().settle()
    assert (world.gone, asked) == (True, [False])
    world = World(standing=known).apply(deletionPolicy="DeleteIfEmpty").settle()
    world.store.buckets.clear()
    asked.clear()
    world.delete().settle()
    assert (world.gone, asked) == (True, [False, True])


def test_at_another_store_nothing_is_asked_and_the_way_out_is_said() -> None:
    world = doomed(a="")
    world.standing = StoreStanding(identity="one", another=True)
    assert world.calls(world.step) == []
    assert ready(world) == f"another account or server answers than the one that had the bucket; {WAY_OUT}"
    assert (world.finalized, world.wait) == (True, 15)


def test_what_is_deleted_again_and_again_is_not_counted() -> None:
    world = doomed(a="", b="")
    world.step()
    world.bucket.versions.update(a="", b="")
    world.now += timedelta(seconds=1)
    world.step()
    assert world.ready == ("False", "NotRemoved")
    assert world.status["deletion"]["removed"] == 2
    world.bucket.versions.update(a="", b="", c="")
    world.step()
    assert world.ready == ("False", "Emptying"), "this time it is something else"
    assert world.status["deletion"]["removed"] == 5
