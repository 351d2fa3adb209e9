"""Stories of buckets that are counted before rules act, from kubectl to MinIO. Old pictures are made by a date in the past."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from dev.cluster import Cluster
from dev.stores import minio
from dev.wait import eventually
from tests.e2e.harness import PATIENCE, Operator, User, backend_manifests
from tests.e2e.test_policies import Policies
from tests.faults.proxy import Answer, proxied

OVER = {"expire": {"date": "2020-01-01"}}  # due the day it is written
MUCH = 1100  # more than a page
SLOW_DOWN = Answer(503, b"<Error><Code>SlowDown</Code><Message>slow down</Message></Error>")


@pytest.fixture
def policies(shop: User) -> Policies:
    return Policies(shop)


def upload(user: User, bucket: str, *keys: str, body: bytes = b"a picture") -> None:
    """Pictures in the store."""
    with ThreadPoolExecutor(8) as pool:
        put = lambda key: user.s3.put_object(Bucket=user.bucket(bucket), Key=key, Body=body)  # noqa: E731
        list(pool.map(put, keys))


def ids(user: User, bucket: str) -> list[str]:
    """The rules in the store."""
    try:
        found = user.s3.get_bucket_lifecycle_configuration(Bucket=user.bucket(bucket))
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchLifecycleConfiguration":
            return []
        raise
    return [r["ID"] for r in found["Rules"]]


def previewed(policies: Policies, policy: str, counted: int) -> dict[str, Any]:
    """The policy's preview, once so many buckets are in it."""

    def there() -> dict[str, Any] | None:
        found: dict[str, Any] = policies.get(policy).get("status", {}).get("preview", {})
        return found if found.get("counted") == counted and not found["pending"] else None

    return eventually(there, PATIENCE, lambda: str(policies.get(policy).get("status"))) or {}


def test_a_policy_that_would_empty_a_bucket_waits_for_its_token(shop: User, policies: Policies) -> None:
    shop.apply("full")
    shop.ready("full")
    upload(shop, "full", *(f"photos/{n}.jpg" for n in range(8)))
    policies.apply("sweep", {"name": "old", **OVER}, bucketRefs=[{"name": "full"}])
    message = policies.await_states("sweep", full="Held")[0]["message"]
    assert "rule sweep/old would remove 8 of 8 objects (72 B of 72 B) at its first run" in message
    (held,) = shop.get("full")["status"]["plan"]["held"]
    assert held["token"] in message
    shop.await_event("full", "ApprovalNeeded")
    assert ids(shop, "full") == [], "nothing is written"
    shop.patch("full", approve=[held["token"]])
    policies.await_states("sweep", full="Applied")
    assert ids(shop, "full") == ["imagestore/sweep/old"]


def test_a_preview_says_what_was_uploaded(shop: User, policies: Policies) -> None:
    for bucket in ("prints", "empty"):
        shop.apply(bucket)
        shop.ready(bucket)
    upload(
        shop, "prints", *(f"tmp/{n}" for n in range(3)), *(f"photos/{n}" for n in range(30)), body=b"x" * 50
    )
    rules = {"name": "tmp", "match": {"prefix": "tmp/"}, **OVER}, {"name": "far", "expire": {"days": 9}}
    refs = [{"name": "prints"}, {"name": "empty"}]
    policies.apply("told", *rules, bucketRefs=refs, preview={"enabled": True})
    policies.await_states("told", prints="Applied", empty="Applied")
    said = previewed(policies, "told", 2)
    rows = {r["name"]: r for r in said["buckets"]}
    assert set(rows) == {"prints/tmp", "prints/far", "empty/tmp", "empty/far"}
    assert rows["prints/tmp"]["now"] == {"objects": 3, "bytes": 150}
    assert rows["prints/far"]["now"] == {"objects": 0, "bytes": 0}
    assert rows["prints/far"]["next30Days"] == {"objects": 30, "bytes": 1500}
    totals = {r["name"]: (r["buckets"], r["removed"]["objects"]) for r in said["rules"]}
    assert totals == {"tmp": (2, 3), "far": (2, 30)}
    assert "monthlySaving" not in rows["prints/tmp"], "no price is known of this store"
    policies.apply("told", *rules, bucketRefs=refs)
    eventually(lambda: "preview" not in policies.get("told")["status"], PATIENCE, "nobody asks any more")


def test_a_large_bucket_is_counted_while_others_go_on_and_a_store_that_fails_is_asked_again(
    running: Operator, installed: Cluster, tmp_path: Path
) -> None:
    with minio(tmp_path) as store, proxied(store.endpoint) as proxy:
        installed.kubectl("create", "namespace", "large")
        manifests = backend_manifests("large", replace(store, endpoint=proxy.endpoint), namespaces=("large",))
        installed.apply(yaml.safe_dump_all(manifests))
        user = User(installed, "large", "large", store)
        for name in ("archive", "small"):
            user.apply(name)
            user.ready(name)
        upload(user, "archive", *(f"{n:05}" for n in range(MUCH)))
        proxy.forget()
        with proxy.failing(lambda *_: SLOW_DOWN, lambda asked: "start-after" in asked.target):
            user.patch("archive", lifecycle={"rules": [{"name": "old", **OVER}]})
            assert "what old would remove is being counted: 999 keys so far" in user.stuck(
                "archive", "Counting"
            )
            eventually(lambda: any("start-after" in a.target for a in proxy.seen), PATIENCE, "it goes on")
            user.patch("small", tags={"team": "press"})
            user.ready("small")
            assert user.stuck("archive", "Counting"), "and nothing is written there"
            assert ids(user, "archive") == []
        # Asked again 5, 15, 35 and 75 s after the first failure.
        message = user.await_condition("archive", "Ready", "False", "NeedsApproval", timeout=150)["message"]
        assert "rule old would remove 1 100 of 1 100 objects" in message
        listings = [a.target for a in proxy.passed if "list-type" in a.target]
        assert ["start-after" in target for target in listings] == [False, True], "no page was listed twice"
        assert ids(user, "archive") == []
        series = running.metrics()
        assert series['imagestore_survey_keys_total{backend="large"}'] == MUCH
        assert 'imagestore_surveys{backend="large",state="running"}' not in series
