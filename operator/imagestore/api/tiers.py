"""What the neutral tiers of lifecycle rules are called in one store, and where a remote tier keeps its objects."""

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from imagestore.api.credentials import HandedCredentials
from imagestore.api.names import BucketName, Url
from imagestore.core.model import Cel, Form, Model, Sentence, UnknownAs
from imagestore.facets.lifecycle_rule import ColderTier

# A class that objects can be moved to, in the order in which they get colder.
AMAZON_CLASSES = (
    "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE",
)  # fmt: skip

StorageClass = Annotated[
    str,
    Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$"),
    Form("a storage class has letters, digits, _ and - only, such as STANDARD_IA"),
]


class Remote(Model):
    """Another store's bucket, and what MinIO is given to get into it."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "!has(self.storageClass) || self.type == 'S3'",
            "a tier of type MinIO takes no storageClass; remove it, or write type: S3",
        ),
    )

    type: Annotated[
        Literal["MinIO", "S3"],
        Field(
            description="What it is: MinIO also streams large objects; S3 is Amazon's or any other S3 server."
        ),
    ]
    endpoint: Annotated[Url, Field(description="Its URL, as MinIO reaches it.")]
    bucket: Annotated[
        BucketName, Field(description="A bucket that is there; below the prefix nothing else may be in it.")
    ]
    prefix: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=512,
            pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$",
            description="Where in the bucket; absent: everywhere.",
        ),
        Form("a prefix has letters, digits, dots, _ and -, and no slash at its ends, such as cold/photos"),
    ] = None
    region: Annotated[
        str | None,
        Field(min_length=1, max_length=64, pattern=r"^[a-zA-Z0-9-]+$", description="Absent: MinIO asks."),
        Form("a region has letters, digits and hyphens, such as eu-west-1"),
    ] = None
    storage_class: Annotated[
        StorageClass | None, Field(description="The class that objects get there; absent: its usual one.")
    ] = None
    credentials: Annotated[
        HandedCredentials, Field(description="What MinIO uses there: it must put, get and remove objects.")
    ]


class TierClass(Model):
    """What one neutral tier is called in this store."""

    tier: Annotated[ColderTier, Field(description="As lifecycle rules name it.")]
    storage_class: Annotated[
        StorageClass,
        Field(
            description="As the store names it: a class of Amazon's, a placement's class in Ceph, a remote tier in"
            " MinIO."
        ),
        Cel("self != 'STANDARD'", "STANDARD is where objects begin; name a class that is colder"),
    ]
    remote: Annotated[
        Remote | None,
        Field(
            description="With MinIO: make the tier if it is not there. It is never changed, but for its credentials, and"
            " never removed: what is in it could not be read any more. Absent: the tier is somebody else's business."
        ),
    ] = None


TierState = Literal["InSync", "Missing", "Differs", "Stale"]
TIER_STATES: tuple[TierState, ...] = get_args(TierState)


class TierPlace(Model):
    """Where a remote tier keeps its objects, in the store's own words."""

    type: Annotated[str, Field(max_length=64, description="Such as MinIO, S3 or azure.")]
    endpoint: Annotated[str, Field(max_length=1024, description="Its URL.")] = ""
    bucket: Annotated[str, Field(max_length=1024, description="Its bucket.")] = ""
    prefix: Annotated[str | None, Field(max_length=1024, description="Where in the bucket.")] = None
    region: Annotated[str | None, Field(max_length=256, description="The region that signs.")] = None
    storage_class: Annotated[str | None, Field(max_length=256, description="The class there.")] = None


class TierStatus(Model):
    """What became of one remote tier, as last read."""

    storage_class: Annotated[str, Field(max_length=64, description="As the store names it.")]
    state: Annotated[
        TierState,
        UnknownAs("Missing"),
        Field(
            description="InSync, Missing, Differs: it is somewhere else, Stale: it has not got the Secret's credentials."
        ),
    ]
    message: Annotated[Sentence | None, Field(description="A sentence for people.")] = None
    place: Annotated[TierPlace | None, Field(description="Where the store says it is.")] = None
    credentials: Annotated[
        str | None,
        Field(
            max_length=64,
            description="Tells whether the credentials that the store was given last are those in the Secret; tells"
            " nothing about them to anybody who has not the admin API's secret key.",
        ),
    ] = None


# Of a StorageBackend's spec.
TIER_RULES: tuple[Cel, ...] = (
    Cel(
        "!has(self.tiers) || self.provider != 'SeaweedFS'",
        "SeaweedFS has no tiers for single objects; remove tiers",
    ),
    Cel(
        "!has(self.tiers) || self.tiers.all(t, self.tiers.exists_one(o, o.storageClass == t.storageClass))",
        "two tiers with one class cannot be told apart; give each a class of its own, or leave one out",
    ),
    Cel(
        "!has(self.tiers) || self.provider != 'MinIO' ||"
        " self.tiers.all(t, t.storageClass == t.storageClass.upperAscii())",
        "MinIO's remote tiers are named in capitals; write the storageClass in capitals",
    ),
    Cel(
        "!has(self.tiers) || self.provider != 'MinIO' ||"
        " self.tiers.all(t, t.storageClass != 'REDUCED_REDUNDANCY')",
        "REDUCED_REDUNDANCY is MinIO's own class, to which nothing can move; name a remote tier, such as WARM",
    ),
    Cel(
        "!has(self.tiers) || self.provider == 'MinIO' || self.tiers.all(t, !has(t.remote))",
        "only MinIO's tiers are other stores; remove remote, and name a class that the store has",
    ),
    Cel(
        "!has(self.tiers) || has(self.admin) || self.tiers.all(t, !has(t.remote))",
        "MinIO's tiers are made through its admin API; give admin, or remove remote",
    ),
    Cel(
        "!has(self.tiers) || self.tiers.all(t, !has(t.remote) || self.tiers.exists_one(o, has(o.remote) &&"
        " o.remote.endpoint == t.remote.endpoint && o.remote.bucket == t.remote.bucket &&"
        " (has(o.remote.prefix) ? o.remote.prefix : '') == (has(t.remote.prefix) ? t.remote.prefix : '')))",
        "two tiers in one place would mix their objects; give each a bucket or a prefix of its own",
    ),
    Cel(
        "!has(self.tiers) || self.provider != 'AWS' || self.tiers.all(t, t.storageClass in"
        f" [{', '.join(repr(c) for c in AMAZON_CLASSES)}])",
        f"Amazon S3 has the classes {', '.join(AMAZON_CLASSES)}; name one of them",
    ),
)
