"""A kind of the tests' own, as a contributor would add one: tags that an ImageBucket is given by another object.

It has no finalizer, refers to one ImageBucket, contributes to it, and tells in status whether the bucket holds that.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field, ValidationError

from imagestore import metrics
from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.kinds import IMAGE_BUCKET, STORAGE_BACKEND, Column, Kind
from imagestore.controller.contributions import Contributes
from imagestore.controller.rights import Right
from imagestore.controller.runtime import KindRuntime, Pass
from imagestore.controller.services import Services
from imagestore.controller.state.index import Edge
from imagestore.controller.state.objects import Key, Stored, lenient, understood
from imagestore.controller.state.raw import RawObject, mapping
from imagestore.controller.work.queue import Lane
from imagestore.core.conditions import Condition, Judged, condition, reconciling, settle
from imagestore.core.model import Model, Name
from imagestore.core.outcome import Event, Finalizer, Outcome
from imagestore.core.reasons import Reason
from imagestore.facets.tags import Tags
from imagestore.kinds.imagebucket import inputs
from imagestore.kinds.parts.inputs import meta
from imagestore.reconcile.shared.contribution import Contribution, Contributor
from imagestore.reconcile.shared.situation import Meta


class Ref(Model):
    """An ImageBucket of the same namespace."""

    name: Annotated[Name, Field(description="Its name.")]


class TagSetSpec(Model):
    """Tags, and the ImageBucket that is given them."""

    bucket_ref: Annotated[Ref, Field(description="The ImageBucket.")]
    tags: Annotated[Tags, Field(description="The tags.")]


class TagSetStatus(Judged):
    """Whether the bucket holds the tags."""

    bucket: Annotated[str | None, Field(max_length=63, description="The bucket in the store.")] = None


TAG_SET = Kind(
    name="TagSet",
    plural="tagsets",
    scope="Namespaced",
    short="tgs",
    description="Tags that an ImageBucket is given.",
    spec=TagSetSpec,
    status=TagSetStatus,
    columns=(Column("Bucket", ".status.bucket", "The bucket in the store."),),
    group="tests.example",
    version="v1",
)
GIVEN = metrics.Family("tests_tagset_tags", "Tags that a TagSet gives.", ("namespace", "name"))
TO_BUCKET = "tagset bucket"


@dataclass(frozen=True, slots=True)
class TagSetFacts:
    """What is remembered of a TagSet besides the envelope."""

    bucket: str
    tags: int


TagSet = Stored[TagSetFacts]


def facts(raw: RawObject) -> TagSetFacts:
    return TagSetFacts(
        str(mapping(raw.spec.get("bucketRef")).get("name", "")), len(mapping(raw.spec.get("tags")))
    )


def bucket_key(obj: TagSet) -> Key:
    return Key(IMAGE_BUCKET.name, obj.key.namespace, obj.extra.bucket)


def edges(obj: TagSet) -> Iterator[Edge]:
    yield Edge(TO_BUCKET, bucket_key(obj))


def given(obj: TagSet, _: Stored) -> Iterator[Contribution]:
    try:
        tags = TagSetSpec.model_validate_json(obj.spec, extra="forbid").tags
    except ValidationError:
        tags = None
    yield Contribution(
        "tags", tags, Contributor(TAG_SET.name, obj.key.name), hashlib.sha256(obj.spec).hexdigest()[:16]
    )


@dataclass(frozen=True)
class Situation:
    """A TagSet and its bucket. ``heard``: the bucket's status is about all that it is given now."""

    meta: Meta
    spec: TagSetSpec
    status: TagSetStatus
    bucket: ImageBucketStatus | None
    heard: bool
    now: datetime


class Inputs:
    def __init__(self, services: Services) -> None:
        self._services = services

    def of(self, obj: TagSet, this: Pass) -> Callable[[], Situation]:
        known = self._services
        bucket = known.cache.get(bucket_key(obj))
        heard = bucket is not None and bucket.settled and bucket.extra.inputs == inputs(known, bucket)
        return lambda: Situation(
            meta(known, obj),
            understood(TagSetSpec, obj.spec),
            lenient(TagSetStatus, obj.status),
            lenient(ImageBucketStatus, bucket.status) if bucket else None,
            heard,
            known.now(),
        )

    def forget(self, key: Key) -> None:
        pass


def reconcile(s: Situation) -> Outcome[TagSetStatus]:
    if s.meta.deleting:
        return Outcome(None, finalizer=Finalizer.LEAVE)
    conditions = settle(s.now, s.meta.generation, judged(s), s.status.conditions)
    bucket = s.bucket.bucket_name if s.bucket else None
    status = TagSetStatus(observed_generation=s.meta.generation, conditions=conditions, bucket=bucket)
    ready = conditions[0]
    told = [(c.status, c.reason) for c in s.status.conditions if c.type == "Ready"]
    events = () if told == [(ready.status, ready.reason)] else (Event(Reason(ready.reason), ready.message),)
    return Outcome(status, events, finalizer=Finalizer.LEAVE)


def judged(s: Situation) -> list[Condition]:
    if s.bucket is None:
        return reconciling(
            Reason.BUCKET_NOT_FOUND, f"there is no ImageBucket {s.spec.bucket_ref.name}; create it"
        )
    held = next((f for f in s.bucket.facets if f.name == "tags" and f.state == "InSync"), None)
    if not s.heard or held is None or not set(s.spec.tags.values) <= set(held.parts):
        return reconciling(Reason.PENDING, "the bucket does not hold the tags yet")
    return [condition("Ready", Reason.APPLIED, "the bucket was read back with the tags")]


def samples(objects: Sequence[TagSet]) -> Iterator[metrics.MetricSample]:
    return ((GIVEN, (o.key.namespace, o.key.name), float(o.extra.tags)) for o in objects)


TAG_SETS = KindRuntime(
    kind=TAG_SET,
    remember=facts,
    edges=edges,
    lane=lambda _, key: (Lane(key.kind), 2),
    needs=lambda _: (STORAGE_BACKEND.name, IMAGE_BUCKET.name),
    contributes=Contributes(
        to=IMAGE_BUCKET.name,
        includes=lambda giver, bucket: giver.extra.bucket == bucket.key.name,
        given=given,
        unknown=lambda _: (Contribution("tags", None, Contributor(TAG_SET.name, ""), ""),),
    ),
    inputs=Inputs,
    reconcile=reconcile,
    samples=samples,
    more_rights=(
        Right("tests.example", "tagsets/scale", ("get",), "to show that a record may ask for more"),
    ),
)
