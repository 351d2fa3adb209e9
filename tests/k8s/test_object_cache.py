"""What is remembered of objects, and who is affected by whom."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.kinds import IMAGE_BUCKET, STORAGE_BACKEND
from imagestore.controller.runtime import SECRET
from imagestore.controller.state.objects import Key, Stored, lenient
from imagestore.kinds import ALL
from imagestore.kinds.parts.relations import (
    buckets_of,
    earlier_in_namespace,
    later_in_namespace,
    older_rivals,
    reached_from,
    referrers,
    younger_rivals,
)
from tests.k8s.known import stored

START = datetime(2026, 1, 1, tzinfo=UTC)


def raw(name: str, *, namespace: str = "shop", version: int = 1, age: int = 0, **more: Any) -> dict[str, Any]:
    """An ImageBucket as the API server gives it; ``age`` in seconds after the first."""
    spec = {
        "backendRef": {"name": more.pop("backend", "eu")},
        "bucketName": more.pop("bucket", f"{namespace}--{name}"),
    }
    metadata = {
        "name": name,
        "namespace": namespace,
        "uid": more.pop("uid", f"uid-{namespace}-{name}"),
        "resourceVersion": str(version),
        "generation": 1,
        "finalizers": ["imagestore.dev/bucket"],
        "creationTimestamp": (START + timedelta(seconds=age)).isoformat().replace("+00:00", "Z"),
        **more.pop("metadata", {}),
    }
    return {"metadata": metadata, "spec": spec | more.pop("spec", {}), "status": more.pop("status", {})}


def bucket(name: str, **more: Any) -> Stored:
    return stored(IMAGE_BUCKET, raw(name, **more))


def backend(name: str, *secrets: str, version: int = 1) -> Stored:
    body = raw(name, namespace="", version=version)
    del body["metadata"]["namespace"]
    body["spec"] = {
        "credentials": {"secretRef": {"name": secrets[0]}} if secrets else {"ambient": {}},
        "tls": {"caSecretRef": {"name": secrets[1]}} if len(secrets) > 1 else None,
        "admin": {"credentials": {"secretRef": {"name": secrets[2]}}} if len(secrets) > 2 else None,
    }
    return stored(STORAGE_BACKEND, body)


def test_the_secrets_of_remote_tiers_are_known_as_a_backends_own() -> None:
    body = raw("eu", namespace="")
    remote = {"credentials": {"secretRef": {"name": "cold"}}}
    tiers = [
        {"tier": "Cool", "storageClass": "WARM", "remote": remote},
        {"tier": "Cold", "storageClass": "ICE"},
    ]
    body["spec"] = {"credentials": {"secretRef": {"name": "hot"}}, "tiers": tiers}
    assert stored(STORAGE_BACKEND, body).extra.secrets == ("cold", "hot")


def test_the_newest_version_wins_whoever_brings_it() -> None:
    cache = ALL.cache()
    assert cache.put(bucket("a", version=10)) is not None
    assert cache.put(bucket("a", version=9)) is None, "an event that was overtaken by our own write"
    assert cache.put(bucket("a", version=10)) is None
    change = cache.put(bucket("a", version=11))
    assert change is not None
    assert change.before is not None
    assert len(cache) == 1


def test_versions_are_numbers_not_words() -> None:
    cache = ALL.cache()
    cache.put(bucket("a", version=9))
    assert cache.put(bucket("a", version=10)) is not None


def test_versions_that_are_no_numbers_go_by_arrival() -> None:
    cache = ALL.cache()
    cache.put(bucket("a", metadata={"resourceVersion": "zz"}))
    assert cache.put(bucket("a", metadata={"resourceVersion": "aa"})) is not None
    assert cache.put(bucket("a", metadata={"resourceVersion": "aa"})) is None


def test_the_delete_of_a_namesake_removes_nothing() -> None:
    cache = ALL.cache()
    cache.put(bucket("a", uid="new"))
    assert cache.remove(Key("ImageBucket", "shop", "a"), "old") is None
    assert cache.remove(Key("ImageBucket", "shop", "a"), "new") is not None
    assert len(cache) == 0


def test_the_older_of_two_claimants_is_told_to_the_younger_only() -> None:
    cache = ALL.cache()
    old, young = bucket("a", age=1, bucket="x"), bucket("b", namespace="press", age=2, bucket="x")
    other = bucket("c", age=0, bucket="x", backend="us")
    for obj in (young, old, other):
        cache.put(obj)
    assert list(older_rivals(cache, old)) == []
    assert list(older_rivals(cache, young)) == [old]
    assert younger_rivals(cache, old) == (young.key,)
    cache.remove(old.key)
    assert younger_rivals(cache, old) == (young.key,), "they are looked at again when a claimant is gone"
    assert list(older_rivals(cache, young)) == []


def test_of_two_made_in_the_same_second_the_uid_decides() -> None:
    cache = ALL.cache()
    first, second = bucket("z", uid="1", bucket="x"), bucket("a", uid="2", bucket="x")
    cache.put(second)
    cache.put(first)
    assert list(older_rivals(cache, second)) == [first]
    assert list(older_rivals(cache, first)) == []


def test_earlier_buckets_of_a_namespace_are_counted_by_backend() -> None:
    cache = ALL.cache()
    mine = [bucket(f"b{n}", age=n) for n in range(3)]
    for obj in [*mine, bucket("x", age=0, namespace="press"), bucket("y", age=0, backend="us")]:
        cache.put(obj)
    assert [earlier_in_namespace(cache, obj) for obj in mine] == [0, 1, 2]
    assert later_in_namespace(cache, mine[0]) == (mine[1].key, mine[2].key)
    assert len(cache.inside("ImageBucket", "shop")) == 4


def test_a_secret_leads_to_every_backend_that_refers_to_it() -> None:
    cache = ALL.cache()
    cache.put(backend("eu", "keys", "ca", "admin"))
    cache.put(backend("us", "keys"))
    assert [k.name for k in cache.pointing(SECRET, Key("Secret", "", "keys"))] == ["eu", "us"]
    assert [k.name for k in cache.pointing(SECRET, Key("Secret", "", "ca"))] == ["eu"]
    assert [k.name for k in cache.pointing(SECRET, Key("Secret", "", "admin"))] == ["eu"]
    cache.put(backend("eu", "other", version=2))
    assert [k.name for k in cache.pointing(SECRET, Key("Secret", "", "keys"))] == ["us"]


def test_settled_means_that_nothing_was_asked_for_since() -> None:
    done = {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]}
    assert bucket("a", status=done).settled
    assert not bucket("a").settled
    assert not bucket("a", status=done, metadata={"generation": 2}).settled
    assert not bucket("a", status=done, spec={"reconcileRequest": "now"}).settled
    assert not bucket("a", status=done | {"intent": "2026-01-01T00:00:00Z"}).settled
    assert not bucket("a", status=done, metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}).settled


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=3),
        lambda c: (
            st.lists(c, max_size=2)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "conditions",
                        "facets",
                        "drift",
                        "since",
                        "type",
                        "Ready",
                        "backendRef",
                        "name",
                        "bucketName",
                        "secretRef",
                    ]
                ),
                c,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
@example({"conditions": [{"type": []}]})
@example({"facets": [{"name": {}}]})
@example({"plan": {"held": [{"facet": []}]}})
def test_whatever_spec_and_status_hold_is_remembered(value: Any) -> None:
    body = raw("a")
    body["spec"], body["status"] = value, value
    for kind in (IMAGE_BUCKET, STORAGE_BACKEND):
        seen = stored(kind, body)
        cache = ALL.cache()
        cache.put(seen)
        assert cache.remove(seen.key) is not None


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from(["x", "y"]), st.integers(0, 3), st.booleans()),
        max_size=40,
    )
)
def test_indexes_agree_with_what_is_there(steps: list[tuple[int, str, int, bool]]) -> None:
    cache = ALL.cache()
    for version, (number, claim, age, gone) in enumerate(steps):
        obj = bucket(f"b{number}", version=version, bucket=claim, age=age, uid=f"{number}-{age}")
        if gone:
            cache.remove(obj.key)
        else:
            cache.put(obj)
    for obj in cache.all():
        rivals = sorted(
            (o for o in cache.all() if o.extra.bucket == obj.extra.bucket and o.age < obj.age),
            key=lambda o: o.age,
        )
        assert list(older_rivals(cache, obj)) == rivals
        assert earlier_in_namespace(cache, obj) == sum(o.age < obj.age for o in cache.all())
    assert len(buckets_of(cache, "eu")) == len(cache)


LOGS = {"logging": {"targetBucketRef": {"name": "audit"}}}
LISTS = {
    "inventory": {
        "configurations": [
            {"name": "a", "destination": {"bucketRef": {"name": "audit"}}},
            {"name": "b", "destination": {"bucketRef": {"name": "lists"}}},
        ]
    }
}


def test_who_names_a_bucket_is_known_though_that_is_not_there() -> None:
    cache = ALL.cache()
    cache.put(bucket("photos", spec=LOGS | LISTS))
    cache.put(bucket("videos", spec=LOGS))
    audit, lists = Key("ImageBucket", "shop", "audit"), Key("ImageBucket", "shop", "lists")
    assert [k.name for k in referrers(cache, audit)] == ["photos", "videos"]
    assert [k.name for k in referrers(cache, lists)] == ["photos"]
    photos = cache.get(Key("ImageBucket", "shop", "photos"))
    assert photos is not None
    assert reached_from(cache, photos) == []
    cache.put(bucket("audit"))
    assert [o.key for o in reached_from(cache, photos)] == [audit]


def test_what_is_named_by_what_is_named_is_reached_too_and_a_circle_ends() -> None:
    cache = ALL.cache()
    for name, into in (("photos", "audit"), ("audit", "second"), ("second", "photos"), ("videos", "photos")):
        cache.put(bucket(name, spec={"logging": {"targetBucketRef": {"name": into}}}))
    photos = cache.get(Key("ImageBucket", "shop", "photos"))
    assert photos is not None
    assert [o.key.name for o in reached_from(cache, photos)] == ["audit", "second", "photos"]


def test_a_reference_stays_in_its_namespace() -> None:
    cache = ALL.cache()
    cache.put(bucket("photos", namespace="press", spec=LOGS))
    cache.put(bucket("audit"))
    assert referrers(cache, Key("ImageBucket", "shop", "audit")) == ()
    photos = cache.get(Key("ImageBucket", "press", "photos"))
    assert photos is not None
    assert reached_from(cache, photos) == []


def test_what_names_nobody_costs_nothing_and_what_no_longer_does_is_forgotten() -> None:
    cache = ALL.cache()
    cache.put(bucket("photos", version=1, spec=LOGS))
    cache.put(bucket("photos", version=2))
    cache.put(bucket("gone", spec=LISTS))
    cache.remove(Key("ImageBucket", "shop", "gone"))
    edges = ("ImageBucket", "backend", "claim", "tenant")  # of what is left, and no reference
    assert len(cache.index) == len(edges)
    plain = cache.get(Key("ImageBucket", "shop", "photos"))
    assert plain is not None
    assert plain.extra.references == ()


def test_what_no_schema_lets_through_names_nobody() -> None:
    unheard: tuple[Any, ...] = ("audit", [], {"targetBucketRef": []}, {"targetBucketRef": {"name": 3}})
    for nonsense in unheard:
        assert bucket("odd", spec={"logging": nonsense}).extra.references == ()


def test_a_status_with_an_unknown_word_is_read_as_far_as_it_is_understood() -> None:
    """It was no memory at all: a lost bucket was made again without a word of it."""
    told = {
        "created": "2026-01-01T00:00:00Z",
        "facets": [{"name": "tags", "state": "Foretold", "desiredDigest": "w"}],
    }
    status = lenient(ImageBucketStatus, bucket("photos", status=told).status)
    assert status.created is not None
    assert [(f.name, f.state, f.desired_digest) for f in status.facets] == [("tags", "Pending", "w")]
