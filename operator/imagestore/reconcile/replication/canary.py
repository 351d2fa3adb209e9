"""A canary: an object of the operator's own that is uploaded to the source, to see how long a copy takes from end to end.

What a store tells of its own copying may be wrong. A canary that arrived proves that the way is open, and nothing about other
objects. It is removed from both sides by its version, so that neither a version nor a marker stays.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from imagestore.backends.objects import ObjectStore
from imagestore.core.errors import NotFound
from imagestore.core.keys import CANARY
from imagestore.core.objects import ObjectAttributes, ObjectUpload

Clock = Callable[[], float]
_TYPE = {"content-type": "text/plain"}


@dataclass(frozen=True)
class CanaryObject:
    """One canary. ``sent`` and ``missing`` are the clock's, in seconds: the upload's begin, and the last look that did not find it."""

    key: str
    version: str
    sent: float
    missing: float


@dataclass(frozen=True)
class CanaryDelay:
    """How long the copy took, in seconds, as far as looks can tell. ``most`` None: it has not arrived."""

    least: float
    most: float | None = None


def send_canary(
    source: ObjectStore,
    bucket: str,
    token: str,
    clock: Clock,
    *,
    prefix: str = "",
    tags: Mapping[str, str] | None = None,
) -> CanaryObject:
    """Upload one. ``token`` is in its key; ``prefix`` and ``tags``: what the rule's filter asks for."""
    key, now = f"{prefix}{CANARY}{token}", clock()
    body = token.encode()
    written = source.write(
        bucket, key, ObjectUpload(body, len(body)), ObjectAttributes(_TYPE, tags=tags or None)
    )
    return CanaryObject(key, written.version, now, now)


def look_for_canary(
    target: ObjectStore, bucket: str, canary: CanaryObject, clock: Clock
) -> tuple[CanaryObject, CanaryDelay]:
    """The canary to look for the next time, and what is known of its delay. One read."""
    asked = clock()
    try:
        target.head(bucket, canary.key, canary.version)
    except NotFound:
        return replace(canary, missing=asked), CanaryDelay(asked - canary.sent)
    return canary, CanaryDelay(canary.missing - canary.sent, clock() - canary.sent)


def remove_canary(canary: CanaryObject, *places: tuple[ObjectStore, str]) -> None:
    """Remove it for good from these buckets. What is gone is done."""
    for store, bucket in places:
        store.delete(bucket, canary.key, version=canary.version)
