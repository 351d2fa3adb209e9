"""One S3 store with one set of credentials. Implements ``base.Backend`` on ``call`` alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from imagestore.api.providers import Provider
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
from imagestore.backends.foretelling import ForetoldCall
from imagestore.backends.guard.call import Call
from imagestore.backends.guard.limiter import Divide, undivided
from imagestore.backends.objects import ObjectStore
from imagestore.backends.own_access import OwnAccess
from imagestore.backends.replicating import ReplicationPeer
from imagestore.backends.s3.bucket import emptying, foretold, listing, owner_mark
from imagestore.backends.s3.bucket.needs import NEEDED_ON_BUCKET
from imagestore.backends.s3.bucket.presence import Presence
from imagestore.backends.s3.bucket.usages import UsageAnswer, Usages
from imagestore.backends.s3.errors import name_taken
from imagestore.backends.s3.lifecycle.tiers import limited, terms
from imagestore.backends.s3.objects.wire import ObjectWire, reached
from imagestore.backends.s3.profiles.declared import declaration
from imagestore.backends.s3.profiles.profile import Location, Profile
from imagestore.backends.s3.profiles.servers import PROFILES
from imagestore.backends.s3.profiles.support import demoted, without_tls
from imagestore.backends.s3.protection.object_lock import OBJECT_LOCK
from imagestore.backends.s3.replication.replicator import ReplicationSide, S3Replicator
from imagestore.backends.s3.server.genuine import told_by_store
from imagestore.backends.s3.server.proof import Proof
from imagestore.backends.s3.settings.learned import Learned
from imagestore.backends.s3.settings.place import BucketPlace, partition
from imagestore.backends.s3.settings.setting import S3Setting
from imagestore.backends.s3.settings.table import SETTINGS
from imagestore.backends.trial import TrialReport, TrialRequest
from imagestore.core.cost import UNPRICED, PriceTable
from imagestore.core.errors import NotFound, Unavailable
from imagestore.core.facet import Facet
from imagestore.core.plan import Change
from imagestore.core.prices import PUBLIC
from imagestore.core.reading import Level, Support
from imagestore.core.stored import StoredVersion
from imagestore.facets.object_lock import ObjectLock
from imagestore.forecast.terms import Terms

NO_ADMIN = Support(Level.NONE, "needs the store's admin API: give spec.admin in the StorageBackend")


@dataclass(frozen=True)
class S3Backend:
    """``admin``: whether ``call`` takes ``admin:`` operations. ``endpoint`` is for status only.

    ``declared``: the store's dialect where the provider does not tell. ``wire``: how reconciles reach its objects; ``objects``:
    how data is moved, after them.
    ``tiers``: the store's class of each tier that it has.
    """

    name: str
    provider: Provider
    endpoint: str
    region: str
    call: Call
    admin: bool = False
    declared: Profile | None = None
    tiers: Mapping[str, str] = field(default_factory=dict)
    remotes: Remotes | None = None
    objects: ObjectStore | None = field(default=None, compare=False)
    wire: ObjectWire | None = field(default=None, compare=False, repr=False)
    learned: Learned = field(default_factory=Learned, compare=False, repr=False)
    usages: Usages = field(default_factory=Usages, compare=False, repr=False)
    side: ReplicationSide = field(default_factory=ReplicationSide, repr=False)
    peers: Mapping[str, ReplicationPeer] = field(default_factory=dict)
    divide: Divide = field(default=undivided, compare=False, repr=False)
    proven: list[str | None] = field(default_factory=list, compare=False, repr=False)  # its last identity

    @property
    def profile(self) -> Profile:
        """The store's dialect."""
        return self.declared or PROFILES[self.provider]

    @cached_property
    def support(self) -> Mapping[str, Support]:
        """The profile's, less what needs an admin API that was not given."""
        held = dict(self.profile.support)
        for facet in ("quota", *(("replication",) if self.profile.targets else ())):
            if held[facet].level is not Level.NONE and not self.admin:
                held[facet] = NO_ADMIN
        if self.endpoint.startswith("http://"):
            held["policy"] = without_tls(held["policy"])
        held["lifecycle"] = limited(held["lifecycle"], self.profile.tiering, self.tiers)
        return held

    def support_of(self, bucket: str) -> Mapping[str, Support]:
        """The same, less what a trial in this bucket has lost lately."""
        return {facet: demoted(held, self.learned.of(facet, bucket)) for facet, held in self.support.items()}

    @cached_property
    def drivers(self) -> Mapping[str, Driver]:
        """One for each facet that is supported."""
        held = (row for row in SETTINGS if self.support[row.facet].level is not Level.NONE)
        rows = (self.profile.row(row) for row in held)
        return {row.facet: self._driver(row) for row in rows}

    def _driver(self, row: Any) -> S3Setting[Any]:
        return S3Setting(
            row=row,
            call=self.replicator.call if row.facet == "replication" else self.call,
            support=self.support[row.facet],
            lossless=self.profile.lifecycle_lossless,
            partition=partition(self.region),
            tiers=self.tiers,
            role=self.side.role,
            stores=self.replicator.stores,
            grants=self.profile.permissions.get(row.facet),
            learned=self.learned,
        )

    @property
    def replicator(self) -> S3Replicator:
        """With the destinations that it was given."""
        held = self.support["replication"]
        return S3Replicator(self.name, self.provider, held, self.call, self.side, self.peers)

    def toward(self, peers: Mapping[str, ReplicationPeer]) -> "S3Backend":
        """One connection serves both."""
        return replace(self, peers=peers)

    @property
    def _proof(self) -> Proof:
        return Proof(self.call, self.provider, self.profile, self.admin, self.proven)

    def probe(self) -> ServerInfo:
        """A read that needs credentials, and one that needs the region."""
        return self._proof.probe()

    def identity(self, *, anew: bool = False) -> str | None:
        """One call, if it was not asked for on this connection before. What cannot be asked is not told, until a probe."""
        return self._proof.identity(anew=anew)

    @property
    def mark_place(self) -> MarkPlace | None:
        """A tag of the bucket, where the store has bucket tags."""
        return owner_mark.PLACE if "tags" in self.drivers else None

    def check(self, bucket: str, *, expected: bool = True, made: bool = False) -> Observation | None:
        """One call, a second one for a bucket without tags and for one that was not expected to be there."""
        return self._presence.check(bucket, expected=expected, made=made)

    @property
    def _presence(self) -> Presence:
        return Presence(self.call, tagged="tags" in self.drivers)

    def mark(
        self, bucket: str, owner: str, seen: Observation, wanted: Mapping[str, Facet | None]
    ) -> Observation:
        """One write of all tags, and one read."""
        tags = owner_mark.marked(owner, {**seen.values, **wanted}.get("tags"))
        self.drivers["tags"].write(bucket, tags, seen.values.get("tags"))
        return owner_mark.observed(self._presence.tags(bucket))

    def name_refusal(self, bucket: str) -> str:
        """The schema of an ImageBucket has S3's rule."""
        return ""

    def create(self, bucket: str, at_creation: Mapping[str, Facet]) -> bool:
        """CreateBucket, with object lock if asked for, then its default retention, unless that might be another program's bucket.

        Never an existence test: one's own bucket answers 200 on RGW and in us-east-1.
        """
        recreates = self.profile.recreates_in
        new = recreates is not None and self.region not in recreates
        lock = at_creation.get("objectLock") if "objectLock" in self.drivers else None
        flag = {"ObjectLockEnabledForBucket": True} if lock is not None else {}
        with name_taken():
            self.call("CreateBucket", {"Bucket": bucket, **self._location(), **flag})
        if new and isinstance(lock, ObjectLock) and lock.mode:
            encoded = OBJECT_LOCK.encode(lock, self._place(bucket))
            self.call(OBJECT_LOCK.write, {"Bucket": bucket, **encoded})
        return new

    def made_at(self, bucket: str) -> datetime | None:
        """By ListBuckets, since nothing else tells: for what is asked seldom, and never by a periodic check.

        Amazon moves the date with every change of the bucket's policy.
        """
        if not self.profile.dated:
            return None
        listed = self.call("ListBuckets", {}).get("Buckets") or ()
        return next((b.get("CreationDate") for b in listed if b.get("Name") == bucket), None)

    def _location(self) -> dict[str, Any]:
        named = self.profile.location is Location.REGION and self.region != "us-east-1"
        return {"CreateBucketConfiguration": {"LocationConstraint": self.region}} if named else {}

    def delete(self, bucket: str) -> None:
        """DeleteBucket; 404 is done.

        Stores say 204. After anything else a check decides: a 200 of something in between that had deleted
        nothing let the finalizer go, and the bucket was an orphan.
        """
        try:
            answer = self.call("DeleteBucket", {"Bucket": bucket})
        except NotFound:
            return
        status = (answer.get("ResponseMetadata") or {}).get("HTTPStatusCode")
        if (status != 204 or not told_by_store(answer)) and self._presence.there(bucket):
            message = f"DeleteBucket was answered with {status}, and the bucket is still there"
            raise Unavailable(message, operation="DeleteBucket")

    def remains(self, bucket: str) -> Remains:
        """The first page of versions, delete markers and open uploads; a bucket that is gone has none."""
        return emptying.remains(reached(self.wire), bucket, self.profile.objects)

    def sweep(self, bucket: str, limit: int) -> Swept:
        """Remove up to ``limit`` of them."""
        return emptying.sweep(reached(self.wire), bucket, limit, self.profile.objects)

    def usage(self, bucket: str) -> HeldUsage | None:
        """By the admin API; None without one, and until MinIO's scanner has come by."""
        if not self.admin:
            return None
        if self.profile.usage_at_once:
            return self.usages.of(bucket, self._usage_of_all)
        told = self.call("admin:GetBucketUsage", {"Bucket": bucket})
        return HeldUsage(told["Objects"], told["Bytes"])

    def _usage_of_all(self) -> UsageAnswer:
        answer = self.call("admin:GetUsage", {})
        return UsageAnswer({name: HeldUsage(*held) for name, held in answer["Buckets"].items()}, answer["At"])

    def page(self, bucket: str, scope: ListingScope, after: Mapping[str, str]) -> ListingPage:
        """Limited, counted and tried again as every call."""
        return listing.page(reached(self.wire), bucket, scope, after, self.profile.objects)

    def tags_of(self, bucket: str, stored: StoredVersion) -> Mapping[str, str]:
        """One call."""
        return listing.tags_of(reached(self.wire), bucket, stored)

    def terms(self, *, versioned: bool) -> Terms:
        """By the profile and the tiers."""
        return terms(self.profile.tiering, self.tiers, versioned=versioned)

    @property
    def declared_at(self) -> str:
        """Other providers have a profile here."""
        return "spec.s3" if self.provider == "S3" else ""

    def trial(self, request: TrialRequest) -> TrialReport:
        """See ``probe``."""
        from imagestore.backends.s3.probe.run import Probe  # it knows this class

        return Probe(self, request).run()

    def declaration(self, found: Mapping[str, Support]) -> dict[str, Any]:
        """As ``spec.s3`` takes it."""
        return declaration(found)

    def calls_of(self, bucket: str, change: Change, owner: str) -> tuple[ForetoldCall, ...]:
        """By the driver's own encoding."""
        return foretold.sent(self, bucket, change, owner)

    def calls_to_create(
        self, bucket: str, wanted: Mapping[str, Facet], owner: str
    ) -> tuple[ForetoldCall, ...]:
        """CreateBucket, and what marks it unless tags are written anyway."""
        return foretold.creating(self, bucket, wanted, owner)

    @property
    def own_access(self) -> OwnAccess:
        """By actions of IAM."""
        return OwnAccess(NEEDED_ON_BUCKET, tls=self.endpoint.startswith("https://"))

    @property
    def list_prices(self) -> PriceTable:
        """Amazon's; of no other."""
        return PUBLIC.get(self.provider, UNPRICED)

    def identifier(self, bucket: str) -> str:
        """The bucket's Amazon resource name, which all S3 servers use in policies."""
        return self._place(bucket).arn

    def arn(self, bucket: str) -> str:
        """The same."""
        return self.identifier(bucket)

    def _place(self, bucket: str) -> BucketPlace:
        return BucketPlace(bucket, partition(self.region), self.tiers, self.side.role, self.replicator.stores)
