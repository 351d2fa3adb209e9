"""Plan all buckets of the manifests, several at a time, in the order of the manifests."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.cli.gathering.clusterstate import ClusterState
from imagestore.cli.gathering.surroundings import StoreOf, surroundings
from imagestore.cli.manifests.load import Manifests
from imagestore.cli.manifests.problems import Problem
from imagestore.cli.planning.bucket_plan import BucketPlan
from imagestore.cli.planning.immutable import frozen
from imagestore.cli.planning.plan_bucket import PlanRequest, plan_bucket

WORKERS = 8


def plan_requests(
    manifests: Manifests, cluster: ClusterState, stores: StoreOf, now: datetime, installation: str | None
) -> list[PlanRequest]:
    """A request for each ImageBucket in the manifests."""
    around = surroundings(manifests, cluster)
    return [
        PlanRequest(o, around, stores(o.spec.backend_ref.name), now, installation, stores=stores)
        for o in manifests.of(ImageBucketSpec)
    ]


def plan_all(
    manifests: Manifests, cluster: ClusterState, stores: StoreOf, now: datetime, installation: str | None
) -> tuple[BucketPlan, ...]:
    """A plan for each ImageBucket in the manifests."""
    return bucket_plans(plan_requests(manifests, cluster, stores, now, installation))


def bucket_plans(requests: Sequence[PlanRequest]) -> tuple[BucketPlan, ...]:
    """A plan for each request."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return tuple(pool.map(plan_bucket, requests))


def refused_at_apply(manifests: Manifests, cluster: ClusterState) -> Mapping[str, tuple[Problem, ...]]:
    """The changes of immutable fields, which the API server would refuse, by the object's label."""
    buckets = {label: known.spec for label, known in cluster.buckets.items()}
    # Policies are left out: nothing of their spec is immutable, and one may have a bucket's name.
    found = {
        o.label: tuple(frozen(o, buckets.get(o.label), cluster.place)) for o in manifests.of(ImageBucketSpec)
    }
    found |= {
        o.label: tuple(frozen(o, cluster.backends.get(o.name), cluster.place))
        for o in manifests.of(StorageBackendSpec)
    }
    return {label: problems for label, problems in found.items() if problems}
