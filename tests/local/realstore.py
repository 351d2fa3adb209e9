"""A running store with the interface of ``MemoryStore``, as far as a story looks at it or changes it: its buckets, calls and faults."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from dev.stores import Store
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.base import Backend
from imagestore.backends.memory import MemoryBucket, MemoryStore
from imagestore.backends.registry import connect_given
from imagestore.backends.secrets import Given, SecretFields
from imagestore.core.facet import Facet
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning


class OnlyInMemory(Exception):
    """The story asks a store for what a real one cannot be told to do."""


def connected(store: Store) -> Backend:
    """The package's own backend of a running store, with an administrator's rights."""
    s3 = {"endpoint": store.endpoint, "region": store.region}
    spec: dict[str, Any] = {"provider": store.provider, "s3": s3, "credentials": {"ambient": {}}}
    keys = {"accessKeyId": store.access_key.encode(), "secretAccessKey": store.secret_key.encode()}
    return connect_given("story", StorageBackendSpec.model_validate(spec), Given(SecretFields("story", keys)))


@dataclass
class RealStore:
    """Names are those of the stories. ``fault`` is called before each call of a backend to one of its buckets, as in memory."""

    store: Store
    backend: Backend
    calls: list[tuple[str, str]] = field(default_factory=list)
    fault: Callable[[str, str], None] | None = None
    meanwhile: Callable[[str], None] | None = None
    page: int = 1000

    def __post_init__(self) -> None:
        self.s3 = self.store.s3()
        self.buckets = RealBuckets(self)

    def call(self, operation: str, bucket: str) -> None:
        """Every operation begins here."""
        self.calls.append((operation, bucket))
        if self.fault is not None:
            self.fault(operation, bucket)

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(MemoryStore(), name) and name not in self.__dataclass_fields__ and name != "buckets":
            raise OnlyInMemory(name)
        super().__setattr__(name, value)


class RealBuckets(MutableMapping[str, Any]):
    """The buckets of one namespace, by name. One that is put in is made as the given one is."""

    def __init__(self, store: RealStore) -> None:
        self._store = store

    def __getitem__(self, name: str) -> "RealBucket":
        if name not in set(iter(self)):
            raise KeyError(name)
        return RealBucket(self._store, name)

    def __setitem__(self, name: str, like: MemoryBucket) -> None:
        if not isinstance(like, MemoryBucket) or like.contents or like.made_at:
            raise OnlyInMemory("contents or a date of creation")
        self._store.s3.create_bucket(Bucket=name)
        made = self[name]
        made.facets.update(like.facets)
        made.versions, made.uploads = like.versions, like.uploads

    def __delitem__(self, name: str) -> None:
        s3 = self._store.s3
        for upload in s3.list_multipart_uploads(Bucket=name).get("Uploads", ()):
            s3.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
        listed = s3.list_object_versions(Bucket=name)
        for each in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=name, Key=each["Key"], VersionId=each["VersionId"])
        s3.delete_bucket(Bucket=name)

    def __iter__(self) -> Iterator[str]:
        names = (b["Name"] for b in self._store.s3.list_buckets()["Buckets"])
        return iter([n for n in names if n in STORY_BUCKETS])

    def __len__(self) -> int:
        return sum(1 for _ in self)


STORY_BUCKETS = ("shop--photos",)
"""Others are of the tests beside."""


@dataclass
class RealBucket:
    """One bucket, with the interface of ``MemoryBucket``."""

    store: RealStore
    name: str

    @property
    def tags(self) -> dict[str, str]:
        """All tags, the owner's mark included."""
        try:
            found = self.store.s3.get_bucket_tagging(Bucket=self.name)["TagSet"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchTagSet":
                raise
            return {}
        return {t["Key"]: t["Value"] for t in found}

    @property
    def facets(self) -> "RealFacets":
        """Its settings."""
        return RealFacets(self)

    @property
    def versions(self) -> "RealObjects":
        """What is in it."""
        return RealObjects(self)

    @versions.setter
    def versions(self, objects: Mapping[str, str]) -> None:
        self.versions.update(objects)

    @property
    def uploads(self) -> set[str]:
        """The keys of open uploads."""
        found = self.store.s3.list_multipart_uploads(Bucket=self.name).get("Uploads", ())
        return {upload["Key"] for upload in found}

    @uploads.setter
    def uploads(self, keys: set[str]) -> None:
        for key in keys:
            self.store.s3.create_multipart_upload(Bucket=self.name, Key=key)

    def __getattr__(self, name: str) -> Any:
        raise OnlyInMemory(name)

    def __eq__(self, other: object) -> bool:
        """Whether it holds what the other one does, as far as both can tell."""
        assert isinstance(other, MemoryBucket)
        same = all(self.facets.get(name) == value for name, value in other.facets.items() if name != "tags")
        return same and (self.tags, dict(self.versions), self.uploads) == (
            other.tags,
            other.versions,
            other.uploads,
        )


class RealFacets(MutableMapping[str, Facet]):
    """Settings as the package's own drivers read and write them; tags with the owner's mark."""

    def __init__(self, bucket: RealBucket) -> None:
        self._bucket, self._drivers = bucket, bucket.store.backend.drivers

    def _read(self, name: str) -> Facet | None:
        if name == "tags":
            return Tags.from_store(values=self._bucket.tags) if self._bucket.tags else None
        found = self._drivers[name].read(self._bucket.name) if name in self._drivers else None
        if isinstance(found, Versioning) and found.mfa_delete == "Disabled":
            return found.model_copy(update={"mfa_delete": None})  # SeaweedFS says so where it was never told
        return found

    def __getitem__(self, name: str) -> Facet:
        found = self._read(name)
        if found is None:
            raise KeyError(name)
        return found

    def __setitem__(self, name: str, value: Facet) -> None:
        if isinstance(value, Tags):
            found = [{"Key": k, "Value": v} for k, v in value.values.items()]
            s3 = self._bucket.store.s3
            s3.delete_bucket_tagging(Bucket=self._bucket.name)
            if found:
                s3.put_bucket_tagging(Bucket=self._bucket.name, Tagging={"TagSet": found})
            return
        self._drivers[name].write(self._bucket.name, value, self._read(name))

    def __delitem__(self, name: str) -> None:
        self._drivers[name].clear(self._bucket.name, self[name])

    def __iter__(self) -> Iterator[str]:
        return iter([name for name in self._drivers if self._read(name) is not None])

    def __len__(self) -> int:
        return sum(1 for _ in self)


class RealObjects(MutableMapping[str, str]):
    """Objects by their key; the value says why one may not be deleted, which only a store in memory can be told."""

    def __init__(self, bucket: RealBucket) -> None:
        self._bucket = bucket

    def __getitem__(self, key: str) -> str:
        if key not in set(iter(self)):
            raise KeyError(key)
        return ""

    def __setitem__(self, key: str, locked: str) -> None:
        if locked:
            raise OnlyInMemory("objects that are locked")
        self._bucket.store.s3.put_object(Bucket=self._bucket.name, Key=key, Body=b"picture")

    def __delitem__(self, key: str) -> None:
        self._bucket.store.s3.delete_object(Bucket=self._bucket.name, Key=key)

    def __iter__(self) -> Iterator[str]:
        found = self._bucket.store.s3.list_objects_v2(Bucket=self._bucket.name).get("Contents", ())
        return iter([each["Key"] for each in found])

    def __len__(self) -> int:
        return sum(1 for _ in self)
