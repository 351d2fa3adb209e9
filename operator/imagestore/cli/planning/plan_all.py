"""All buckets of the manifests, several at a time, in the order in which they were written."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.cli.gathering.surroundings import Snapshot, surroundings
from imagestore.cli.manifests.load import Manifests
from imagestore.cli.manifests.objects import Object
from imagestore.cli.manifests.problems import Problem
from imagestore.cli.planning.bucket_plan import Verdict
from imagestore.cli.planning.immutable import frozen
from imagestore.cli.planning.plan_bucket import Question, plan_bucket
from imagestore.core.model import Model
from imagestore.reconcile.shared.situation import Store

WORKERS = 8
StoreOf = Callable[[str], Store]


def questions(
    manifests: Manifests, cluster: Snapshot, stores: StoreOf, now: datetime, installation: str | None
) -> list[Question]:
    """One for each ImageBucket."""
    around = surroundings(manifests, cluster)
    return [
        Question(o, o.spec, around, stores(o.spec.backend_ref.name), now, installation)
        for o in manifests.of(ImageBucketSpec)
    ]


def plan_all(
    manifests: Manifests, cluster: Snapshot, stores: StoreOf, now: datetime, installation: str | None
) -> tuple[Verdict, ...]:
    """A verdict for each ImageBucket."""
    return verdicts(questions(manifests, cluster, stores, now, installation))


def verdicts(questions: Sequence[Question]) -> tuple[Verdict, ...]:
    """One for each."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return tuple(pool.map(plan_bucket, questions))


def refused_at_apply(manifests: Manifests, cluster: Snapshot) -> Mapping[str, tuple[Problem, ...]]:
    """What the API server would refuse, given what the cluster has, by the object's label."""
    known: dict[str, Model | None] = {o.label: _spec(cluster, o.label) for o in manifests.of(ImageBucketSpec)}
    known |= {o.label: cluster.backends.get(o.name) for o in manifests.of(StorageBackendSpec)}
    # A policy may have the name of a bucket, and nothing of its spec is frozen.
    theirs: list[Object] = [*manifests.of(StorageBackendSpec), *manifests.of(ImageBucketSpec)]
    found = {o.label: tuple(frozen(o, known.get(o.label))) for o in theirs}
    return {label: problems for label, problems in found.items() if problems}


def _spec(cluster: Snapshot, label: str) -> ImageBucketSpec | None:
    known = cluster.buckets.get(label)
    return known.spec if known else None
