"""What a plan says of a bucket in each state it can be in, on the memory backend; and that it only reads."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import FACETS, ImageBucketSpec
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.memory import MemoryBackend, MemoryBucket, MemoryStore
from imagestore.cli.gathering.clusterstate import ClusterBucket, ClusterState
from imagestore.cli.manifests.load import load
from imagestore.cli.planning.bucket_plan import BucketPlan, Exit
from imagestore.cli.planning.plan_all import plan_all, refused_at_apply
from imagestore.cli.planning.report import PlanReport, markdown, summary, text
from imagestore.core.errors import Denied, Unavailable
from imagestore.core.facet import Facet
from imagestore.core.reading import Level, Support
from imagestore.core.stored import StoredVersion
from imagestore.facets.tags import OWNER, Tags
from imagestore.facets.versioning import Versioning
from imagestore.reconcile.shared.situation import Meta, Store
from tests.cli.world import bucket, write

NOW = datetime(2026, 11, 23, tzinfo=UTC)
MINE = "prod/shop/photos"
SPEC = {
    "provider": "MinIO",
    "s3": {"endpoint": "https://store.example", "region": "here"},
    "credentials": {"ambient": {}},
    "namespaces": {"names": ["shop"]},
}


@dataclass
class World:
    """One store in memory, one backend in front of it."""

    directory: Path
    store: MemoryStore = field(default_factory=MemoryStore)
    spec: StorageBackendSpec = field(default_factory=lambda: StorageBackendSpec.model_validate(SPEC))
    limits: dict[str, Support] = field(default_factory=dict)

    def has(self, name: str, owner: str | None = MINE, **facets: Facet) -> None:
        """A bucket that exists already."""
        tags = {OWNER: owner} if owner else {}
        self.store.buckets[name] = MemoryBucket({"tags": Tags(values=tags), **facets})

    def tenancy(self, **tenancy: object) -> None:
        """What the namespace may ask for."""
        self.spec = StorageBackendSpec.model_validate({**SPEC, "tenancy": tenancy})

    def plan(self, manifests: str, cluster: ClusterState | None = None) -> tuple[BucketPlan, ...]:
        """Plan, and make sure that nothing but reads was asked of the store."""
        read = load([str(write(self.directory, manifests))], "default")
        assert not read.problems
        cluster = replace(cluster or ClusterState(offline=True), backends={"eu": self.spec})
        backend = MemoryBackend(self.store, FACETS, self.limits)
        verdicts = plan_all(read, cluster, lambda _: Store(self.spec, backend), NOW, None)
        assert {op.partition(":")[0] for op, _ in self.store.calls} <= {"Check", "Get", "Remains", "List"}
        return verdicts

    def one(self, *settings: str) -> BucketPlan:
        """Plan the bucket shop--photos with these settings."""
        return self.plan(bucket("photos", "shop--photos", *settings))[0]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def problems(verdict: BucketPlan) -> str:
    return " | ".join(str(p) for p in verdict.problems)


def test_a_bucket_that_is_not_there_is_created_with_everything(world: World) -> None:
    verdict = world.one("versioning: {state: Suspended}")
    assert verdict.create
    assert [c.facet for c in verdict.plan.writes] == ["versioning"]  # nothing is at risk: not held
    assert verdict.exit is Exit.CHANGES


def test_a_setting_that_the_store_has_not_is_told_with_what_to_do(world: World) -> None:
    world.has("shop--photos")
    world.limits = {"website": Support(Level.NONE, "PutBucketWebsite: 400 MalformedXML")}
    said = problems(world.one("website: {indexDocument: index.html}"))
    assert (
        "this store does not have website (PutBucketWebsite: 400 MalformedXML); remove spec.website, or use"
        in said
    )


def test_a_snooze_that_is_over_is_noted(world: World) -> None:
    world.has("shop--photos")
    snooze = "drift: {snooze: {until: '2025-01-01T00:00:00Z', reason: migration}}"
    assert any("drift.snooze ended" in note for note in world.one(snooze).notes)


def test_a_bucket_that_agrees_needs_nothing(world: World) -> None:
    world.has("shop--photos", versioning=Versioning(state="Enabled"))
    assert world.one("versioning: {state: Enabled}").exit is Exit.NOTHING


def test_a_difference_is_a_change(world: World) -> None:
    world.has("shop--photos", versioning=Versioning(state="Suspended"))
    verdict = world.one("versioning: {state: Enabled}")
    assert [(f.path, f.before, f.after) for f in verdict.plan.differences] == [
        ("versioning.state", "Suspended", "Enabled")
    ]
    assert verdict.exit is Exit.CHANGES


def test_a_rule_that_would_remove_much_is_counted_up_to_a_bound(world: World) -> None:
    world.has("shop--photos")
    year_old = [StoredVersion(f"{n:04}", 10, NOW.toordinal() - 365) for n in range(30)]
    world.store.buckets["shop--photos"].contents = year_old
    rules = "lifecycle: {rules: [{name: all, expire: {days: 30}}]}"
    verdict = world.one(rules)
    assert verdict.exit is Exit.CHANGES
    assert "held (NeedsApproval): rule all would remove 30 of 30 objects" in text(PlanReport((verdict,)))
    world.store.page = 2
    verdict = world.one(rules)
    assert verdict.exit is Exit.CHANGES
    assert "held (Counting): what all would remove is being counted: 19 keys so far" in text(
        PlanReport((verdict,))
    )


def test_a_risky_change_waits_for_approval_and_counts_as_a_change(world: World) -> None:
    world.has("shop--photos", versioning=Versioning(state="Enabled"))
    verdict = world.one("versioning: {state: Suspended}")
    assert [c.reason for c in verdict.plan.held] == ["NeedsApproval"]
    assert verdict.exit is Exit.CHANGES
    assert "held (NeedsApproval)" in text(PlanReport((verdict,)))


def test_somebody_elses_bucket_is_refused(world: World) -> None:
    world.has("shop--photos", owner="prod/press/photos")
    verdict = world.one("versioning: {state: Enabled}")
    assert "OwnedByAnother" in problems(verdict)
    assert "press" not in problems(verdict)
    assert verdict.exit is Exit.ERROR


def test_an_unmarked_bucket_is_refused_until_it_is_granted(world: World) -> None:
    world.has("shop--photos", owner=None, versioning=Versioning(state="Suspended"))
    assert "BucketExists" in problems(world.one("adoption: Granted"))
    world.tenancy(adoptionGrants=[{"namespace": "shop", "bucketName": "shop--photos"}])
    verdict = world.one("adoption: Granted", "versioning: {state: Enabled}")
    assert verdict.adopt
    assert [c.facet for c in verdict.plan.writes] == ["versioning"]
    assert any("after you add the token in its status to spec.approve" in n for n in verdict.notes)
    same = world.one("adoption: Granted", "versioning: {state: Suspended}")
    assert same.adopt
    assert not any("token" in n for n in same.notes), "nothing changes, so nobody is asked"


def test_what_the_tenancy_forbids_is_named_with_its_line(world: World) -> None:
    world.has("shop--photos")
    verdict = world.one("tags: {a: b}", "encryption: {algorithm: SSE-KMS, keyId: theirs}")
    assert "shop.yaml:9: spec.encryption: KeyNotAllowed" in problems(verdict)
    assert [c.facet for c in verdict.plan.writes] == ["tags"]


def test_a_forbidden_name_costs_no_call(world: World) -> None:
    verdict = world.plan(bucket("photos", "press--photos"))[0]
    assert "NameNotAllowed" in problems(verdict)
    assert world.store.calls == []


def test_a_namespace_that_is_not_allowed_costs_no_call(world: World) -> None:
    world.spec = world.spec.model_copy(update={"namespaces": None})
    assert "NamespaceNotAllowed" in problems(world.one())
    assert world.store.calls == []


def test_two_claims_on_one_bucket_are_told_to_the_second(world: World) -> None:
    world.has("shop--photos")
    both = world.plan(bucket("photos", "shop--photos") + bucket("again", "shop--photos"))
    assert [v.exit for v in both] == [Exit.NOTHING, Exit.ERROR]
    assert "Conflict" in problems(both[1])


def test_what_the_store_cannot_hold_is_an_error(world: World) -> None:
    world.has("shop--photos")
    world.limits["cors"] = Support(Level.NONE, "CORS is a setting of the whole server")
    verdict = world.one("cors: {rules: []}")
    assert (
        "spec.cors: not supported: this store does not have cors (CORS is a setting of the whole"
        in problems(verdict)
    )


def test_what_cannot_be_read_is_an_error_and_hides_nothing_else(world: World) -> None:
    world.has("shop--photos")

    def fault(operation: str, _bucket: str) -> None:
        if operation == "Get:cors":
            raise Denied("no s3:GetBucketCORS")

    world.store.fault = fault
    verdict = world.one("cors: {rules: []}", "versioning: {state: Enabled}")
    assert "spec.cors: cannot be read: Denied: no s3:GetBucketCORS" in problems(verdict)
    assert [c.facet for c in verdict.plan.writes] == ["versioning"]


def test_a_store_that_does_not_answer_is_a_sentence(world: World) -> None:
    def fault(_operation: str, _bucket: str) -> None:
        raise Unavailable("connection refused")

    world.store.fault = fault
    assert "Unavailable: connection refused" in problems(world.one())


def test_observe_mode_shows_differences_and_changes_nothing(world: World) -> None:
    world.has("shop--photos", versioning=Versioning(state="Suspended"))
    verdict = world.one("mode: Observe", "versioning: {state: Enabled}")
    assert verdict.plan.differences
    assert verdict.exit is Exit.NOTHING


def test_a_suspended_bucket_is_not_looked_at(world: World) -> None:
    assert world.one("suspend: true").exit is Exit.NOTHING
    assert world.store.calls == []


def test_a_missing_backend_is_a_sentence(world: World, tmp_path: Path) -> None:
    read = load([str(write(tmp_path, bucket("photos", "shop--photos")))], "default")
    verdict = plan_all(read, ClusterState(offline=True), lambda _: Store(), NOW, None)[0]
    assert "BackendNotFound: there is no StorageBackend eu" in problems(verdict)


def test_the_summary_counts_and_markdown_hides_what_does_not_change(world: World) -> None:
    world.has("shop--photos")
    run = PlanReport(
        world.plan(bucket("photos", "shop--photos") + bucket("new", "shop--new", "tags: {a: b}"))
    )
    assert summary(run) == "2 buckets: 1 to create, 1 without changes"
    assert "shop/photos" not in markdown(run)
    assert '+ tags["a"]: "b"' in markdown(run)


def _known(manifests: str, tmp_path: Path, **meta: bool) -> ClusterState:
    """A cluster that has the ImageBuckets of these manifests."""
    read = load([str(write(tmp_path, manifests, "cluster.yaml"))], "default")
    (tmp_path / "cluster.yaml").unlink()
    found = {
        o.label: ClusterBucket(Meta(o.namespace, o.name, "uid", 1, NOW, **meta), o.spec, ImageBucketStatus())
        for o in read.objects
        if isinstance(o.spec, ImageBucketSpec)
    }
    return ClusterState(buckets=found)


def test_what_cannot_change_is_refused_before_the_api_server_does(tmp_path: Path) -> None:
    cluster = _known(bucket("photos", "shop--photos"), tmp_path)
    read = load([str(write(tmp_path, bucket("photos", "shop--renamed")))], "default")
    problems = [str(p).removeprefix(f"{tmp_path}/") for p in refused_at_apply(read, cluster)["shop/photos"]]
    assert problems == [
        'shop.yaml:7: spec.bucketName: is "shop--photos" in the cluster; a bucket cannot be renamed; create a new'
        " ImageBucket with the other name"
    ]
    same = load([str(write(tmp_path, bucket("photos", "shop--photos", "tags: {a: b}")))], "default")
    assert refused_at_apply(same, cluster) == {}


def test_a_policy_of_the_same_name_has_nothing_that_cannot_change(tmp_path: Path) -> None:
    """It was compared with the bucket of its name, which a plan then refused."""
    photos = bucket("photos", "shop--photos")
    policy = (
        "---\napiVersion: imagestore.dev/v1alpha1\nkind: LifecyclePolicy\n"
        "metadata: {name: photos, namespace: shop}\n"
        "spec: {bucketRefs: [{name: photos}], rules: [{name: old, expire: {days: 30}}]}\n"
    )
    cluster = _known(photos, tmp_path)
    read = load([str(write(tmp_path, photos + policy))], "default")
    assert len(read.objects) == 2
    assert refused_at_apply(read, cluster) == {}


def test_a_claim_in_the_cluster_is_older_than_a_new_manifest(world: World, tmp_path: Path) -> None:
    cluster = _known(bucket("older", "shop--photos"), tmp_path)
    assert "Conflict: the ImageBucket older claimed" in problems(
        world.plan(bucket("photos", "shop--photos"), cluster)[0]
    )


def test_an_object_that_is_being_deleted_is_not_planned(world: World, tmp_path: Path) -> None:
    cluster = _known(bucket("photos", "shop--photos"), tmp_path, deleting=True)
    verdict = world.plan(bucket("photos", "shop--photos"), cluster)[0]
    assert (verdict.exit, world.store.calls) == (Exit.NOTHING, [])


def test_what_a_store_holds_and_does_not_enforce_is_noted(world: World) -> None:
    world.limits["policy"] = Support(Level.FULL, weak=("requireTls is stored and not enforced",))
    assert world.one("policy: {requireTls: true}").notes == ("policy: requireTls is stored and not enforced",)
    assert world.one("tags: {a: b}").notes == ()
