"""LifecyclePolicy: lifecycle rules that are declared once and applied to every bucket that it matches."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.core.conditions import Judged
from imagestore.core.model import LABEL_KEYS, Cel, LabelValue, Line, ListMap, Model, Name, Shown, UnknownAs
from imagestore.facets.lifecycle_rule import Date, LifecycleRule

LISTED = 100  # buckets that status lists; further ones are only counted


class BucketSelector(Model):
    """Selects ImageBuckets in the policy's namespace by their labels."""

    match_labels: Annotated[
        dict[str, LabelValue],
        Cel("size(self) > 0", "an empty selector would match every bucket; give a label"),
        Cel("self.all(k, size(k) <= 317)", "a label's key has at most 317 characters; shorten it"),
        LABEL_KEYS,
        Field(max_length=16, description="Labels that an ImageBucket must have. All of them must match."),
    ]


class MatchedBucket(Model):
    """Names an ImageBucket in the policy's namespace."""

    name: Annotated[Name, Field(description="Name of the ImageBucket.")]


class PreviewSpec(Model):
    """Preview of what the rules would delete and move. The operator lists the buckets for it."""

    enabled: Annotated[bool, Field(description="Whether the operator lists the buckets.")]
    every_hours: Annotated[
        int | None,
        Field(ge=1, le=168, description="Hours between two listings of a bucket. Defaults to 24."),
    ] = None


class LifecyclePolicySpec(Model):
    """Lifecycle rules, and the buckets that they apply to. A bucket's own rules take precedence."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.bucketSelector) != has(self.bucketRefs)",
            "give exactly one of bucketSelector: {matchLabels: ...} and bucketRefs: [{name: ...}]",
        ),
    )

    bucket_selector: Annotated[
        BucketSelector | None,
        Field(description="Selects ImageBuckets by label, including later ones. Give this or bucketRefs."),
    ] = None
    bucket_refs: Annotated[
        tuple[MatchedBucket, ...] | None,
        ListMap("name"),
        Field(min_length=1, max_length=256, description="ImageBuckets by name. Give this or bucketSelector."),
    ] = None
    priority: Annotated[
        int | None,
        Field(
            ge=0,
            le=1000,
            description="Precedence where two policies contradict each other: the higher one applies."
            " With equal priorities neither rule is written. Defaults to 0.",
        ),
    ] = None
    rules: Annotated[
        tuple[LifecycleRule, ...],
        ListMap("name"),
        Field(min_length=1, max_length=50, description="Rules, identified by name."),
    ]
    exclusive: Annotated[
        bool | None,
        Field(
            description="Delete rules in the matched buckets that neither the bucket nor a policy"
            " declares. Defaults to false."
        ),
    ] = None
    preview: Annotated[
        PreviewSpec | None,
        Field(
            description="Preview of what the rules would delete and move, reported in status. The"
            " operator lists the buckets for it."
        ),
    ] = None
    on_unsupported: Annotated[
        Literal["Refuse", "SkipRule"] | None,
        Field(
            description="What happens if a bucket's store cannot hold a rule. Refuse applies no rule of"
            " the policy there, SkipRule all other rules. Defaults to Refuse."
        ),
    ] = None

    @property
    def previewed_every(self) -> int | None:
        """Hours between two listings, or None without a preview."""
        return (self.preview.every_hours or 24) if self.preview and self.preview.enabled else None


BucketState = Literal["Applied", "Pending", "Suspended", "Conflict", "Lossy", "Held"]


class BucketOutcome(Model):
    """State of the policy on one bucket."""

    name: Annotated[str, Field(max_length=253, description="Name of the ImageBucket.")]
    state: Annotated[
        BucketState,
        UnknownAs("Pending"),
        Field(
            description="Applied: read back from the store. Pending: not done yet. Suspended: the bucket"
            " is suspended. Conflict: rules of another author contradict. Lossy: the store"
            " would drop the fields in lost. Held: a change waits for approval in the"
            " bucket's spec."
        ),
    ]
    lost: Annotated[
        tuple[Line, ...],
        Field(max_length=32, description="Fields that the store would drop."),
        Shown(32),
    ] = ()
    message: Annotated[Line | None, Field(description="Reason in a sentence, for people.")] = None


class BucketCounts(Model):
    """Number of buckets by state."""

    matched: Annotated[int, Field(ge=0, description="ImageBuckets that the policy matches.")] = 0
    applied: Annotated[int, Field(ge=0, description="Buckets whose rules were read back from the store.")] = 0
    pending: Annotated[int, Field(ge=0, description="Buckets that are not done yet.")] = 0
    suspended: Annotated[int, Field(ge=0, description="Buckets that are suspended.")] = 0
    conflict: Annotated[int, Field(ge=0, description="Buckets where rules of another author contradict.")] = 0
    lossy: Annotated[int, Field(ge=0, description="Buckets whose store cannot hold all of the rules.")] = 0
    held: Annotated[int, Field(ge=0, description="Buckets where a change waits for approval.")] = 0


class Touched(Model):
    """Part of a bucket."""

    objects: Annotated[int, Field(ge=0, description="Number of versions.")]
    bytes: Annotated[int, Field(ge=0, description="Size in bytes.")]


class Touching(Model):
    """Versions that a rule would move, hide behind a delete marker, or delete."""

    now: Annotated[Touched, Field(description="At the store's first lifecycle run.")]
    soon: Annotated[Touched, Field(alias="next30Days", description="In the thirty days after that.")]
    removed: Annotated[Touched, Field(description="Part of now and soon that is deleted for good.")]
    hidden: Annotated[
        Touched,
        Field(
            description="Part of now and soon that is hidden behind a delete marker: kept, but not"
            " readable as an object."
        ),
    ]
    monthly_saving: Annotated[
        str | None,
        Field(max_length=32, description="Monthly saving from now and soon. Absent if no price is known."),
    ] = None
    fees_once: Annotated[
        str | None,
        Field(
            max_length=32,
            description="One-time fees of now and soon: for moves, and for leaving a class early.",
        ),
    ] = None
    currency: Annotated[str | None, Field(max_length=3, description="Currency of the amounts.")] = None
    as_of: Annotated[Date, Field(description="Day of the listing; of several, the earliest.")]


class RuleTotal(Touching):
    """One rule in all buckets that were listed."""

    name: Annotated[str, Field(max_length=128, description="Name of the rule.")]
    buckets: Annotated[int, Field(ge=0, description="Number of buckets that were listed.")] = 0


class RulePreview(Touching):
    """One rule in one bucket."""

    name: Annotated[str, Field(max_length=512, description="ImageBucket and rule, such as photos/originals.")]
    bucket: Annotated[str, Field(max_length=253, description="Name of the ImageBucket.")]
    rule: Annotated[str, Field(max_length=128, description="Name of the rule.")]
    sampled: Annotated[
        str | None,
        Field(max_length=256, description="What is extrapolated, and from how much. Absent: all was listed."),
    ] = None


class PreviewStatus(Model):
    """Preview of the matched buckets. Buckets that were not listed are in no number."""

    counted: Annotated[int, Field(ge=0, description="Number of buckets that were listed.")] = 0
    pending: Annotated[int, Field(ge=0, description="Number of buckets that were not listed yet.")] = 0
    message: Annotated[Line | None, Field(description="Why buckets were not listed.")] = None
    rules: Annotated[
        tuple[RuleTotal, ...],
        ListMap("name"),
        Field(max_length=50, description="Each rule over all buckets."),
        Shown(50),
    ] = ()
    buckets: Annotated[
        tuple[RulePreview, ...],
        ListMap("name"),
        Field(max_length=LISTED, description="Each rule in each bucket; the hundred with the most bytes."),
        Shown(LISTED),
    ] = ()


class LifecyclePolicyStatus(Judged):
    """State of the rules on the matched buckets, as last read from their stores."""

    counts: Annotated[BucketCounts | None, Field(description="Number of buckets by state.")] = None
    buckets: Annotated[
        tuple[BucketOutcome, ...],
        ListMap("name"),
        Field(
            max_length=LISTED,
            description="The first hundred buckets, beginning with those that need attention.",
        ),
        Shown(LISTED),
    ] = ()
    preview: Annotated[
        PreviewStatus | None,
        Field(description="Preview of the matched buckets. Absent without spec.preview."),
    ] = None
