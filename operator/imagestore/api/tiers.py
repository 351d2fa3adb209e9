"""Storage classes for the neutral tiers of lifecycle rules, and the places of remote tiers."""

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from imagestore.api.credentials import HandedCredentials
from imagestore.api.names import BucketName, Url
from imagestore.api.providers import PROVIDERS, TierRule, among, those
from imagestore.core.model import Cel, Form, Model, Sentence, UnknownAs
from imagestore.facets.lifecycle_rule import ColderTier

StorageClass = Annotated[
    str,
    Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$"),
    Form("a storage class has letters, digits, _ and - only, such as STANDARD_IA"),
]


class Remote(Model):
    """A bucket in another store, and how MinIO accesses it."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "!has(self.storageClass) || self.type == 'S3'",
            "a tier of type MinIO takes no storageClass; remove it, or write type: S3",
        ),
    )

    type: Annotated[
        Literal["MinIO", "S3"],
        Field(
            description="Type of the other store. MinIO also streams large objects. S3 is Amazon's or any"
            " other S3 store."
        ),
    ]
    endpoint: Annotated[Url, Field(description="URL of the other store, as MinIO reaches it.")]
    bucket: Annotated[
        BucketName,
        Field(
            description="Bucket in the other store. It must exist, and nothing else may be in it below the prefix."
        ),
    ]
    prefix: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=512,
            pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$",
            description="Prefix in that bucket. Absent: the whole bucket.",
        ),
        Form("a prefix has letters, digits, dots, _ and -, and no slash at its ends, such as cold/photos"),
    ] = None
    region: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=64,
            pattern=r"^[a-zA-Z0-9-]+$",
            description="Region of the other store. Absent: MinIO detects it.",
        ),
        Form("a region has letters, digits and hyphens, such as eu-west-1"),
    ] = None
    storage_class: Annotated[
        StorageClass | None,
        Field(description="Storage class of the objects in the other store. Absent: its default class."),
    ] = None
    credentials: Annotated[
        HandedCredentials,
        Field(
            description="Credentials for the other store. MinIO must be allowed to put, get and delete objects."
        ),
    ]


class TierClass(Model):
    """Storage class for one neutral tier in this store."""

    tier: Annotated[ColderTier, Field(description="Tier as lifecycle rules name it.")]
    storage_class: Annotated[
        StorageClass,
        Field(
            description="Storage class as the store names it: one of Amazon's, one of a placement in"
            " Ceph, a remote tier in MinIO."
        ),
        Cel("self != 'STANDARD'", "STANDARD is the class of new objects; name a colder class"),
    ]
    remote: Annotated[
        Remote | None,
        Field(
            description="With MinIO: where the remote tier keeps its objects. The operator creates a"
            " missing tier and updates its credentials. It never changes or deletes a tier"
            " otherwise, because its objects would become unreadable. Absent: the tier is not"
            " managed."
        ),
    ] = None


TierState = Literal["InSync", "Missing", "Differs", "Stale"]
TIER_STATES: tuple[TierState, ...] = get_args(TierState)


class TierPlace(Model):
    """Where a remote tier keeps its objects, as the store reports it."""

    type: Annotated[
        str, Field(max_length=64, description="Type of the other store, such as MinIO, S3 or azure.")
    ]
    endpoint: Annotated[str, Field(max_length=1024, description="URL of the other store.")] = ""
    bucket: Annotated[str, Field(max_length=1024, description="Bucket in the other store.")] = ""
    prefix: Annotated[str | None, Field(max_length=1024, description="Prefix in that bucket.")] = None
    region: Annotated[str | None, Field(max_length=256, description="Region used for signing.")] = None
    storage_class: Annotated[
        str | None, Field(max_length=256, description="Storage class in the other store.")
    ] = None


class TierStatus(Model):
    """State of one remote tier, as last read."""

    storage_class: Annotated[str, Field(max_length=64, description="Storage class as the store names it.")]
    state: Annotated[
        TierState,
        UnknownAs("Missing"),
        Field(
            description="InSync: the tier is as in the spec. Missing: it does not exist. Differs: it"
            " leads to another place. Stale: it does not have the Secret's credentials."
        ),
    ]
    message: Annotated[Sentence | None, Field(description="Reason in a sentence, for people.")] = None
    place: Annotated[
        TierPlace | None, Field(description="Where the tier keeps its objects, as the store reports it.")
    ] = None
    credentials: Annotated[
        str | None,
        Field(
            max_length=64,
            description="Digest of the credentials that the store was given last, keyed with the admin"
            " API's secret key. It shows whether they are those in the Secret.",
        ),
    ] = None


def _none(provider: str) -> Cel:
    return Cel(
        f"!has(self.tiers) || self.provider != '{provider}'",
        f"{provider} has no tiers for single objects; remove tiers",
    )


def _each(provider: str, rule: TierRule) -> Cel:
    return Cel(
        f"!has(self.tiers) || self.provider != '{provider}' || self.tiers.all(t, {rule.condition})",
        rule.message,
    )


_NO_TIERS, _REMOTE = those(lambda r: not r.tiers), those(lambda r: r.remote_tiers)

# Of a StorageBackend's spec.
TIER_RULES: tuple[Cel, ...] = (
    *(_none(provider) for provider in _NO_TIERS),
    *(_each(provider, rule) for provider, rules in PROVIDERS.items() for rule in rules.each_tier),
    Cel(
        "!has(self.tiers) || self.tiers.all(t, self.tiers.exists_one(o, o.storageClass == t.storageClass))",
        "two tiers with one class cannot be told apart; give each a class of its own, or remove one",
    ),
    Cel(
        f"!has(self.tiers) || {among(_REMOTE)} || self.tiers.all(t, !has(t.remote))",
        "only MinIO has remote tiers; remove remote, and name a class that the store has",
    ),
    Cel(
        "!has(self.tiers) || has(self.admin) || self.tiers.all(t, !has(t.remote))",
        "remote tiers are created through MinIO's admin API; give admin, or remove remote",
    ),
    Cel(
        "!has(self.tiers) || self.tiers.all(t, !has(t.remote) || self.tiers.exists_one(o, has(o.remote) &&"
        " o.remote.endpoint == t.remote.endpoint && o.remote.bucket == t.remote.bucket &&"
        " (has(o.remote.prefix) ? o.remote.prefix : '') == (has(t.remote.prefix) ? t.remote.prefix : '')))",
        "two tiers in one place would mix their objects; give each a bucket or a prefix of its own",
    ),
)
