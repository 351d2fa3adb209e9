"""An object store in memory: good enough for every test that is not about a store, and never for users.

It keeps what is obliged of a backend: facets as they were written, owner marks as tags, versions and
uploads that can be locked. ``fault`` is called before each call and may raise what a store would.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from imagestore.backends.base import (
    Driver,
    HeldUsage,
    ListingPage,
    ListingScope,
    MarkPlace,
    Observation,
    Remains,
    Remotes,
    ServerInfo,
    Swept,
)
from imagestore.backends.guard.limiter import Divide, undivided
from imagestore.backends.objects import ObjectStore
from imagestore.backends.own_access import NOTHING_NEEDED, OwnAccess
from imagestore.core.cost import UNPRICED, PriceTable
from imagestore.core.errors import BucketTaken, NotFound
from imagestore.core.facet import Facet
from imagestore.core.reading import FULL, Level, Support
from imagestore.core.stored import StoredVersion
from imagestore.facets.tags import OWNER, Tags
from imagestore.forecast.terms import Terms

MARK_PLACE = MarkPlace(f"the tag {OWNER}", beside=frozenset({"tags"}))


@dataclass
class MemoryBucket:
    """One bucket: facet values by name, and what is in it (key to the reason why it may not go, or "")."""

    facets: dict[str, Facet] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    uploads: set[str] = field(default_factory=set)
    contents: list[StoredVersion] = field(default_factory=list)  # what listings tell
    made_at: datetime | None = None  # None: the store does not tell

    @property
    def tags(self) -> dict[str, str]:
        """All tags, the owner's mark included."""
        found = self.facets.get("tags")
        return dict(found.values) if isinstance(found, Tags) else {}


@dataclass
class MemoryStore:
    """The server: what outlives every client of it. ``calls`` are all (operation, bucket) in order."""

    buckets: dict[str, MemoryBucket] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    fault: Callable[[str, str], None] | None = None
    # What the store makes of a value that is written; a store that loses fields says so here.
    alters: Callable[[str, Facet], Facet] | None = None
    page: int = 1000  # items of a listing
    keeps: bool = False  # says yes to every removal of an object, and keeps it
    terms: Terms = field(default_factory=Terms)
    identity: str | None = None
    usages: dict[str, HeldUsage] = field(default_factory=dict)
    # CreateBucket is answered with 200 for one's own bucket, as by Ceph RGW and by Amazon in us-east-1.
    answers_own: bool = False
    # Called as CreateBucket arrives: what another program does between the check and that.
    meanwhile: Callable[[str], None] | None = None

    def call(self, operation: str, bucket: str) -> None:
        """Every operation begins here."""
        self.calls.append((operation, bucket))
        if self.fault is not None:
            self.fault(operation, bucket)

    def kept(self, name: str, value: Facet) -> Facet:
        """What is stored when ``value`` is written."""
        return value if self.alters is None else self.alters(name, value)

    def bucket(self, name: str) -> MemoryBucket:
        """The bucket, or NotFound."""
        if name not in self.buckets:
            raise NotFound("the bucket does not exist", code="NoSuchBucket")
        return self.buckets[name]


@dataclass(frozen=True)
class MemoryDriver:
    """Any facet."""

    store: MemoryStore
    name: str
    permissions: tuple[str, ...] = ()

    def read(self, bucket: str) -> Facet | None:
        self.store.call(f"Get:{self.name}", bucket)
        return self.store.bucket(bucket).facets.get(self.name)

    def write(self, bucket: str, value: Facet, seen: Facet | None) -> None:
        self.store.call(f"Put:{self.name}", bucket)
        self.store.bucket(bucket).facets[self.name] = self.store.kept(self.name, value)

    def clear(self, bucket: str, seen: Facet) -> None:
        self.store.call(f"Delete:{self.name}", bucket)
        self.store.bucket(bucket).facets.pop(self.name, None)


@dataclass(frozen=True)
class MemoryBackend:
    """A client of a MemoryStore that supports the facets of ``kinds`` as ``limits`` says (Full otherwise)."""

    store: MemoryStore
    kinds: Mapping[str, type[Facet]]
    limits: Mapping[str, Support] = field(default_factory=dict)
    name: str = "memory"
    endpoint: str = "memory://"
    region: str = "here"
    remotes: Remotes | None = None
    objects: ObjectStore | None = None
    divide: Divide = undivided
    own_access: OwnAccess = NOTHING_NEEDED
    list_prices: PriceTable = UNPRICED

    @property
    def support(self) -> Mapping[str, Support]:
        return {n: self.limits.get(n, FULL) for n in self.kinds}

    def support_of(self, bucket: str) -> Mapping[str, Support]:
        return self.support

    @property
    def drivers(self) -> Mapping[str, Driver]:
        return {n: MemoryDriver(self.store, n) for n in self.kinds if self._holds(n)}

    def _holds(self, name: str) -> bool:
        return self.limits.get(name, FULL).level is not Level.NONE

    def probe(self) -> ServerInfo:
        self.store.call("Probe", "")
        return ServerInfo("memory", "1", self.store.identity)

    def identity(self, *, anew: bool = False) -> str | None:
        self.store.call("Identity", "")
        return self.store.identity

    @property
    def mark_place(self) -> MarkPlace | None:
        return MARK_PLACE if self._marks else None

    @property
    def _marks(self) -> bool:
        return "tags" in self.kinds and self._holds("tags")

    def check(self, bucket: str, *, expected: bool = True, made: bool = False) -> Observation | None:
        self.store.call("Check", bucket)
        found = self.store.buckets.get(bucket)
        if found is None:
            return None
        return _observed(found.tags) if self._marks else Observation()

    def mark(
        self, bucket: str, owner: str, seen: Observation, wanted: Mapping[str, Facet | None]
    ) -> Observation:
        tags, driver = {**seen.values, **wanted}.get("tags"), self.drivers["tags"]
        held = tags.values if isinstance(tags, Tags) else {}
        driver.write(bucket, Tags.from_store(values={**held, OWNER: owner}), seen.values.get("tags"))
        read = driver.read(bucket)
        return _observed(read.values if isinstance(read, Tags) else {})

    def name_refusal(self, bucket: str) -> str:
        return ""

    def create(self, bucket: str, at_creation: Mapping[str, Facet]) -> bool:
        self.store.call("Create", bucket)
        if self.store.meanwhile is not None:
            self.store.meanwhile(bucket)
        if bucket in self.store.buckets and not self.store.answers_own:
            raise BucketTaken("the name is taken", ours=True)
        self.store.buckets.setdefault(bucket, MemoryBucket(dict(at_creation)))
        return not self.store.answers_own

    def made_at(self, bucket: str) -> datetime | None:
        self.store.call("MadeAt", bucket)
        return self.store.bucket(bucket).made_at

    def delete(self, bucket: str) -> None:
        self.store.call("Delete", bucket)
        self.store.buckets.pop(bucket, None)

    def remains(self, bucket: str) -> Remains:
        self.store.call("Remains", bucket)
        found = self.store.bucket(bucket)
        return Remains(len(found.versions), len(found.uploads))

    def sweep(self, bucket: str, limit: int) -> Swept:
        self.store.call("Sweep", bucket)
        found = self.store.bucket(bucket)
        free = [k for k, why in found.versions.items() if not why][:limit]
        digest = str(sorted([*free, *found.uploads]))
        removed = len(free) + len(found.uploads)
        blocked = Counter(why for why in found.versions.values() if why)
        if self.store.keeps:
            return Swept(0, more=False, refused=blocked, kept={"still listed": removed} if removed else {})
        for key in free:
            del found.versions[key]
        found.uploads.clear()
        more = len(found.versions) > blocked.total()
        return Swept(removed, more, refused=blocked, digest=digest if removed else "")

    def page(self, bucket: str, scope: ListingScope, after: Mapping[str, str]) -> ListingPage:
        self.store.call(f"List:{scope}", bucket)
        wanted = [i for i in self.store.bucket(bucket).contents if _in_scope(i, scope)]
        begin = int(after.get("at", 0))
        end = begin + self.store.page
        items = tuple(i._replace(tags=None) for i in wanted[begin:end])
        return ListingPage(items, {"at": str(end)} if end < len(wanted) else None)

    def tags_of(self, bucket: str, stored: StoredVersion) -> Mapping[str, str]:
        self.store.call("Get:objectTags", bucket)
        same = (
            i
            for i in self.store.bucket(bucket).contents
            if (i.key, i.version) == (stored.key, stored.version)
        )
        return next((i.tags or {} for i in same), {})

    def terms(self, *, versioned: bool) -> Terms:
        return replace(self.store.terms, versioned=versioned)

    def usage(self, bucket: str) -> HeldUsage | None:
        if not self.store.usages:  # as of most stores, which cannot even be asked
            return None
        self.store.call("Usage", bucket)
        return self.store.usages.get(bucket)

    def identifier(self, bucket: str) -> str:
        return f"memory:{bucket}"

    def arn(self, bucket: str) -> str | None:
        return None


def _observed(tags: Mapping[str, str]) -> Observation:
    return Observation(tags.get(OWNER), {"tags": Tags.from_store(values=dict(tags))})


def _in_scope(stored: StoredVersion, scope: ListingScope) -> bool:
    if scope == "objects":
        return stored.latest and not stored.marker and not stored.upload
    return stored.upload is (scope == "uploads")
