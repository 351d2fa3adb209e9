"""What the reconcile asks of an object store, and what a store's driver must keep.

Everything here is synchronous and blocking; the shell runs it in threads. Every method may raise a
``StoreError`` (see ``core.errors``) and nothing else. Absence in ``drivers`` is "not supported".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from imagestore.api.tiers import Remote, TierPlace
from imagestore.backends.guard.limiter import Divide
from imagestore.backends.objects import ObjectStore
from imagestore.backends.own_access import OwnAccess
from imagestore.core.cost import PriceTable
from imagestore.core.facet import Facet
from imagestore.core.reading import Support
from imagestore.core.stored import StoredVersion
from imagestore.forecast.terms import Terms


@dataclass(frozen=True)
class ServerInfo:
    """What answered a probe. ``identity``: which account or server it is, where the store tells."""

    product: str
    version: str | None = None
    identity: str | None = None


def as_written(owner: str) -> str:
    """The encoding of a store that can keep an owner as it is."""
    return owner


@dataclass(frozen=True)
class MarkPlace:
    """Where a store keeps the owner mark of a bucket.

    ``name`` is for people, such as "the tag imagestore.dev/owner". ``beside`` names the settings that the store keeps in
    the same place: ``Backend.mark`` writes them together with the mark, and nothing else writes them. ``encode`` gives
    what a check answers for an owner; it may be a digest where the store holds short values only.
    """

    name: str
    beside: frozenset[str] = frozenset()
    encode: Callable[[str], str] = as_written


@dataclass(frozen=True)
class Observation:
    """What one check of an existing bucket told.

    ``owner`` is the owner mark as ``MarkPlace.encode`` writes it; None: the bucket has none, or the store can hold none.
    ``values`` are the settings that the same answer told, by the facet's name; None: nothing is set.
    """

    owner: str | None = None
    values: Mapping[str, Facet | None] = field(default_factory=dict)

    @property
    def blank(self) -> bool:
        """Whether the bucket has neither an owner mark nor a tag."""
        tags = self.values.get("tags")
        return self.owner is None and (tags is None or tags.is_empty())


@dataclass(frozen=True)
class Remains:
    """What the first page of a listing of versions, delete markers and open uploads found. Without keys: a status shows it."""

    versions: int
    uploads: int
    more: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing at all is there. An empty page that is not the last one proves nothing."""
        return not (self.versions or self.uploads or self.more)

    def __str__(self) -> str:
        least = "at least " if self.more else ""  # either listing may go on
        return f"{least}{self.versions} versions and {least}{self.uploads} open uploads"


@dataclass(frozen=True)
class Swept:
    """What one step of emptying did, by what the listing shows afterwards rather than by what the store answered.

    ``refused`` and ``kept``: what stays, how many by reason: the store refuses to remove it, or said that it did. Without
    keys: a status shows them. ``digest``: of what was removed; a step that removes the same again has achieved nothing.
    """

    removed: int
    more: bool
    refused: Mapping[str, int] = field(default_factory=dict)
    kept: Mapping[str, int] = field(default_factory=dict)
    digest: str = ""


@dataclass(frozen=True)
class HeldUsage:
    """What a bucket holds, by the store's own account (it may be minutes old)."""

    objects: int
    bytes: int


ListingScope = Literal["objects", "versions", "uploads"]


@dataclass(frozen=True)
class ListingPage:
    """A page of a listing, by key, the versions of one newest first. ``after``: where the next one begins; None: the end.

    ``after`` holds as long as the bucket does: a listing may go on from it at any later time.
    """

    items: tuple[StoredVersion, ...]
    after: Mapping[str, str] | None = None


@runtime_checkable
class Lists(Protocol):
    """A backend that tells what is in a bucket, page by page. Reads only."""

    def page(self, bucket: str, scope: ListingScope, after: Mapping[str, str]) -> ListingPage:
        """At most a thousand of them; from the beginning if ``after`` is empty."""

    def tags_of(self, bucket: str, stored: StoredVersion) -> Mapping[str, str]:
        """One version's tags; none if it is gone."""

    def terms(self, *, versioned: bool) -> Terms:
        """What the store makes of lifecycle rules besides what they say."""


@dataclass(frozen=True)
class HeldTier:
    """A remote tier that a store has: where it is, and whose credentials it uses. No store tells the secret."""

    place: TierPlace
    access_key: str = ""


class Remotes(Protocol):
    """How a store is given remote tiers: other stores, to which it moves objects itself. None is ever removed."""

    def held(self) -> Mapping[str, HeldTier]:
        """All that the store has, by name."""

    def fingerprint(self, name: str) -> str:
        """Changes with the credentials that the tier is to have, and tells nothing of them. Rejected: there are none."""

    def access_key(self, name: str) -> str:
        """The part of these credentials that a store tells."""

    def add(self, name: str, remote: Remote) -> None:
        """Make a tier that is not there."""

    def renew(self, name: str) -> None:
        """Give a tier the credentials that it is to have."""


class Driver(Protocol):
    """How one backend reads, writes and clears one facet.

    ``read`` changes nothing, and None means that the store holds nothing. ``write`` stores exactly the
    value, or raises: a store that would drop or widen a part of it must be found out (write disabled, read
    back, compare, enable) before the value takes effect. ``clear`` is only called with ``seen``, a non-empty
    value that a read has just shown, because a DELETE that a server does not know can delete the bucket.
    """

    @property
    def permissions(self) -> tuple[str, ...]:
        """What the store must grant the operator for this facet, such as s3:GetBucketVersioning."""

    def read(self, bucket: str) -> Facet | None:
        """The value in the store."""

    def write(self, bucket: str, value: Any, seen: Any | None) -> None:
        """Store ``value`` in place of ``seen``: a value, what no value can say (Unrepresentable), or nothing."""

    def clear(self, bucket: str, seen: Any) -> None:
        """Remove the setting."""


class Backend(Protocol):
    """One object store with one set of credentials."""

    @property
    def name(self) -> str:
        """The StorageBackend's name."""

    @property
    def endpoint(self) -> str:
        """Where it is reached, for status."""

    @property
    def region(self) -> str:
        """The region that is asked for when a bucket is created."""

    @property
    def drivers(self) -> Mapping[str, Driver]:
        """By the facet's name in the spec."""

    @property
    def support(self) -> Mapping[str, Support]:
        """How much of each facet it holds; every facet is in it."""

    def support_of(self, bucket: str) -> Mapping[str, Support]:
        """The same for one bucket, less what was found out in it lately: that says nothing of any other."""

    @property
    def own_access(self) -> OwnAccess:
        """What a bucket's policy must not deny the operator."""

    @property
    def list_prices(self) -> PriceTable:
        """The store's public prices, which hold where the StorageBackend has none; ``UNPRICED``: it has none."""

    @property
    def remotes(self) -> Remotes | None:
        """How it is given the remote tiers that its spec has; None: its spec has none."""

    @property
    def objects(self) -> ObjectStore | None:
        """How its objects are listed, read, written and deleted; None: this backend moves no data."""

    @property
    def divide(self) -> Divide:
        """Use this part of the StorageBackend's limits from now on: the pods of a Job use the rest."""

    def probe(self) -> ServerInfo:
        """Prove endpoint, TLS, region and credentials by reads."""

    def identity(self, *, anew: bool = False) -> str | None:
        """Which account or server this is; None where the store does not tell. Asked once, unless ``anew``."""

    @property
    def mark_place(self) -> MarkPlace | None:
        """Where it keeps an owner mark; None: it cannot keep any, so a check never tells an owner."""

    def check(self, bucket: str, *, expected: bool = True, made: bool = False) -> Observation | None:
        """None if the bucket does not exist (404), Denied if it belongs to another account.

        One call if things are as ``expected``: there with our mark, or not there. ``made``: ``create`` was answered a
        moment ago, so that a bucket without a mark needs no second call.
        """

    def mark(
        self, bucket: str, owner: str, seen: Observation, wanted: Mapping[str, Facet | None]
    ) -> Observation:
        """Write the owner mark over ``seen`` and read it back; only where there is a ``mark_place``.

        ``wanted`` gives the settings of ``mark_place.beside`` that change, each in full (None: cleared); one write stores
        them and the mark. The others stay as ``seen`` has them. Whether the answer shows the mark is for the caller to judge.
        """

    def name_refusal(self, bucket: str) -> str:
        """Why the store takes no bucket of this name, and what to do; empty: it may. Asked before anything is sent."""

    def create(self, bucket: str, at_creation: Mapping[str, Facet]) -> bool:
        """Create the bucket with what can only be asked for now. BucketTaken if there is one of this name.

        True: this store would have refused, had the credentials' own bucket been there already. False: it may have
        answered for a bucket that was there.
        """

    def made_at(self, bucket: str) -> datetime | None:
        """When the bucket was created, by the store's own account; None where it does not tell for certain."""

    def delete(self, bucket: str) -> None:
        """Delete an empty bucket; a bucket that is gone is done. Emptiness has been proven by ``remains``."""

    def remains(self, bucket: str) -> Remains:
        """The first page of versions, delete markers and open uploads. Reads only."""

    def sweep(self, bucket: str, limit: int) -> Swept:
        """Remove up to ``limit`` versions, markers and uploads, and list again what is gone. What was gone before counts as removed."""

    def usage(self, bucket: str) -> HeldUsage | None:
        """What the bucket holds, None where the store does not tell cheaply."""

    def identifier(self, bucket: str) -> str:
        """The bucket's name that no other bucket of any account has, in the store's own form, for status."""

    def arn(self, bucket: str) -> str | None:
        """The bucket's Amazon resource name; None: the store has none."""
