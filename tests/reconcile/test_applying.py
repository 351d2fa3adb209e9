"""What becomes of each setting when a plan is applied: written, read back, waiting, failed."""

from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.backends.memory import MemoryBackend, MemoryBucket, MemoryStore
from imagestore.core.errors import (
    Conflict,
    Denied,
    NotFound,
    Rejected,
    StoreError,
    Throttled,
    Unavailable,
    Unexpected,
    Unrepresentable,
)
from imagestore.core.facet import Facet
from imagestore.core.plan import Change, Op, Plan
from imagestore.core.reading import Level, Support
from imagestore.facets.cors import Cors
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning
from imagestore.reconcile.bucket.apply import Applied, apply
from tests.reconcile.test_lifecycle_of_a_bucket import ON, made
from tests.reconcile.test_waits import failing
from tests.reconcile.world import BUCKET, MARK, OWNER, World

RULES: dict[str, Any] = {"rules": [{"name": "tmp", "expire": {"days": 1}}]}
CORS: dict[str, Any] = {"rules": [{"allowedOrigins": ["*"], "allowedMethods": ["GET"]}]}


def state(world: World, facet: str) -> tuple[str, str | None, str | None]:
    found = world.facet(facet)
    return found["state"], found.get("reason"), found.get("message")


def test_a_setting_waits_for_the_one_that_must_be_in_force_first() -> None:
    """Rules for old versions on a bucket without versioning would delete what was to be kept."""
    world = failing(World().apply(**ON, lifecycle=RULES, cors=CORS), Rejected("no"), "Put:versioning")
    for _ in range(2):
        world.step()
    assert state(world, "versioning") == ("Failed", "Rejected", "no")
    assert state(world, "lifecycle") == ("Pending", "Waiting", "waits for versioning")
    assert state(world, "cors")[0] == "InSync", "it needs no other"
    assert "lifecycle" not in world.bucket.facets
    assert world.wait == 15
    world.store.fault = None
    world.settle()
    assert world.ready == ("True", "InSync")


def test_what_is_in_force_waits_for_nothing() -> None:
    world = made(**ON, lifecycle=RULES)
    failing(world, Rejected("no"), "Put:versioning")
    world.edit(versioning={"state": "Suspended"}).step()
    world.edit(approve=[world.held()["versioning"]]).step()
    assert state(world, "versioning")[0] == "Failed"
    assert state(world, "lifecycle")[0] == "InSync"


def test_a_setting_waits_for_none_that_is_held() -> None:
    """What is held may stay so for weeks."""
    world = made(**ON).edit(versioning={"state": "Suspended"}, lifecycle=RULES).settle()
    assert state(world, "versioning")[:2] == ("Held", "NeedsApproval")
    assert state(world, "lifecycle")[0] == "InSync"


def test_a_part_that_the_store_does_not_let_go_is_not_in_sync() -> None:
    """What is no longer in the spec was managed before: it is compared as well."""
    world = made(tags={"team": "shop", "cost": "7"})
    world.store.alters = lambda _, value: Tags.from_store(values={**_values(value), "cost": "7"})
    world.edit(tags={"team": "press"}).step()
    assert state(world, "tags") == (
        "Pending",
        "NotYetVisible",
        'written, and the store still answers with another value for tags["cost"]',
    )
    assert world.bucket.tags == {"team": "press", "cost": "7", OWNER: MARK}


def _values(value: Facet) -> dict[str, str]:
    assert isinstance(value, Tags)
    return value.values


@pytest.mark.parametrize("count", [5, 6])
def test_of_what_is_not_shown_five_fields_are_named(count: int) -> None:
    world = made(tags={f"t{n}": "a" for n in range(count)})
    before = world.bucket.facets["tags"]
    world.store.alters = lambda *_: before
    world.edit(tags={f"t{n}": "b" for n in range(count)}).step()
    assert (state(world, "tags")[2] or "").count('tags["t') == 5


def test_what_only_a_person_can_change_differs_beside_what_was_written() -> None:
    world = World().apply(versioning={"state": "Enabled", "mfaDelete": "Enabled"})
    for _ in range(3):
        world.step()
    assert world.bucket.facets["versioning"] == Versioning(state="Enabled")
    told = state(world, "versioning")
    assert told[:2] == ("Held", "OnlyByHand")
    assert (told[2] or "").startswith('versioning.mfaDelete is null and should be "Enabled": as the account')
    assert world.facet("versioning")["desiredDigest"] == "-", "written, and not as it should be"


def change(op: Op, before: Facet | None = None, after: Facet | None = None) -> Change:
    return Change("cors", op, before, after)


def applied(store: MemoryStore, *changes: Change) -> tuple[Applied, ...]:
    backend = MemoryBackend(store, FACETS)
    return apply(backend, BUCKET, Plan(changes), {}, {}, lambda _, after: after)


@pytest.mark.parametrize(
    "nothing", [change(Op.CLEAR), change(Op.CLEAR, Cors(), Cors()), change(Op.SET, None, Cors())]
)
def test_what_is_not_there_is_never_deleted(nothing: Change) -> None:
    """A DELETE of a sub-resource that a store does not know deletes the bucket on some."""
    store = MemoryStore({BUCKET: MemoryBucket()})
    (result,) = applied(store, nothing)
    assert store.calls == [("Get:cors", BUCKET)], "only read back"
    assert (result.state, result.wrote) == ("InSync", True)


def test_what_is_there_is_cleared_and_read_back() -> None:
    there = Cors.model_validate(CORS)
    store = MemoryStore({BUCKET: MemoryBucket({"cors": there})})
    (result,) = applied(store, change(Op.CLEAR, there))
    assert store.calls == [("Delete:cors", BUCKET), ("Get:cors", BUCKET)]
    assert result.state == "InSync"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Throttled("e"), ("Pending", "Throttled")),
        (Unavailable("e"), ("Pending", "Unavailable")),
        (Conflict("e"), ("Pending", "Conflict")),
        (Denied("e"), ("Failed", "Denied")),
        (Rejected("e"), ("Failed", "Rejected")),
        (Unexpected("e"), ("Failed", "Unexpected")),
    ],
)
@pytest.mark.parametrize("operation", ["Put:versioning", "Get:versioning"])
def test_an_error_of_a_setting_is_its_state(
    operation: str, error: StoreError, expected: tuple[str, str]
) -> None:
    """Whether it was met when reading or when writing, and what is worth another try is pending."""
    world = failing(made(versioning={"state": "Suspended"}, tags={"a": "b"}), error, operation)
    world.edit(versioning={"state": "Enabled"}).step()
    assert state(world, "versioning") == (*expected, "e")
    assert world.ready == ("False", expected[1])
    assert (world.condition("Stalled") is not None) is (expected[0] == "Failed")
    assert state(world, "tags")[0] == "InSync"


def test_a_value_that_no_model_represents_fails_where_others_have_parts_in_it() -> None:
    world = failing(made(), Unrepresentable("odd"), "Get:notifications")
    world.edit(notifications={"queues": []}).step()
    assert state(world, "notifications") == ("Failed", "Unrepresentable", "odd")


def test_a_setting_that_a_store_lacks_stays_so_with_what_was_managed_in_it() -> None:
    """After an upgrade it may have it again, and what is no longer in the spec has to be removed then."""
    world = made(lifecycle=RULES)
    world.limits["lifecycle"] = Support(Level.NONE, "501")
    world.later().settle()
    told = world.facet("lifecycle")
    assert (told["state"], told["reason"], told["parts"]) == ("Unsupported", "Unsupported", ["tmp"])


def test_a_bucket_that_vanishes_while_it_is_written_is_no_failure_of_a_setting() -> None:
    world = failing(made(), NotFound("NoSuchBucket"), "Put:versioning")
    world.edit(versioning={"state": "Suspended"}).step()
    world.edit(approve=[world.held()["versioning"]])
    assert world.step().status is None
    assert world.wait == 0, "it is looked for at once"


def test_a_correction_that_is_throttled_is_reported_and_not_kept_quiet() -> None:
    world = made()
    world.bucket.facets["versioning"] = Versioning(state="Suspended")
    world.later().step()
    world.later(seconds=45).step()
    assert world.ready == ("False", "Drifted")
    failing(world, Throttled("SlowDown"), "Put:versioning").step()
    assert world.ready == ("False", "Throttled")
    assert state(world, "versioning") == ("Pending", "Throttled", "SlowDown")
    assert world.condition("DriftDetected") is not None, "it is not corrected"
