"""What metrics tell of objects: only what is so, and nothing of what is gone."""

from typing import Any

import pytest

from imagestore.api.kinds import LIFECYCLE_POLICY, STORAGE_BACKEND
from imagestore.controller.samples import of_objects
from imagestore.controller.state.cache import Cache
from imagestore.controller.state.objects import Key
from imagestore.kinds import ALL
from tests.k8s.known import stored
from tests.k8s.test_object_cache import bucket, raw

FAILED = [{"type": "Ready", "status": "False"}]
READY = [{"type": "Ready", "status": "True"}]
SUSPENDED = [{"type": "Suspended", "status": "True"}]


def told(cache: Cache, metric: str) -> list[tuple[tuple[str, ...], float]]:
    return sorted(
        (labels, value)
        for family, labels, value in of_objects(ALL, cache.all())
        if family.name == f"imagestore_{metric}"
    )


def conditions(cache: Cache) -> dict[tuple[str, ...], float]:
    return dict(told(cache, "status_condition"))


def true(cache: Cache, name: str) -> set[str]:
    """The conditions of a bucket that are exposed as True."""
    return {
        labels[4]
        for labels, value in conditions(cache).items()
        if (labels[2], labels[5], value) == (name, "True", 1)
    }


def status(conditions: Any, held: tuple[str, ...] = (), **states: str) -> dict[str, Any]:
    return {
        "conditions": conditions,
        "plan": {"held": [{"facet": f, "token": "t"} for f in held]},
        "facets": [{"name": n, "state": s} for n, s in states.items()],
    }


@pytest.mark.parametrize(
    ("seen", "asks"),
    [
        (status(FAILED, ("versioning",), versioning="Held", tags="InSync"), True),
        (status(FAILED, ("adoption",)), True),
        (status(FAILED, ("versioning",), versioning="Held", cors="Failed"), False),
        (status(FAILED, policy="Held"), False),  # what the tenancy does not allow has no token
        (status(FAILED, ("content",), tags="InSync"), False),
        (status(READY, ("content",), tags="InSync"), False),
        (status(READY, tags="InSync"), False),
        ({"plan": {"held": "nonsense"}, "facets": 5}, False),
    ],
)
def test_only_what_a_token_would_mend_waits_for_approval(seen: dict[str, Any], *, asks: bool) -> None:
    cache = ALL.cache()
    cache.put(bucket("a", status=seen))
    assert told(cache, "bucket_waits_for_approval") == [(("shop", "a", "eu"), float(asks))]
    cache.remove(Key("ImageBucket", "shop", "a"))
    assert told(cache, "bucket_waits_for_approval") == []


def test_a_tiers_state_is_told_and_goes_with_its_backend() -> None:
    cache, body = ALL.cache(), raw("eu", namespace="")
    body["status"] = {
        "tiers": [{"storageClass": "WARM", "state": "Differs"}, {"storageClass": "ICE", "state": "InSync"}]
    }
    cache.put(stored(STORAGE_BACKEND, body))
    present = {("eu", "ICE", "InSync"), ("eu", "WARM", "Differs")}
    states = ("Differs", "InSync", "Missing", "Stale")
    every = [("eu", tier, state) for tier in ("ICE", "WARM") for state in states]
    assert told(cache, "backend_tier_state") == [(labels, float(labels in present)) for labels in every]
    cache.remove(Key("StorageBackend", "", "eu"))
    assert told(cache, "backend_tier_state") == []


def test_a_policys_readiness_goes_with_it() -> None:
    cache, body = ALL.cache(), raw("tidy")
    body["spec"], body["status"] = {}, {"conditions": FAILED, "counts": {"conflict": 2}}
    cache.put(stored(LIFECYCLE_POLICY, body))
    labels = ("LifecyclePolicy", "shop", "tidy", "", "Ready")
    assert conditions(cache) == {(*labels, "False"): 1.0, (*labels, "True"): 0.0, (*labels, "Unknown"): 0.0}
    assert told(cache, "policy_buckets") == [(("shop", "tidy", "Conflict"), 2.0)]
    cache.remove(Key("LifecyclePolicy", "shop", "tidy"))
    assert told(cache, "status_condition") == told(cache, "policy_buckets") == []


def test_what_a_bucket_holds_and_may_hold() -> None:
    cache, full = ALL.cache(), [{"type": "QuotaNearlyFull", "status": "True"}]
    used = {"conditions": full, "usage": {"objects": 12, "bytes": 900}}
    cache.put(bucket("a", status=used, spec={"quota": {"hard": "1k", "warnPercent": 80}}))
    cache.put(bucket("b", status={"usage": {"objects": 3, "bytes": 0}}, spec={"quota": {"hard": "nonsense"}}))
    cache.put(bucket("c", status={"usage": "nonsense"}))
    a, b = ("shop", "a", "eu"), ("shop", "b", "eu")
    assert told(cache, "bucket_usage_objects") == [(a, 12.0), (b, 3.0)]
    assert told(cache, "bucket_usage_bytes") == [(a, 900.0), (b, 0.0)]
    assert told(cache, "bucket_quota_bytes") == [(a, 1000.0)]
    assert true(cache, "a") == {"QuotaNearlyFull"}
    cache.remove(Key("ImageBucket", "shop", "a"))
    assert told(cache, "bucket_quota_bytes") == []
    assert true(cache, "a") == set()


@pytest.mark.parametrize(
    ("seen", "ready", "true_"),
    [
        ([], "Unknown", set()),
        (READY, "True", set()),
        (FAILED, "False", set()),
        ([{"type": "Ready", "status": "Perhaps"}], "Unknown", set()),
        (SUSPENDED, None, {"Suspended"}),
        ([*SUSPENDED, *FAILED], "False", {"Suspended"}),
        ([*READY, {"type": "ContentLost", "status": "True"}], "True", {"ContentLost"}),
        (
            [*READY, {"type": "PublicAcl", "status": "True"}, {"type": "Mine", "status": "True"}],
            "True",
            {"PublicAcl"},
        ),
        ("nonsense", "Unknown", set()),
    ],
)
def test_each_condition_has_one_status_of_three(seen: Any, ready: str | None, true_: set[str]) -> None:
    """A bucket that was suspended before its first reconcile has no Ready condition, and counted as Unknown: an alert
    fired for it half an hour later. A status can be forged, so types that are not ours are no series.
    """
    cache = ALL.cache()
    cache.put(bucket("a", status={"conditions": seen}))
    found = {labels[-2:]: value for labels, value in conditions(cache).items()}
    assert {s: found.get(("Ready", s)) for s in ("True", "False", "Unknown")} == {
        s: float(s == ready) if ready else None for s in ("True", "False", "Unknown")
    }
    assert true(cache, "a") - {"Ready"} == true_
    assert len(found) == 3 * (len(true_) + bool(ready))
