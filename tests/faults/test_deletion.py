"""Faults while a bucket is deleted: nothing is orphaned, and nothing is lost that was not to go."""

import pytest

from dev.stores import Store as Server
from tests.faults import faults
from tests.faults.proxy import Asked, Fault, Proxy, proxied
from tests.faults.test_answers import CASES
from tests.faults.world import SPEC, StoreWorld, gone, make, names, nothing_else, plain


def filled(made: StoreWorld, keys: int = 3) -> StoreWorld:
    """Objects in the bucket."""
    for number in range(keys):
        plain(made.server).put_object(Bucket=made.bucket_name, Key=f"{number}.jpg", Body=b"x")
    return made


FAULTS = (
    "reset before", "reset after", "500 XML", "503 SlowDown", "404 HTML", "200 XHTML", "200 empty", "emptied",
    "shortened", "access denied",
)  # fmt: skip


@pytest.mark.parametrize("policy", ["DeleteIfEmpty", "DeleteAll"])
@pytest.mark.parametrize("fault", [CASES[name].fault for name in FAULTS], ids=FAULTS)
def test_a_deletion_goes_on_when_the_fault_ends(
    made: StoreWorld, proxy: Proxy, minio_store: Server, fault: Fault, policy: str
) -> None:
    if policy == "DeleteAll":
        filled(made)
    made.edit(deletionPolicy=policy).delete()
    with nothing_else(minio_store, made.bucket_name):
        with proxy.failing(fault):
            made.go(4)
            assert made.gone == (made.bucket_name not in names(minio_store)) or not made.gone
            if not made.gone:
                assert "set deletionPolicy: Retain" in made.ready_message
        made.finish()
    assert gone(made)


@pytest.mark.parametrize(
    "answer", [faults.always(200), faults.always(200, faults.PAGE, faults.HTML), faults.forgetting]
)
def test_a_deletion_that_is_accepted_and_forgotten_keeps_the_finalizer(
    made: StoreWorld, proxy: Proxy, answer: Fault
) -> None:
    made.edit(deletionPolicy="DeleteIfEmpty").delete()
    with proxy.failing(answer, lambda a: a.method == "DELETE"):
        made.go(4)
        assert not made.gone
        assert made.finalized
    made.finish()
    assert gone(made)


@pytest.mark.parametrize(
    "page",
    [faults.always(200), faults.always(200, faults.XHTML, faults.HTML), faults.emptied, faults.shortened],
)
def test_a_spoilt_listing_is_no_proof_of_emptiness(seaweedfs_store: Server, page: Fault) -> None:
    """SeaweedFS deletes a bucket with everything in it: nothing but the listing is in between."""

    def listing(asked: Asked) -> bool:
        return asked.sub in ("versions", "uploads")

    with proxied(seaweedfs_store.endpoint) as proxy:
        world = filled(make(seaweedfs_store, proxy).apply(**SPEC).recover())
        world.edit(deletionPolicy="DeleteIfEmpty").delete()
        with proxy.failing(page, listing):
            world.go(4)
            assert not world.gone
        world.go(2)
        assert world.ready[1] == "NotEmpty"
    assert len(plain(seaweedfs_store).list_objects_v2(Bucket=world.bucket_name)["Contents"]) == 3


def test_a_store_that_says_yes_and_keeps_the_objects_is_not_asked_for_ever(
    made: StoreWorld, proxy: Proxy
) -> None:
    """Progress is what a listing shows: it was emptied "for 5000 versions" in ten passes, and nothing was gone."""
    filled(made).edit(deletionPolicy="DeleteAll").delete()
    yes = faults.always(200, b"<DeleteResult></DeleteResult>")
    with proxy.failing(yes, lambda asked: asked.sub == "delete"):
        made.go(3)
        assert made.ready == ("False", "NotRemoved"), made.ready_message
        assert "3 versions and uploads stay" in made.ready_message
        assert ".jpg" not in str(made.status) + str(made.events)
        assert made.status["deletion"]["removed"] == 0
        writes, waits = made.writes, []
        for _ in range(3):
            made.go(1)
            waits.append(made.wait or 0)
        assert waits == sorted(waits)
        assert made.writes == writes
    made.finish()
    assert gone(made)
