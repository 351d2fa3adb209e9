"""ImageBucket as a kind."""

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import FACETS, ImageBucketSpec
from imagestore.api.kind import AGE_COLUMN, REASON_COLUMN, Column, Kind, condition_column
from imagestore.core.marks import spots
from imagestore.core.model import Cel, Reference
from imagestore.core.paths import Step


def _not_itself() -> tuple[Cel, ...]:
    """A rule for each reference, since only the root of an object knows its name."""
    return tuple(
        Cel(
            _differs("self.spec", steps),
            f"{'.'.join(s for s in steps if isinstance(s, str))} names this very bucket: {mark.loops}; name another"
            " ImageBucket",
        )
        for steps, mark in spots(ImageBucketSpec, Reference)
    )


def _differs(where: str, steps: tuple[Step, ...]) -> str:
    if not steps:
        return f"!has({where}.name) || {where}.name != self.metadata.name"
    step, rest = steps[0], steps[1:]
    if not isinstance(step, str):
        return f"{where}.all(x, {_differs('x', rest)})"
    return f"!has({where}.{step}) || {_differs(f'{where}.{step}', rest)}"


IMAGE_BUCKET = Kind(
    name="ImageBucket",
    plural="imagebuckets",
    scope="Namespaced",
    short="ib",
    description="One bucket and its settings.",
    spec=ImageBucketSpec,
    status=ImageBucketStatus,
    columns=(
        Column(
            "Ready", condition_column("Ready"), "Whether the last read of the store agrees with the spec."
        ),
        Column("Backend", ".spec.backendRef.name", "StorageBackend that holds the bucket."),
        Column("Bucket", ".spec.bucketName", "Name of the bucket in the store."),
        Column(
            "Drift", condition_column("DriftDetected"), "True while the bucket has drifted from its spec."
        ),
        Column("Objects", ".status.usage.objects", "Number of objects in the bucket.", "integer", 1),
        Column("Size", ".status.usage.bytes", "Size of the bucket in bytes.", "integer", 1),
        REASON_COLUMN,
        AGE_COLUMN,
    ),
    selectable=(".spec.backendRef.name", ".spec.bucketName"),
    known_by="bucketName",
    cel=lambda: (
        Cel(
            "size(self.metadata.name) <= 128",
            "the name is part of the bucket's owner mark, which has little room; use at most 128 characters",
        ),
        Cel(
            "!has(self.spec.drift) || !has(self.spec.drift.ignore) || self.spec.drift.ignore.all(p,"
            f" p.matches(r'^({'|'.join(FACETS)})([.\\[]|$)'))",
            f"a path in drift.ignore begins with a setting of the bucket: {', '.join(FACETS)}",
        ),
        *_not_itself(),
    ),
)
