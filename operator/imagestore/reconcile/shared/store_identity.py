"""Is a bucket gone, or is this another store than the one that had it?

A Secret of another account, or a DNS name that leads to the empty second site: every bucket was made anew there. So
before a known bucket is made again the store is asked who it is, and a few of the backend's other buckets are looked
for. If those are missing as well, the store is what is wrong, and its StorageBackend says so, once for all of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from imagestore.api.limits import MissingBuckets
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.base import Backend
from imagestore.core.errors import StoreError, Transient
from imagestore.reconcile.shared.situation import Served, StoreStanding

SAMPLE = 10  # other buckets that are looked for
LEAST, PERCENT = 2, 20  # as the schema says of a backend that says nothing


@dataclass(frozen=True)
class Roll:
    """Who was looked for, and who of them is missing. ``elsewhere``: one of these was last seen at another endpoint."""

    looked: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    elsewhere: bool = False

    def with_missing(self, bucket: Served, endpoint: str) -> "Roll":
        """The same with one more that is not there."""
        moved = bool(bucket.endpoint) and bucket.endpoint != endpoint
        return Roll((bucket.bucket, *self.looked), (bucket.bucket, *self.missing), moved or self.elsewhere)

    def alarming(self, spec: StorageBackendSpec | None) -> bool:
        """Whether so many are missing that it is the store rather than its buckets."""
        limits = spec.limits if spec else None
        limit = (limits and limits.missing_buckets) or MissingBuckets()
        percent = PERCENT if limit.percent is None else limit.percent
        many = len(self.missing) * 100 > percent * len(self.looked)
        return (many and len(self.missing) >= (limit.at_least or LEAST)) or (self.elsewhere and percent < 100)


def roll_call(backend: Backend, buckets: Iterable[Served]) -> Roll:
    """Look for each. One that cannot be judged, such as one that is refused, counts neither way. Raises Transient."""
    roll = Roll()
    for each in buckets:
        try:
            there = backend.check(each.bucket) is not None
        except Transient:
            raise
        except StoreError:
            continue
        roll = (
            Roll((each.bucket, *roll.looked), roll.missing, roll.elsewhere)
            if there
            else roll.with_missing(each, backend.endpoint)
        )
    return roll


def sample(buckets: Sequence[Served], salt: str) -> list[Served]:
    """A few of those that were made, others for another salt."""
    made = (b for b in buckets if b.made)
    return sorted(made, key=lambda b: blake2b(f"{salt}/{b.bucket}".encode(), digest_size=8).digest())[:SAMPLE]


def another(backend: Backend, standing: StoreStanding, *, anew: bool) -> bool:
    """Whether another account or server answers than the one that is known. Asks only where one is known."""
    if standing.identity is None:
        return False
    told = backend.identity(anew=anew)
    return told is not None and told != standing.identity
