"""The scratch bucket of a probe: one that no ImageBucket owns, with one object in it, tidied up at the end."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.profiles.servers import GENERIC
from imagestore.backends.s3.serving.tags import TAGS
from imagestore.backends.s3.settings.place import BucketPlace, partition
from imagestore.backends.trial import TrialError
from imagestore.core.errors import Denied, StoreError
from imagestore.core.facet import Facet
from imagestore.core.reading import FULL, Level, Support
from imagestore.facets.tags import OWNER

KEY = "imagestore-probe/object"
BODY = b"put here by imagestore backend probe"
_UNKNOWN = Support(Level.NONE, "unknown")


@dataclass
class Scratch:
    """``played``: the probe has begun to write here. ``made``: it made the bucket, and so may remove it.

    ``locked``: it made it with an object lock.
    """

    backend: S3Backend
    bucket: str
    pause: Callable[[float], None]
    played: bool = False
    made: bool = False
    locked: bool = False

    def prepare(self, *, create: bool) -> None:
        """Refuse what is not a scratch bucket; make it only if told to."""
        there = self._plain.check(self.bucket) is not None
        if create and there:
            raise TrialError(
                f"the bucket {self.bucket} exists; leave out --create, or name one that does not"
            )
        if not create and not there:
            raise TrialError(f"there is no bucket {self.bucket}; let the probe make it: --create")
        if not create:
            self._must_be_unowned()
        self.played, self.made = True, create
        if create:
            self._make({})
        self.put()

    @property
    def _plain(self) -> S3Backend:
        """The backend as if nothing were known of it: what it asks, any S3 server answers."""
        return replace(
            self.backend, declared=replace(GENERIC, support=dict.fromkeys(GENERIC.support, _UNKNOWN))
        )

    def _must_be_unowned(self) -> None:
        if OWNER in self._tags():
            raise TrialError(f"the bucket {self.bucket} belongs to an ImageBucket: it is marked {OWNER}")
        try:
            held = self._plain.remains(self.bucket)
        except StoreError as error:
            raise TrialError(f"it cannot be told whether {self.bucket} is empty: {error}") from None
        if not held.empty:
            raise TrialError(f"the bucket {self.bucket} is not empty: it holds {held}")

    def _tags(self) -> Mapping[str, str]:
        """A store that refuses to tell is believed to hide a mark; one that has no bucket tags has none."""
        try:
            found = TAGS.decode(
                self.call(TAGS.read), BucketPlace(self.bucket, partition(self.backend.region))
            )
        except Denied as error:
            raise TrialError(f"it cannot be told whose {self.bucket} is: {error}") from None
        except StoreError:
            return {}
        return found.values if found else {}

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """A call for this bucket."""
        return self.backend.call(operation, {"Bucket": self.bucket, **parameters})

    def _make(self, at_creation: Mapping[str, Facet]) -> None:
        locking = replace(GENERIC, support=dict.fromkeys(GENERIC.support, FULL))
        replace(self.backend, declared=locking).create(self.bucket, at_creation)
        # SeaweedFS answers NoSuchBucket for a moment after it made one.
        self.until(lambda: self._plain.check(self.bucket) is not None, 10)

    def until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Ask until it is true, for this long."""
        for _ in range(round(seconds / 0.25)):
            if true():
                return True
            self.pause(0.25)
        return true()

    def put(self) -> None:
        """Put the object."""
        self.call("PutObject", Key=KEY, Body=BODY)

    def survived(self) -> bool:
        """Whether the bucket and the object in it are still there."""
        try:
            return bool(self.call("GetObject", Key=KEY)["Body"].read() == BODY)
        except StoreError:
            return self._plain.check(self.bucket) is not None and self._object_is_listed()

    def _object_is_listed(self) -> bool:
        listed = self.call("ListObjectsV2", Prefix=KEY, MaxKeys=1).get("Contents") or ()
        return any(o["Key"] == KEY for o in listed)

    def remake(self, at_creation: Mapping[str, Facet]) -> None:
        """Make it again, as it was or with what can only be asked for now."""
        self.locked = bool(at_creation)
        if self._plain.check(self.bucket) is None:
            self._make(at_creation)
        self.put()

    def renew(self, at_creation: Mapping[str, Facet]) -> None:
        """Another bucket of the same name, with what can only be asked for at its creation. Only if it is ours."""
        self._empty()
        self._delete()
        self.until(lambda: self._plain.check(self.bucket) is None, 10)
        self.remake(at_creation)

    def tidy(self) -> None:
        """Take the object out again, and the bucket too if the probe made it. TrialError if something stays."""
        try:
            if self._plain.check(self.bucket) is None:
                return
            self._empty()
            if self.made:
                self._delete()
        except StoreError as error:
            raise TrialError(
                f"{self.bucket} could not be tidied up; remove what is left in it: {error}"
            ) from None

    def _delete(self) -> None:
        """Emptiness is proven first, as everywhere: another program may have written here meanwhile."""
        with suppress(StoreError):
            held = self._plain.remains(self.bucket)
            if not held.empty:
                raise TrialError(f"{self.bucket} was left: it holds {held}")
        listed = self.call("ListObjectsV2", MaxKeys=1).get("Contents")
        if listed:
            raise TrialError(f"{self.bucket} was left: it holds {listed[0]['Key']}")
        self._plain.delete(self.bucket)

    def _empty(self) -> None:
        """Every version of the one object, and nothing else.

        More than once: VersityGW 1.8 refuses to delete the version `null` of a bucket whose versioning was
        suspended and enabled again, until a marker lies on it.
        """
        for _ in range(5):
            left = self._versions()
            for version in left:
                self._delete_object(VersionId=version)
            if (
                self._object_is_listed()
            ):  # deleting what is not there would leave a marker where there are versions
                self._delete_object()
            elif not left:
                return

    def _versions(self) -> list[str]:
        """A store without versions may not know the listing."""
        try:
            listed = self.call("ListObjectVersions", Prefix=KEY)
        except StoreError:
            return []
        found = (*(listed.get("Versions") or ()), *(listed.get("DeleteMarkers") or ()))
        return [v["VersionId"] for v in found if v["Key"] == KEY and v.get("VersionId")]

    def _delete_object(self, **which: str) -> None:
        with suppress(StoreError):  # what stays is seen by the next listing
            self.call("DeleteObject", Key=KEY, **which)
