"""ImageBuckets that another kind's spec names, as their reconciles see them."""

from collections.abc import Callable

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.api.kinds import IMAGE_BUCKET
from imagestore.controller.services import Services
from imagestore.controller.state.objects import Key, NotUnderstood, lenient, understood
from imagestore.controller.stores import Named
from imagestore.kinds.parts.relations import StoredBucket, may_have, older_rival
from imagestore.reconcile.shared.ends import EndView


def end_view(known: Services, namespace: str, name: str) -> Callable[[], EndView | None]:
    """What is remembered is looked up now, in the event loop; a thread makes the view of it. None: there is none."""
    bucket = known.cache.get(Key(IMAGE_BUCKET.name, namespace, name))
    if bucket is None:
        return lambda: None
    named, made = known.stores.named(bucket.extra.backend), _made(known, bucket)
    return lambda: _view(known, bucket, named, made=made)


def _made(services: Services, bucket: StoredBucket) -> bool:
    """Its status may be forged: it counts only where the tenancy lets the namespace have that bucket."""
    return bucket.extra.incumbent and may_have(services, bucket) and older_rival(services, bucket) is None


def _view(services: Services, bucket: StoredBucket, named: Named, *, made: bool) -> EndView:
    try:
        spec = understood(ImageBucketSpec, bucket.spec)
    except NotUnderstood:  # then its own status says so
        spec = None
    return EndView(
        name=bucket.key.name,
        backend=bucket.extra.backend,
        bucket=bucket.extra.bucket,
        store=services.stores.store(named),
        spec=spec,
        status=lenient(ImageBucketStatus, bucket.status),
        made=made,
        deleting=bucket.deleting,
    )
