"""How the owner mark is written, with what, and what is believed when it is not shown."""

from collections.abc import Mapping
from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.backends.base import Driver
from imagestore.backends.memory import MemoryBackend, MemoryBucket, MemoryStore
from imagestore.core.facet import WHOLE, Facet
from imagestore.core.reading import Found, Missing, Reading, Support, Unsupported
from imagestore.facets.tags import Tags
from imagestore.reconcile.bucket.desired import Desired
from imagestore.reconcile.bucket.observe import is_foreign, readings
from tests.reconcile.test_lifecycle_of_a_bucket import ON, made
from tests.reconcile.test_ownership_and_deletion import GRANT
from tests.reconcile.world import BUCKET, MARK, OWNER, World, backend_spec


def ready(world: World) -> str:
    found = world.condition("Ready")
    assert found is not None
    return found.message


def created_and_killed(**spec: Any) -> World:
    """The bucket is there, without a mark; the operator has just been started again."""
    world = World().apply(**(spec or ON))
    world.step()
    world.store.buckets[BUCKET] = MemoryBucket()
    return world.restart()


def test_the_mark_is_written_with_the_tags_that_status_knows_of() -> None:
    world = created_and_killed()
    world.step()
    assert world.bucket.tags == {"team": "shop", OWNER: MARK}
    assert world.store.calls.count(("Put:tags", BUCKET)) == 1


def test_a_tag_of_an_edit_since_is_recorded_before_it_is_set() -> None:
    """Had the answer been lost, a tag that status does not know would have stayed in the store for ever."""
    world = created_and_killed()
    world.edit(tags={"team": "shop", "cost": "7"}).step()
    assert world.bucket.tags == {OWNER: MARK}
    assert set(world.facet("tags")["parts"]) == {"team", "cost"}
    world.settle()
    assert world.bucket.tags == {"team": "shop", "cost": "7", OWNER: MARK}


def unmarkable(world: World) -> World:
    """A program deletes the mark as soon as it is written."""
    world.store.alters = lambda _, value: (
        Tags.from_store(values={k: v for k, v in value.values.items() if k != OWNER})
        if isinstance(value, Tags)
        else value
    )
    return world


def puts(world: World) -> int:
    return world.store.calls.count(("Put:tags", BUCKET))


def test_a_mark_that_is_not_shown_is_written_once_more_and_then_reported() -> None:
    """S3 may answer with the old tags for half a minute, and written again with these it deletes the new ones."""
    world = unmarkable(World().apply(versioning={"state": "Enabled"}))
    world.step()
    assert world.step().status is None
    assert (puts(world), world.wait) == (1, 15)
    world.later(seconds=44).step()
    assert puts(world) == 1, "it may still be on its way"
    assert world.ready == ("False", "Creating")
    world.later(seconds=1).step()
    assert puts(world) == 2
    assert world.ready == ("False", "Unexpected")
    assert ready(world) == (
        "the owner mark was written and is not there: another program writes the tags of this bucket; find it and stop it"
    )
    world.store.alters = None
    world.later(seconds=60).settle()
    assert world.ready == ("True", "InSync")
    assert world.bucket.tags[OWNER] == MARK


def test_one_mark_that_is_shown_late_is_no_trouble() -> None:
    world = unmarkable(World().apply(versioning={"state": "Enabled"}))
    world.step()
    world.step()
    world.store.alters = None
    world.later(seconds=45).settle()
    assert world.ready == ("True", "InSync")
    unmarkable(world)
    world.bucket.facets["tags"] = Tags(values={})
    assert world.later().step().status is None, "the row is over: this is the first again"


def test_another_owners_bucket_that_was_observed_is_not_ours_when_its_mark_is_gone() -> None:
    world = World(backend_spec=backend_spec(**GRANT)).apply(**ON, adoption="Granted", mode="Observe")
    world.store.buckets[BUCKET] = MemoryBucket({"tags": Tags.from_store(values={OWNER: "prod/press/x"})})
    world.settle()
    assert world.ready == ("True", "Observed")
    world.bucket.facets["tags"] = Tags(values={})
    world.edit(mode="Enforce").settle()
    assert world.ready == ("False", "AdoptionNeedsApproval")
    assert world.bucket.tags == {}


def test_an_adoption_is_held_once_with_all_that_it_would_change() -> None:
    tags = {f"t{n}": "a" for n in range(25)}
    world = World(backend_spec=backend_spec(**GRANT)).apply(tags=tags, adoption="Granted")
    world.store.buckets[BUCKET] = MemoryBucket({}, {"old.jpg": ""})
    world.settle()
    (held,) = world.status["plan"]["held"]
    paths = ", ".join(f'tags["{name}"]' for name in sorted(tags)[:20])
    assert held["why"] == f"taking over an existing bucket: it would change {paths}"
    assert ready(world) == (
        f"the bucket exists and may be taken over; it would change {paths}; to agree, add {held['token']} to"
        " spec.approve"
    )
    assert world.status["plan"]["digest"] == held["digest"]
    writes = world.writes
    world.later().settle()
    assert (world.writes, world.status["plan"]["held"]) == (writes, [held])
    assert world.wait == 600


def test_where_the_store_has_a_bucket_is_in_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    world = made()
    assert (world.status["endpoint"], world.status["region"]) == ("memory://", "here")
    assert world.status["identifier"] == f"memory:{BUCKET}"
    assert "arn" not in world.status
    monkeypatch.setattr(MemoryBackend, "arn", lambda _, bucket: f"arn:aws:s3:::{bucket}")
    world.later().settle()
    assert world.status["arn"] == f"arn:aws:s3:::{BUCKET}"


def test_a_rebuilt_cluster_knows_since_when_a_bucket_is_its_own() -> None:
    """Without that a bucket that is lost then would be a first creation, and the loss untold."""
    world = made().rebuilt().settle()
    assert "created" in world.status
    world.store.buckets.clear()
    world.later().settle()
    assert world.condition("ContentLost") is not None


ORIGINS = [{"allowedOrigins": ["*"], "allowedMethods": ["GET"]}]
DENY = {"sid": "d", "effect": "Deny", "principals": ["*"], "actions": ["s3:*"], "resources": ["*"]}


@pytest.mark.parametrize(
    ("facet", "desired", "there", "foreign"),
    [
        ("cors", {"rules": ORIGINS}, {"rules": ORIGINS}, False),
        ("cors", {"rules": []}, {"rules": ORIGINS}, True),
        ("cors", {"rules": ORIGINS}, {"rules": []}, False),
        ("cors", {"rules": ORIGINS}, None, False),
        ("tags", {"a": "1", "b": "2"}, {"a": "1"}, False),
        ("tags", {"a": "1"}, {"a": "1"}, False),
        ("tags", {"a": "1"}, {"a": "2"}, False),
        ("tags", {"a": "1"}, {"a": "1", "c": "3"}, True),
        ("tags", {}, {"c": "3"}, True),
        ("policy", {"statements": [DENY]}, {"statements": [DENY]}, False),
        ("policy", {"statements": []}, {"statements": [DENY]}, True),
        ("encryption", {"algorithm": "SSE-KMS"}, {"algorithm": "SSE-S3"}, False),
        ("versioning", {"state": "Suspended"}, {"state": "Enabled"}, False),
        ("website", {"indexDocument": "a.html"}, {"indexDocument": "a.html", "errorDocument": "b"}, False),
        ("website", {"indexDocument": "a.html"}, {"indexDocument": "b.html"}, True),
    ],
)
def test_what_no_store_sets_by_itself_was_set_by_another_program(
    facet: str, desired: Any, there: Any, *, foreign: bool
) -> None:
    """A value where the desired one is silent, such as a page for errors, may be a store's own."""
    kind = FACETS[facet]
    reading: Reading = Missing() if there is None else Found(kind.model_validate(there))
    wanted = Desired({facet: kind.model_validate(desired)}, {})
    assert is_foreign(wanted, {facet: reading}) is foreign
    assert not is_foreign(Desired({}, {facet: WHOLE}), {facet: reading}), (
        "what is not desired is not compared"
    )


class Lacking(MemoryBackend):
    """A store of which a profile says that it has CORS, and for which no driver was written."""

    @property
    def drivers(self) -> Mapping[str, Driver]:
        return {n: driver for n, driver in super().drivers.items() if n != "cors"}


def test_a_setting_without_a_driver_is_not_supported() -> None:
    store = MemoryStore({BUCKET: MemoryBucket()})
    backend = Lacking(
        store, FACETS, {"cors": Support(level=MemoryBackend(store, FACETS).support["tags"].level)}
    )
    check = backend.check(BUCKET)
    assert check is not None
    found = readings(backend, BUCKET, ["cors", "tags"], check)
    assert found == {
        "cors": Unsupported("this store does not have cors; remove spec.cors, or use a backend that has it"),
        "tags": Found(_no_tags()),
    }


def _no_tags() -> Facet:
    return Tags.from_store(values={})
