"""LifecyclePolicy: rules that are declared once and carried out on every bucket that it matches."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.core.conditions import Judged
from imagestore.core.model import LABEL_KEYS, Cel, LabelValue, Line, ListMap, Model, Name, Shown, UnknownAs
from imagestore.facets.lifecycle_rule import Date, LifecycleRule

LISTED = 100  # buckets that status lists one by one; beyond, they are counted only


class BucketSelector(Model):
    """ImageBuckets of the policy's own namespace by their labels."""

    match_labels: Annotated[
        dict[str, LabelValue],
        Cel("size(self) > 0", "an empty selector would match every bucket; give a label"),
        Cel("self.all(k, size(k) <= 317)", "a label's key has at most 317 characters; shorten it"),
        LABEL_KEYS,
        Field(max_length=16, description="All of these labels."),
    ]


class BucketRef(Model):
    """One ImageBucket of the policy's own namespace."""

    name: Annotated[Name, Field(description="The ImageBucket's name, in the policy's own namespace.")]


class Preview(Model):
    """Counting what the rules would touch: it lists the buckets."""

    enabled: Annotated[bool, Field(description="Whether buckets are listed for it.")]
    every_hours: Annotated[
        int | None,
        Field(ge=1, le=168, description="How often each bucket is counted anew. Absent: 24."),
    ] = None


class LifecyclePolicySpec(Model):
    """Rules, and the buckets that they are for. The buckets' own rules go before them."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.bucketSelector) != has(self.bucketRefs)",
            "give exactly one of bucketSelector: {matchLabels: ...} and bucketRefs: [{name: ...}]",
        ),
    )

    bucket_selector: Annotated[
        BucketSelector | None, Field(description="The buckets, by label; later ones too.")
    ] = None
    bucket_refs: Annotated[
        tuple[BucketRef, ...] | None,
        ListMap("name"),
        Field(min_length=1, max_length=256, description="The buckets, by name."),
    ] = None
    priority: Annotated[
        int | None,
        Field(
            ge=0,
            le=1000,
            description="Of two policies that contradict each other the higher prevails; equal ones are both held back."
            " Absent: 0.",
        ),
    ] = None
    rules: Annotated[
        tuple[LifecycleRule, ...],
        ListMap("name"),
        Field(min_length=1, max_length=50, description="Each known by its name."),
    ]
    exclusive: Annotated[
        bool | None,
        Field(description="Remove the matched buckets' rules that no bucket and no policy declares."),
    ] = None
    preview: Annotated[
        Preview | None, Field(description="Tell in status what each rule would touch in each bucket.")
    ] = None
    on_unsupported: Annotated[
        Literal["Refuse", "SkipRule"] | None,
        Field(
            description="Where a bucket's store cannot hold a rule: apply none of the rules there, or all others."
            " Absent: Refuse."
        ),
    ] = None

    @property
    def previewed_every(self) -> int | None:
        """Hours between two counts; None: nothing is counted."""
        return (self.preview.every_hours or 24) if self.preview and self.preview.enabled else None


BucketState = Literal["Applied", "Pending", "Suspended", "Conflict", "Lossy", "Held"]


class BucketOutcome(Model):
    """What became of the policy on one bucket."""

    name: Annotated[str, Field(max_length=253, description="The ImageBucket.")]
    state: Annotated[
        BucketState,
        UnknownAs("Pending"),
        Field(
            description="Applied: read back from the store. Suspended: left alone, as the bucket's spec has it. Lossy: the"
            " store cannot hold what is in lost. Held: waits for an approval in the bucket's spec."
        ),
    ]
    lost: Annotated[
        tuple[Line, ...],
        Field(max_length=32, description="What the store cannot hold."),
        Shown(32),
    ] = ()
    message: Annotated[Line | None, Field(description="A sentence for people.")] = None


class BucketCounts(Model):
    """How many buckets, by state."""

    matched: Annotated[int, Field(ge=0, description="ImageBuckets that the policy is for.")] = 0
    applied: Annotated[int, Field(ge=0, description="Read back from the store.")] = 0
    pending: Annotated[int, Field(ge=0, description="Not done yet.")] = 0
    suspended: Annotated[int, Field(ge=0, description="Left alone, as the bucket's spec has it.")] = 0
    conflict: Annotated[int, Field(ge=0, description="Contradicted by somebody else's rules.")] = 0
    lossy: Annotated[int, Field(ge=0, description="Where the store cannot hold all of it.")] = 0
    held: Annotated[int, Field(ge=0, description="Waiting for an approval.")] = 0


class Touched(Model):
    """So much of a bucket."""

    objects: Annotated[int, Field(ge=0, description="Versions.")]
    bytes: Annotated[int, Field(ge=0, description="Their bytes.")]


class Touching(Model):
    """What a rule would touch: it moves it, hides it behind a delete marker, or removes it."""

    now: Annotated[Touched, Field(description="At the store's first run.")]
    soon: Annotated[Touched, Field(alias="next30Days", description="In the thirty days after that.")]
    removed: Annotated[Touched, Field(description="Of both, what goes for good.")]
    hidden: Annotated[
        Touched, Field(description="Of both, what a delete marker hides: there, and read by nobody.")
    ]
    monthly_saving: Annotated[
        str | None,
        Field(max_length=32, description="By both, each month from then on. Absent: no price is known."),
    ] = None
    fees_once: Annotated[
        str | None, Field(max_length=32, description="For both: moving, and leaving a class early.")
    ] = None
    currency: Annotated[str | None, Field(max_length=3, description="Of the amounts.")] = None
    as_of: Annotated[Date, Field(description="The day on which it was counted; the earliest of several.")]


class RuleTotal(Touching):
    """One rule in all buckets that were counted."""

    name: Annotated[str, Field(max_length=128, description="The rule.")]
    buckets: Annotated[int, Field(ge=0, description="In how many buckets it was counted.")] = 0


class RulePreview(Touching):
    """One rule in one bucket."""

    name: Annotated[str, Field(max_length=512, description="The ImageBucket and the rule: photos/originals.")]
    bucket: Annotated[str, Field(max_length=253, description="The ImageBucket.")]
    rule: Annotated[str, Field(max_length=128, description="The rule.")]
    sampled: Annotated[
        str | None,
        Field(
            max_length=256, description="What is extrapolated, and from how much; absent: all was counted."
        ),
    ] = None


class PreviewStatus(Model):
    """What was counted of the matched buckets. A bucket that was not counted is in no number."""

    counted: Annotated[int, Field(ge=0, description="Buckets that were counted.")] = 0
    pending: Annotated[int, Field(ge=0, description="Buckets that were not counted yet.")] = 0
    message: Annotated[Line | None, Field(description="What keeps them from being counted.")] = None
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
    """What the matched buckets say, as last read back from their stores."""

    counts: Annotated[BucketCounts | None, Field(description="All matched buckets, by state.")] = None
    buckets: Annotated[
        tuple[BucketOutcome, ...],
        ListMap("name"),
        Field(
            max_length=LISTED,
            description="The first hundred; those where something is left to do come first.",
        ),
        Shown(LISTED),
    ] = ()
    preview: Annotated[
        PreviewStatus | None, Field(description="What each rule would touch, where the spec asks for it.")
    ] = None
