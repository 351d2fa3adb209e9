"""What a plan says of a bucket because of the other objects: buckets that it names, policies that are for it."""

from pathlib import Path

import pytest

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.cli.gathering import surroundings as around
from imagestore.cli.gathering.clusterstate import ClusterBucket, ClusterState
from imagestore.cli.manifests.load import load
from imagestore.cli.planning.bucket_plan import Exit
from imagestore.controller.runtime import Kinds
from imagestore.controller.state.objects import Key
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.facets.policy import BucketPolicy
from imagestore.facets.tags import Tags
from imagestore.kinds import ALL
from imagestore.reconcile.shared.situation import Meta, Store
from tests.cli.test_plan_stories import NOW, World, problems
from tests.cli.world import bucket
from tests.kinds.tagset import TAG_SETS


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


LOGS = "logging: {targetBucketRef: {name: audit}, prefix: photos/}"


def test_a_reference_is_followed_within_the_manifests(world: World) -> None:
    world.has("shop--photos")
    verdicts = world.plan(bucket("photos", "shop--photos", LOGS) + bucket("audit", "shop--audit"))
    (change,) = verdicts[0].plan.writes
    assert change.after is not None
    assert change.after.to_json()["targetBucketRef"] == {"bucket": "shop--audit"}
    assert verdicts[0].exit is Exit.CHANGES


def test_a_reference_that_is_nowhere_is_named_with_its_line_and_the_rest_is_planned(world: World) -> None:
    world.has("shop--photos")
    verdict = world.one("tags: {a: b}", LOGS)
    said = problems(verdict)
    assert "shop.yaml:9: spec.logging: ReferenceNotFound: logging.targetBucketRef" in said
    assert "there is no ImageBucket audit in this namespace" in said
    assert "plan is not connected to a cluster; give the manifest of that ImageBucket with -f, too" in said
    assert [c.facet for c in verdict.plan.writes] == ["tags"]


def test_a_reference_never_crosses_a_namespace(world: World) -> None:
    other = bucket("audit", "press--audit").replace("namespace: shop", "namespace: press")
    verdict = world.plan(bucket("photos", "shop--photos", LOGS) + other)[0]
    assert "ReferenceNotFound" in problems(verdict)


def test_an_elsewhere_or_its_own_bucket_is_refused(world: World) -> None:
    far = bucket("audit", "shop--audit").replace("backendRef: {name: eu}", "backendRef: {name: us}")
    verdict = world.plan(bucket("photos", "shop--photos", LOGS) + far)[0]
    assert "ImageBucket audit is on the backend us; name one on eu" in problems(verdict)
    verdict = world.one("logging: {targetBucketRef: {name: photos}}")
    assert "photos is this bucket itself: the store would log each log that it writes" in problems(verdict)


def test_a_reference_in_circles_is_refused_on_both_sides(world: World) -> None:
    back = "logging: {targetBucketRef: {name: photos}}"
    for verdict in world.plan(bucket("photos", "shop--photos", LOGS) + bucket("audit", "shop--audit", back)):
        assert "ReferenceInCircles" in problems(verdict)


def test_a_reference_is_followed_to_what_the_cluster_has(world: World) -> None:
    world.has("shop--photos")
    spec = ImageBucketSpec.model_validate({"backendRef": {"name": "eu"}, "bucketName": "shop--audit"})
    meta = Meta("shop", "audit", "u", 1, NOW)
    for arn, says in ((None, "ReferenceNotReady"), ("arn:aws:s3:::shop--audit", "")):
        known = ClusterBucket(meta, spec, ImageBucketStatus(arn=arn))
        cluster = ClusterState(buckets={"shop/audit": known})
        verdict = world.plan(bucket("photos", "shop--photos", LOGS), cluster)[0]
        assert says in problems(verdict)
        assert bool(verdict.plan.writes) == (arn is not None)


THUMBS = {"name": "thumbs", "expire": {"days": 30}}
POLICY = """
---
apiVersion: imagestore.dev/v1alpha1
kind: LifecyclePolicy
metadata: {name: tidy, namespace: shop}
spec:
  bucketRefs: [{name: photos}]
  rules: [{name: thumbs, expire: {days: 30}}]
"""


def _rules(*names: str) -> Lifecycle:
    mine = LifecycleRule.model_validate(THUMBS)
    return Lifecycle(rules=()).model_copy(
        update={"rules": tuple(mine.model_copy(update={"name": n}) for n in names)}
    )


def test_a_policy_beside_its_bucket_is_planned_with_it(world: World) -> None:
    world.has("shop--photos")
    verdict = world.plan(bucket("photos", "shop--photos") + POLICY)[0]
    (change,) = verdict.plan.writes
    assert [f.path for f in change.fields] == ["lifecycle.rules[name=tidy/thumbs]"]


def test_rules_of_policies_that_nobody_was_asked_about_are_left_out_of_it(world: World) -> None:
    """Without a cluster it cannot be told whether there is such a policy: the operator would know."""
    world.has("shop--photos", lifecycle=_rules("tidy/thumbs"))
    own = "lifecycle: {rules: [{name: own, match: {prefix: a/}, expire: {days: 1}}]}"
    (change,) = world.one(own).plan.writes
    assert [f.path for f in change.fields] == ["lifecycle.rules[name=own]"]
    (removal,) = world.plan(bucket("photos", "shop--photos", own), ClusterState())[0].plan.writes
    assert "lifecycle.rules[name=tidy/thumbs]" in [f.path for f in removal.fields]


def test_what_contradicts_a_policy_is_a_note(world: World) -> None:
    world.has("shop--photos")
    own = "lifecycle: {rules: [{name: own, expire: {days: 1}}]}"
    verdict = world.plan(bucket("photos", "shop--photos", own) + POLICY)[0]
    assert any("LifecyclePolicy tidy: Conflict" in note for note in verdict.notes)


def test_what_any_kind_contributes_is_planned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A kind that the package has never heard of: the plan asks its record, as the operator does."""
    monkeypatch.setattr(around, "ALL", Kinds(*ALL, TAG_SETS))
    (tmp_path / "shop.yaml").write_text(bucket("photos", "shop--photos"))
    manifests = load([str(tmp_path)], "shop")
    (photos,) = manifests.of(ImageBucketSpec)
    given = {
        Key("TagSet", namespace, f"for-{name}"): {"bucketRef": {"name": name}, "tags": {"centre": "42"}}
        for namespace, name in (("shop", "photos"), ("shop", "scans"), ("press", "photos"))
    }
    online = around.surroundings(manifests, ClusterState(contributors=given))
    (found,) = online.contributions_to(photos, lambda _: Store())
    assert (found.value, str(found.origin)) == (Tags(values={"centre": "42"}), "TagSet for-photos")
    offline = around.surroundings(manifests, ClusterState(offline=True))
    assert [c.origin.kind for c in offline.contributions_to(photos, lambda _: Store())] == [
        "LifecyclePolicy",
        "TagSet",
    ]


REPLICATED = """
---
apiVersion: imagestore.dev/v1alpha1
kind: ReplicationPolicy
metadata: {name: keep, namespace: shop}
spec:
  source: {bucketRef: {name: photos}}
  destination: {bucketRef: {name: dr}, prefix: copy/}
  failover: {role: %s}
"""


@pytest.mark.parametrize(
    ("role", "fenced", "resources"), [("Primary", "dr", ("copy/*",)), ("Promoted", "photos", ("*",))]
)
def test_the_fence_of_a_policy_is_planned(
    world: World, role: str, fenced: str, resources: tuple[str, ...]
) -> None:
    world.has("shop--photos")
    world.has("shop--dr", owner="prod/shop/dr")
    both = bucket("photos", "shop--photos") + bucket("dr", "shop--dr")
    for verdict in world.plan(both + REPLICATED % role):
        policies = [c.after for c in verdict.plan.writes if isinstance(c.after, BucketPolicy)]
        statements = [(s.sid, s.resources) for p in policies for s in p.statements]
        expected = [("imagestore-fence-keep", resources)] if verdict.label == f"shop/{fenced}" else []
        assert statements == expected


def test_a_promoted_policy_of_the_cluster_keeps_its_fence_where_it_is(world: World) -> None:
    """The operator promoted it by itself; its spec says Primary, and stays so until a person goes back."""
    world.has("shop--photos")
    key = Key("ReplicationPolicy", "shop", "keep")
    ends = {"source": {"bucketRef": {"name": "photos"}}, "destination": {"bucketRef": {"name": "dr"}}}
    known = ClusterState(
        contributors={key: {**ends, "failover": {"role": "Primary"}}},
        statuses={key: {"failover": {"role": "Promoted", "settled": True, "since": "2026-11-23T18:00:00Z", "returnToken": "a"}}},
    )  # fmt: skip
    (verdict,) = world.plan(bucket("photos", "shop--photos"), known)
    (change,) = verdict.plan.writes
    assert isinstance(change.after, BucketPolicy)
    assert [s.sid for s in change.after.statements] == ["imagestore-fence-keep"]
