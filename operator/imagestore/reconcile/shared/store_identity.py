"""Is a bucket missing, or is this another store than the one that had it?

With a Secret of another account, or a DNS name that led to an empty second site, every bucket was recreated there. So
before a known bucket is recreated the store is asked for its identity, and a few of the backend's other buckets are checked.
If those are missing as well, the store is wrong, and its StorageBackend reports that once for all of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from imagestore.api.limits import MissingBuckets
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.base import Backend
from imagestore.core.errors import StoreError, Transient
from imagestore.reconcile.shared.situation import Served, StoreStanding

SAMPLE = 10  # other buckets that are checked
LEAST, PERCENT = 2, 20  # as the schema says of a backend that says nothing


@dataclass(frozen=True)
class Roll:
    """The buckets that were checked, and the missing ones. ``moved``: one of these was last at another endpoint."""

    checked: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    moved: bool = False

    def with_missing(self, bucket: Served, endpoint: str) -> "Roll":
        """The same with one more that is missing."""
        moved = bool(bucket.endpoint) and bucket.endpoint != endpoint
        return Roll((bucket.bucket, *self.checked), (bucket.bucket, *self.missing), moved or self.moved)

    def alarming(self, spec: StorageBackendSpec | None) -> bool:
        """Whether so many are missing that it is the store rather than its buckets."""
        limits = spec.limits if spec else None
        limit = (limits and limits.missing_buckets) or MissingBuckets()
        percent = PERCENT if limit.percent is None else limit.percent
        many = len(self.missing) * 100 > percent * len(self.checked)
        return (many and len(self.missing) >= (limit.at_least or LEAST)) or (self.moved and percent < 100)


def roll_call(backend: Backend, buckets: Iterable[Served]) -> Roll:
    """Check each bucket. One whose check is refused counts neither as there nor as missing. Raises Transient."""
    roll = Roll()
    for each in buckets:
        try:
            there = backend.check(each.bucket) is not None
        except Transient:
            raise
        except StoreError:
            continue
        roll = (
            Roll((each.bucket, *roll.checked), roll.missing, roll.moved)
            if there
            else roll.with_missing(each, backend.endpoint)
        )
    return roll


def sample(buckets: Sequence[Served], salt: str) -> list[Served]:
    """A few of those that existed; others for another ``salt``."""
    made = (b for b in buckets if b.made)
    return sorted(made, key=lambda b: blake2b(f"{salt}/{b.bucket}".encode()).digest())[:SAMPLE]


def another(backend: Backend, standing: StoreStanding, *, anew: bool) -> bool:
    """Whether another account or server answers than the one that is known. Asks only where one is known."""
    if standing.identity is None:
        return False
    told = backend.identity(anew=anew)
    return told is not None and told != standing.identity
