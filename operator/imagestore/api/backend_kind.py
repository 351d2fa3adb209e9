"""StorageBackend as a kind. Nothing of a bucket's settings is imported: a command that only needs a store needs none."""

from imagestore.api.kind import AGE_COLUMN, REASON_COLUMN, Column, Kind, condition_column
from imagestore.api.storagebackend import StorageBackendSpec, StorageBackendStatus
from imagestore.core.model import Cel


def _rules() -> tuple[Cel, ...]:
    from imagestore.api.imagebucket import FACETS

    return (
        Cel(
            "!has(self.spec.s3) || !has(self.spec.s3.profile) || self.spec.s3.profile.settings.all(s, s.facet in"
            f" [{', '.join(repr(f) for f in FACETS)}])",
            f"a facet in s3.profile is a setting of the bucket: {', '.join(FACETS)}",
        ),
    )


STORAGE_BACKEND = Kind(
    name="StorageBackend",
    plural="storagebackends",
    scope="Cluster",
    short="sbe",
    description="One object store, and what tenants may do with it. Managed by the cluster's administrator.",
    spec=StorageBackendSpec,
    status=StorageBackendStatus,
    columns=(
        Column(
            "Ready", condition_column("Ready"), "Whether endpoint, region, TLS and credentials were verified."
        ),
        Column("Provider", ".spec.provider", "Provider, which selects the store's profile."),
        Column("Endpoint", ".spec.s3.endpoint", "Endpoint of the store. Empty: Amazon's own."),
        Column("Buckets", ".status.buckets", "Number of ImageBuckets that use the backend.", "integer"),
        Column("Region", ".spec.s3.region", "Region used for signing requests.", priority=1),
        Column(
            "Version", ".status.server.version", "Version of the store, where it reports one.", priority=1
        ),
        REASON_COLUMN,
        AGE_COLUMN,
    ),
    cel=_rules,
)
