"""ReplicationPolicies that are not known: what they had given to buckets stays. Unknown is not absent."""

from typing import Any

import pytest

from imagestore.controller.state.objects import Key
from imagestore.facets.policy import BucketPolicy
from tests.k8s.inside import Shop
from tests.k8s.known import BY_KIND
from tests.k8s.replica import run
from tests.k8s.small_api import until
from tests.k8s.test_forbidden import Forbidding

DR, KEEP = Key("ImageBucket", "shop", "dr"), Key("ReplicationPolicy", "shop", "keep")
SPEC: dict[str, Any] = {"backendRef": {"name": "eu"}, "bucketName": "shop--dr"}
FENCE = {"imagestore-fence-keep"}


def fences(shop: Shop) -> set[str]:
    """The statements in the store."""
    bucket = shop.store.buckets.get("shop--dr")
    policy = bucket.facets.get("policy") if bucket else None
    return {s.sid for s in policy.statements} if isinstance(policy, BucketPolicy) else set()


@pytest.mark.parametrize("status", [403, 404])
def test_a_fence_stays_while_no_policy_can_be_listed(status: int) -> None:
    """A new image under an old ClusterRole, or a cluster whose CRDs are being restored, opened both sides to writers."""
    shop = Forbidding()
    shop.put(DR, SPEC)
    ends = {"source": {"bucketRef": {"name": "photos"}}, "destination": {"bucketRef": {"name": "dr"}}}
    shop.put(KEEP, {**ends, "failover": {"role": "Primary"}})
    path = BY_KIND["ReplicationPolicy"].path()
    shop.api.fault = lambda request: status if request.path == path and shop.forbidden else None

    async def before() -> None:
        async with shop.started():
            await until(lambda: fences(shop) == FENCE)
            await until(lambda: shop.ready(DR) == "True InSync")

    async def unknown() -> None:
        async with shop.started() as parts:
            shop.put(DR, {**SPEC, "tags": {"values": {"a": "b"}}}, generation=2)
            shop.told(parts, [DR])
            await until(lambda: shop.store.buckets["shop--dr"].tags.get("a") == "b")
            await until(lambda: shop.get(DR)["status"]["observedGeneration"] == 2)
            assert fences(shop) == FENCE
            shop.forbidden.clear()
            shop.put(KEEP, ends, generation=2)
            await until(lambda: not fences(shop))

    run(before())
    shop.forbidden.add("ReplicationPolicy")
    run(unknown())


def test_a_bucket_that_no_policy_fenced_goes_on() -> None:
    """Else a cluster that never had the kind had no Ready bucket with a policy of its own."""
    shop = Forbidding("ReplicationPolicy")
    own = {
        "sid": "mine",
        "effect": "Deny",
        "principals": ["*"],
        "actions": ["s3:PutObject"],
        "resources": ["a/*"],
    }
    shop.put(DR, {**SPEC, "policy": {"statements": [own]}})

    async def story() -> None:
        async with shop.started():
            await until(lambda: fences(shop) == {"mine"})
            await until(lambda: shop.ready(DR) == "True InSync")

    run(story())
