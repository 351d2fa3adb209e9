"""ImageBuckets that another kind's spec names, and what keeps them from being used: each is one sentence that says the fix. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.backends.base import Lists
from imagestore.core.reasons import Reason
from imagestore.reconcile.shared.runs import JobEnd
from imagestore.reconcile.shared.situation import Store


@dataclass(frozen=True)
class EndView:
    """An ImageBucket that a spec names.

    ``spec`` None: it is not understood. ``made``: its bucket exists and is its own, by the status and the tenancy.
    """

    name: str
    backend: str
    bucket: str
    store: Store
    spec: ImageBucketSpec | None
    status: ImageBucketStatus
    made: bool
    deleting: bool = False

    @property
    def versioned(self) -> bool:
        """Whether deleting an object leaves a delete marker, as its spec has it."""
        lock = self.spec is not None and self.spec.object_lock is not None
        state = self.spec.versioning.state if self.spec and self.spec.versioning else None
        return lock or state == "Enabled"

    def class_of(self, tier: str | None) -> str | None:
        """The store's storage class for a tier; None: it has none."""
        backend = self.store.backend
        if tier is None or not isinstance(backend, Lists):
            return None
        return backend.terms(versioned=False).classes.get(tier)

    @property
    def deletes_on_condition(self) -> bool:
        """Whether the store deletes an object only if it is unchanged."""
        objects = self.store.backend.objects if self.store.backend else None
        return objects is not None and objects.traits.delete_matching

    @property
    def locked(self) -> bool:
        """Whether its spec asks for object lock."""
        return self.spec is not None and self.spec.object_lock is not None

    def end(self, namespace: str, prefix: str = "") -> JobEnd:
        """It, for a run. A bucket that its ImageBucket only observes need not have an owner mark of ours."""
        observed = self.spec is not None and self.spec.mode == "Observe"
        return JobEnd(self.backend, self.bucket, f"{namespace}/{self.name}", prefix, marked=not observed)


@dataclass(frozen=True)
class EndRefusal:
    """Why nothing is run. ``waits``: it resumes by itself."""

    reason: Reason
    message: str
    waits: bool = False


def no_bucket(name: str, field: str) -> EndRefusal:
    """``field``: where the spec names it."""
    message = f"there is no ImageBucket {name} in this namespace; create it, or correct {field}"
    return EndRefusal(Reason.BUCKET_NOT_FOUND, message, waits=True)


def same_bucket(one: EndView, other: EndView, field: str) -> Iterator[EndRefusal]:
    """Two ImageBuckets of two StorageBackends may be one bucket, where both lead to one store. ``field``: of the other one."""
    first, second = one.store.backend, other.store.backend
    if first is None or second is None:
        return
    if (first.endpoint, one.bucket) == (second.endpoint, other.bucket):
        yield EndRefusal(
            Reason.SAME_BUCKET,
            f"{one.name} and {other.name} are the same bucket {one.bucket} at {first.endpoint}; name an"
            f" ImageBucket of another bucket in {field}",
        )


def unusable(side: str, end: EndView, what: str) -> Iterator[EndRefusal]:
    """A bucket that cannot be read now. ``what``: the object that names it, in one word."""
    if end.deleting:
        message = (
            f"the {side}, ImageBucket {end.name}, is being deleted; name another one, or delete this {what}"
        )
        yield EndRefusal(Reason.BUCKET_NOT_READY, message, waits=True)
    elif end.store.backend is None:
        trouble = end.store.trouble or "it cannot be used yet"
        message = f"the StorageBackend {end.backend} of the {side}, ImageBucket {end.name}: {trouble}"
        yield EndRefusal(Reason.BACKEND_UNUSABLE, message, waits=True)
    elif not end.made:
        message = f"the {side}, ImageBucket {end.name}, does not have its bucket yet; see its Ready condition"
        yield EndRefusal(Reason.BUCKET_NOT_READY, message, waits=True)


def unwritable(end: EndView) -> Iterator[EndRefusal]:
    """A bucket that the operator only observes."""
    if end.spec is not None and end.spec.mode == "Observe":
        yield EndRefusal(
            Reason.BUCKET_NOT_READY,
            f"the ImageBucket {end.name} has mode Observe, so the operator writes nothing there; set mode: Enforce, or name"
            " another ImageBucket",
        )
