"""How a StorageBackend takes part in replication that the stores carry out themselves."""

from typing import Annotated, ClassVar

from pydantic import Field

from imagestore.api.credentials import HandedCredentials
from imagestore.api.names import Url
from imagestore.api.providers import among, those
from imagestore.core.model import Cel, Form, Model

# What the user must be allowed whose credentials other MinIOs get, on the buckets that receive copies.
COPYING_RIGHTS = (
    "s3:GetBucketVersioning",
    "s3:GetBucketObjectLockConfiguration",
    "s3:ListBucket",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ReplicateObject",
    "s3:ReplicateDelete",
    "s3:ReplicateTags",
)


class BackendReplication(Model):
    """Replication between stores. On MinIO: how other stores write here. On AWS: the role with which objects are copied."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "!has(self.endpoint) || has(self.credentials)",
            "endpoint is where other stores use the credentials; give credentials, or remove endpoint",
        ),
    )

    credentials: Annotated[
        HandedCredentials | None,
        Field(
            description="MinIO: credentials that the operator gives to the stores that replicate into this one. On the"
            f" buckets that receive copies they must allow {', '.join(COPYING_RIGHTS[:-1])} and {COPYING_RIGHTS[-1]}."
            " Absent: no store replicates into this one."
        ),
    ] = None
    endpoint: Annotated[
        Url | None,
        Field(description="MinIO: URL of this store, as the other stores reach it. Defaults to s3.endpoint."),
    ] = None
    role: Annotated[
        str | None,
        Field(
            max_length=2048,
            pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:role/[^ ]+$",
            description="AWS: ARN of the IAM role that Amazon S3 assumes to read the objects and to write the copies."
            " Absent: buckets of this backend are not replicated.",
        ),
        Form(
            "a role is an ARN with :iam:: and :role/ in it, such as arn:aws:iam::123456789012:role/replication"
        ),
    ] = None


_ROLES, _HANDED = those(lambda r: r.replicates == "Role"), those(lambda r: r.replicates == "Credentials")

# Of a StorageBackend's spec.
REPLICATION_RULES: tuple[Cel, ...] = (
    Cel(
        f"!has(self.replication) || {among((*_ROLES, *_HANDED))}",
        "the buckets of this provider do not replicate by themselves; remove replication",
    ),
    Cel(
        f"!has(self.replication) || !has(self.replication.role) || {among(_ROLES)}",
        "only AWS replicates with a role; remove replication.role",
    ),
    Cel(
        f"!has(self.replication) || !has(self.replication.credentials) || {among(_HANDED)}",
        "only MinIO is given the credentials of another store; remove replication.credentials",
    ),
    Cel(
        "!has(self.replication) || has(self.replication.role) || has(self.replication.credentials)",
        "replication says nothing; give credentials on MinIO, role on AWS, or remove it",
    ),
)
