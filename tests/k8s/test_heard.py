"""Which policies a notification is for."""

from typing import Any

import pytest

from imagestore.backends.notices import ObjectNotice
from imagestore.controller.state.objects import Key
from tests.k8s.inside import Shop
from tests.k8s.replica import run

DR, KEEP = Key("ImageBucket", "shop", "dr"), Key("ReplicationPolicy", "shop", "keep")
ENDS: dict[str, Any] = {
    "source": {"bucketRef": {"name": "photos"}},
    "destination": {"bucketRef": {"name": "dr"}},
}
ON: dict[str, Any] = {"notifications": {"enabled": True}}
PHOTOS, COPY = ObjectNotice("shop--photos", "a.jpg"), ObjectNotice("shop--dr", "a.jpg")


@pytest.mark.parametrize(
    ("spec", "status", "backend", "told", "heard"),
    [
        (ON, {}, "eu", PHOTOS, True),
        ({}, {}, "eu", PHOTOS, False),
        ({"notifications": {"enabled": False}}, {}, "eu", PHOTOS, False),
        (ON, {}, "us", PHOTOS, False),
        (ON, {}, "eu", ObjectNotice("shop--scans", "a.jpg"), False),
        (ON, {}, "eu", COPY, False),  # its own copies
        (ON | {"direction": "TwoWay"}, {}, "eu", COPY, True),
        (ON | {"failover": {"role": "Promoted"}}, {"failover": {"role": "Promoted"}}, "eu", COPY, True),
        (ON, {}, "eu", ObjectNotice("shop--photos", ".imagestore/transfer/u/journal"), False),
        (ON | {"direction": "TwoWay"}, {}, "eu", ObjectNotice("shop--dr", ".imagestore/transfer/u/journal"), False),
        (ON, {"method": "Native"}, "eu", PHOTOS, False),
    ],
)  # fmt: skip
def test_a_notification_is_for_policies_that_copy_from_the_bucket(
    spec: dict[str, Any], status: dict[str, Any], backend: str, told: ObjectNotice, *, heard: bool
) -> None:
    shop = Shop()
    shop.put(DR, {"backendRef": {"name": "eu"}, "bucketName": "shop--dr"})
    made = shop.put(KEEP, {**ENDS, **spec, "suspend": True})
    made["status"] = status

    async def story() -> None:
        async with shop.parts() as parts:
            shop.told(parts, [DR, KEEP])
            assert parts.controller.heard(backend, [told]) is heard

    run(story())
