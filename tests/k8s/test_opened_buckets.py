"""Whose a bucket is when a run opens it: the mark in the store decides, and no status."""

from time import monotonic

import pytest

from imagestore.controller.opening import RunParts, Unready
from imagestore.core.fencing import permitted
from imagestore.core.reasons import Reason
from imagestore.reconcile.shared.runs import JobEnd
from tests.k8s.inside import PHOTOS, Shop
from tests.k8s.replica import run
from tests.k8s.small_api import until

MARKED, PLAIN = "shop--photos", "shop--plain"


@pytest.mark.parametrize(
    ("bucket", "owner", "marked", "refused"),
    [
        (MARKED, "shop/photos", True, False),
        (MARKED, "shop/photos", False, False),
        (MARKED, "press/spy", True, True),
        (MARKED, "press/spy", False, True),  # it says that it only observes
        (PLAIN, "shop/plain", True, True),
        (PLAIN, "shop/plain", False, False),
        (MARKED, "", True, False),
    ],
)
def test_a_bucket_with_the_mark_of_another_is_not_opened(
    bucket: str, owner: str, *, marked: bool, refused: bool
) -> None:
    shop = Shop()

    async def story() -> None:
        async with shop.parts() as parts:
            await until(lambda: shop.ready(PHOTOS).startswith("True"))
            shop.store.buckets[PLAIN] = type(shop.store.buckets[MARKED])()
            stores = parts.controller.services.stores
            made = RunParts(stores, lambda ask: ask(), "prod", permitted, monotonic, lambda *_: {})
            with pytest.raises(Unready) as error:  # what is in memory has no objects to move
                made.end("source", JobEnd("eu", bucket, owner, marked=marked))
            assert (error.value.trouble.reason is Reason.ANOTHER_OWNER) is refused

    run(story())
