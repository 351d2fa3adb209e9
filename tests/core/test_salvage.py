"""A status that this version does not understand whole: what it understands is kept, item by item."""

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.lifecyclepolicy import LifecyclePolicyStatus
from imagestore.api.storagebackend import StorageBackendStatus
from imagestore.core.salvage import salvaged

BUCKET: dict[str, Any] = {
    "observedGeneration": 3,
    "conditions": [
        {"type": "Ready", "status": "True", "reason": "InSync", "message": ""},
        {"type": "ContentLost", "status": "True", "reason": "BucketWasMissing", "message": "lost"},
    ],
    "bucketName": "shop--photos",
    "arn": "arn:aws:s3:::shop--photos",
    "created": "2026-11-23T12:00:00Z",
    "lostAt": "2026-11-24T12:00:00Z",
    "facets": [
        {"name": "tags", "state": "InSync", "desiredDigest": "abc", "parts": ["team", "cost"]},
        {"name": "versioning", "state": "InSync", "desiredDigest": "def", "parts": []},
    ],
    "drift": {
        "fields": [{"path": "versioning.state", "desired": '"Enabled"'}],
        "history": [{"since": "2026-11-23T12:00:00Z", "until": "2026-11-23T13:00:00Z", "how": "Corrected", "paths": ["a"]}],
    },
    "plan": {"held": [{"facet": "content", "token": "t1", "why": "lost", "digest": "d"}]},
    "usage": {"objects": 1, "bytes": 2},
}  # fmt: skip
BACKEND: dict[str, Any] = {
    "buckets": 3,
    "tiers": [{"storageClass": "WARM", "state": "InSync", "credentials": "f00"}],
    "conditions": [{"type": "Ready", "status": "True", "reason": "Connected", "message": ""}],
}
POLICY: dict[str, Any] = {
    "counts": {"matched": 2, "applied": 1},
    "buckets": [{"name": "photos", "state": "Applied"}, {"name": "scans", "state": "Held"}],
}
KINDS: list[tuple[Any, dict[str, Any]]] = [
    (ImageBucketStatus, BUCKET), (StorageBackendStatus, BACKEND), (LifecyclePolicyStatus, POLICY),
]  # fmt: skip


def told(kind: Any, whole: dict[str, Any], *steps: Any, by: Any) -> Any:
    """What is understood of a status with one thing in it replaced."""
    value = copy.deepcopy(whole)
    place: Any = value
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = by
    return salvaged(kind, value).to_json()


def test_what_is_understood_stays_as_it_is() -> None:
    for kind, whole in KINDS:
        assert salvaged(kind, whole) == kind.model_validate(whole)


def test_an_unknown_word_costs_that_word() -> None:
    whole = salvaged(ImageBucketStatus, BUCKET).to_json()
    found = told(ImageBucketStatus, BUCKET, "facets", 0, "state", by="Foretold")
    whole["facets"][0]["state"] = "Pending"
    assert found == whole, "what is ours of it is still known"


def test_the_memory_of_the_other_kinds_stays_too() -> None:
    tier = told(StorageBackendStatus, BACKEND, "tiers", 0, "state", by="Warming")["tiers"][0]
    assert tier == {"storageClass": "WARM", "state": "Missing", "credentials": "f00"}
    buckets = told(LifecyclePolicyStatus, POLICY, "buckets", 1, "state", by="Foretold")["buckets"]
    assert [(b["name"], b["state"]) for b in buckets] == [("photos", "Applied"), ("scans", "Pending")]


def test_an_item_that_cannot_be_held_costs_that_item() -> None:
    history = told(ImageBucketStatus, BUCKET, "drift", "history", 0, "how", by="Forgiven")
    assert history["drift"]["history"] == []
    assert history["drift"]["fields"] == BUCKET["drift"]["fields"]
    assert history["facets"] == BUCKET["facets"]
    nameless = told(ImageBucketStatus, BUCKET, "facets", 0, "name", by=["tags"])
    assert [f["name"] for f in nameless["facets"]] == ["versioning"]


def test_what_is_too_long_is_cut() -> None:
    found = told(ImageBucketStatus, BUCKET, "facets", 0, "parts", by=[f"k{i}" for i in range(600)])
    assert 100 < len(found["facets"][0]["parts"]) < 600
    assert (
        told(ImageBucketStatus, BUCKET, "plan", "held", 0, "why", by="x" * 9000)["plan"]["held"][0]["token"]
        == "t1"
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(*at, s) for s, _ in inside] + [p for s, v in inside for p in _places(v, (*at, s))]


@given(st.data())
def test_whatever_stands_at_one_place_the_rest_is_known(data: st.DataObject) -> None:
    kind, whole = data.draw(st.sampled_from(KINDS))
    place = data.draw(st.sampled_from(_places(whole)))
    found = told(kind, whole, *place, by=data.draw(JSON))
    json.dumps(found)
    kept = {k: v for k, v in salvaged(kind, whole).to_json().items() if k != place[0]}
    assert {k: found.get(k) for k in kept} == kept


@given(JSON)
def test_nothing_that_stands_in_a_status_ends_a_reconcile(value: Any) -> None:
    for kind, _ in KINDS:
        salvaged(kind, value)
