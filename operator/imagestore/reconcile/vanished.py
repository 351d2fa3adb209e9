"""Is a bucket gone, or is this another store than the one that had it?

A Secret of another account, or a DNS name that leads to the empty second site: every bucket was made anew there. So
before a known bucket is made again the store is asked who it is, and a few of the backend's other buckets are looked
for. If those are missing as well, the store is what is wrong, and its StorageBackend says so, once for all of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from imagestore.api.limits import MissingBuckets
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.base import Backend
from imagestore.core.conditions import reconciling
from imagestore.core.errors import StoreError, Transient
from imagestore.core.outcome import Requeue, Signal
from imagestore.core.reasons import Reason
from imagestore.reconcile import report
from imagestore.reconcile.closing import Result, backoff, done
from imagestore.reconcile.gate import PATIENCE, another_store
from imagestore.reconcile.situation import Served, Situation, Standing

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


def held_back(s: Situation, backend: Backend) -> Result | None:
    """The outcome if a bucket that is not there must not be made, None if it may."""
    standing = s.store.standing
    if s.status.created is None:  # a first creation: other namespaces' lost buckets are no reason against it
        return None
    if standing.missing == "Held":
        return _held(s)
    if another(backend, standing, anew=True):
        return _held(s, (s.spec.bucket_name,))
    if standing.missing == "Agreed":
        return None
    mine = Served("", s.spec.bucket_name, made=True, endpoint=s.status.endpoint or "")
    others = [b for b in s.neighbours() if b.bucket != mine.bucket]
    roll = roll_call(backend, sample(others, mine.bucket)).with_missing(mine, backend.endpoint)
    return _held(s, roll.looked) if roll.alarming(s.store.spec) else None


def stranger(s: Situation, backend: Backend) -> Result | None:
    """The outcome if another account or server answers: a visit may come before the backend's own probe."""
    if not another(backend, s.store.standing, anew=False):
        return None
    return replace(another_store(s), then=Requeue(backoff(s)), signals=_doubt(s, (s.spec.bucket_name,)))


def another(backend: Backend, standing: Standing, *, anew: bool) -> bool:
    """Whether another account or server answers than the one that is known. Asks only where one is known."""
    if standing.identity is None:
        return False
    told = backend.identity(anew=anew)
    return told is not None and told != standing.identity


def _held(s: Situation, doubts: tuple[str, ...] = ()) -> Result:
    """Not Stalled: the StorageBackend has the one Event for all of them."""
    message = (
        f"the bucket is not there, and the StorageBackend {s.spec.backend_ref.name} may lead to another store than"
        " before: nothing is made there until its buckets are back, or the administrator agrees"
    )
    conditions = reconciling(Reason.HELD_BY_BACKEND, message)
    outcome = done(s, report.status(s, conditions), Requeue(backoff(s) if doubts else PATIENCE))
    return replace(outcome, signals=_doubt(s, doubts))


def _doubt(s: Situation, buckets: tuple[str, ...]) -> tuple[Signal, ...]:
    """Its backend judges whether the store is another one: once, for all of its buckets."""
    return (Signal("StorageBackend", "", s.spec.backend_ref.name, buckets),) if buckets else ()
