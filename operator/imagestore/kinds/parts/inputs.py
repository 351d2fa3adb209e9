"""What the reconcile of an ImageBucket may know, put together from what is remembered, as it is at one moment."""

from collections.abc import Callable

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.controller.runtime import Pass
from imagestore.controller.services import Services
from imagestore.controller.state.objects import Key, Stored, lenient, understood
from imagestore.kinds.parts.relations import (
    StoredBucket,
    contributed_references,
    earlier_in_namespace,
    may_have,
    older_rival,
    reached_from,
    served,
)
from imagestore.kinds.parts.tokens import approval_token
from imagestore.reconcile.bucket.situation import BucketSituation, Memo, Progress, Referenced
from imagestore.reconcile.shared.situation import Meta


class BucketInputs:
    """Makes situations."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def forget(self, key: Key) -> None:
        """The object is gone."""

    def of(self, obj: StoredBucket, this: Pass) -> Callable[[], BucketSituation]:
        """What is remembered is looked up now, in the event loop; a thread makes the situation of it.

        That blocks: it may connect to the store. Raises NotUnderstood when the spec is not.
        """
        known, named = self._services, self._services.stores.named(obj.extra.backend)
        rival, memo = older_rival(known, obj), this.memo if isinstance(this.memo, Memo) else Memo()
        progress = this.progress if isinstance(this.progress, Progress) else None
        labels, earlier = known.namespaces.labels(obj.key.namespace), earlier_in_namespace(known.cache, obj)
        contributions, surveys = known.contributions.of(obj), known.surveyor.of(obj.key)
        others = (*reached_from(known.cache, obj), *contributed_references(known.cache, obj, contributions))
        referenced = {o.key.name: _referenced(known, o) for o in others}
        return lambda: BucketSituation(
            meta=meta(known, obj),
            spec=understood(ImageBucketSpec, obj.spec),
            status=lenient(ImageBucketStatus, obj.status),
            store=known.stores.store(named),
            settings=known.settings,
            now=known.now(),
            clock=known.clock(),
            token=approval_token,
            memo=memo,
            namespace_labels=labels,
            older_rival=rival,
            earlier_buckets=earlier,
            referenced=referenced,
            contributions=contributions,
            surveys=surveys,
            withdrawn=this.withdrawn,
            # A lost bucket is too rare for all others to be looked up before each reconcile.
            neighbours=lambda: known.ask(lambda: served(known, obj.extra.backend)),
            progress=progress,
        )


def _referenced(services: Services, other: StoredBucket) -> Referenced:
    """Its status may be forged: made counts only where the tenancy lets the namespace have that bucket."""
    facts, named = other.extra, services.stores.named(other.extra.backend)
    made = facts.incumbent and may_have(services, other) and older_rival(services, other) is None
    return Referenced(
        facts.backend,
        facts.bucket,
        made,
        other.deleting,
        facts.references,
        store=lambda: services.stores.store(named),
    )


def meta(services: Services, obj: Stored) -> Meta:
    """What Kubernetes knows of an object."""
    return Meta(
        namespace=obj.key.namespace,
        name=obj.key.name,
        uid=obj.uid,
        generation=obj.generation,
        created=services.created(obj),
        deleting=obj.deleting,
        finalized=obj.finalized,
    )
