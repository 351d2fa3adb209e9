"""Decide what is desired of a bucket: its spec, what other objects contribute, and what is withheld of both.

A reference to an ImageBucket never leaves its namespace, and its backend only for a destination of replication, whose store
this one must be able to reach. An unresolved one keeps its setting as it is; the other settings, and the creation of the bucket,
go on: two buckets may name each other.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import FACETS, ImageBucketSpec, wishes
from imagestore.backends.base import Backend
from imagestore.backends.replicating import Replicates, ReplicationPeer
from imagestore.core.facet import WHOLE, Facet, Parts
from imagestore.core.marks import spots
from imagestore.core.model import InTier, Reference
from imagestore.core.paths import follow
from imagestore.core.plan import Plan, plan
from imagestore.core.policies import ignoring
from imagestore.core.reading import Level, Reading
from imagestore.core.reasons import Reason
from imagestore.core.references import BucketRef, led, references, refers
from imagestore.reconcile.bucket.situation import BucketSituation, Referenced
from imagestore.reconcile.shared import tenancy
from imagestore.reconcile.shared.contribution import Joined
from imagestore.reconcile.shared.tenancy import Refusal


@dataclass(frozen=True)
class ResolvedSettings:
    """The desired values whose references are all resolved, and why the others are withheld."""

    values: Mapping[str, Facet]
    unresolved: tuple[Refusal, ...] = ()


class Unresolved(NamedTuple):
    """Why a reference is unresolved. ``waits``: the operator resumes by itself once that changes."""

    reason: Reason
    message: str
    waits: bool = False


@dataclass(frozen=True)
class Desired:
    """What is desired and allowed, and what was managed until now. Settings that are withheld are in neither.

    ``refusals``: settings that the tenancy forbids; they keep a bucket from being created. ``unresolved``: settings whose
    references, tiers or contributors are not settled; they do not.
    """

    values: Mapping[str, Facet]
    managed: Mapping[str, Parts]
    refusals: tuple[Refusal, ...] = ()
    unresolved: tuple[Refusal, ...] = ()

    @property
    def withheld(self) -> tuple[Refusal, ...]:
        """All settings that are neither set nor cleared, and why."""
        return self.refusals + self.unresolved


def desired_of(s: BucketSituation) -> Desired:
    """A withheld setting is left as it is: neither set as desired, nor cleared as if no longer desired."""
    store, joined = s.store.spec, s.joined
    whole = _with_contributions(s.spec, joined) if s.contributions else s.spec
    refusals = tenancy.refusals(s.meta, whole, store, s.earlier_buckets, s.store.own_access) if store else ()
    found = _with_ready_tiers(s.store.unready, _followed(s, asked(s.spec, joined)))
    refused = {r.facet for r in refusals}
    unresolved = tuple(r for r in found.unresolved if r.facet not in refused)
    withheld = refused | {r.facet for r in unresolved}
    return Desired(
        {n: w for n, w in found.values.items() if n not in withheld},
        {n: p for n, p in managed(s.status).items() if n not in withheld},
        refusals,
        unresolved,
    )


def _with_contributions(spec: ImageBucketSpec, joined: Mapping[str, Joined]) -> ImageBucketSpec:
    """The spec with what other objects contribute: the tenancy limits that as well."""
    given = {n: j.desired for n, j in joined.items() if j.desired is not None}
    fields = {i.alias or n: n for n, i in ImageBucketSpec.model_fields.items()} if given else {}
    return spec.model_copy(update={fields[n]: value for n, value in given.items()})


def asked(spec: ImageBucketSpec, joined: Mapping[str, Joined]) -> ResolvedSettings:
    """What the bucket and its contributors ask for, allowed or not. ``joined``: the settings with contributions."""
    found = {n: j.desired for n, j in joined.items() if j.desired is not None}
    contested = (
        Refusal(Reason.CONTRIBUTIONS_DIFFER, j.contested, n) for n, j in joined.items() if j.contested
    )
    return ResolvedSettings({**wishes(spec), **found}, tuple(contested))


def _with_ready_tiers(unready: Mapping[str, str], asked: ResolvedSettings) -> ResolvedSettings:
    """Withhold the settings that would move objects to a tier that is not ready: they wait, unchanged in the store."""
    waiting = {n: why for n, w in asked.values.items() if (why := _waits_for_tier(n, w, unready))}
    ready = {n: w for n, w in asked.values.items() if n not in waiting}
    return ResolvedSettings(ready, (*asked.unresolved, *waiting.values()))


def _waits_for_tier(facet: str, value: Facet, unready: Mapping[str, str]) -> Refusal | None:
    marked = spots(type(value), InTier) if unready else ()
    json = value.to_json() if marked else {}
    used = ((path, tier) for steps, _ in marked for path, tier in follow(json, steps) if tier in unready)
    said = [
        f"{facet}.{path} waits for the administrator's tier {tier}: {unready[tier]}" for path, tier in used
    ]
    return Refusal(Reason.TIER_NOT_READY, "; ".join(said), facet, waits=True) if said else None


def managed(status: ImageBucketStatus) -> dict[str, Parts]:
    """What was managed until now, with its parts as status remembers them: written, or once observed."""
    return {f.name: frozenset(f.parts) for f in status.facets if f.desired_digest}


def planned(s: BucketSituation, desired: Desired, read: Mapping[str, Reading]) -> Plan:
    """What would make the store agree, before any restraint."""
    return plan(relaxed(s, desired, read), read, desired.managed, FACETS)


def relaxed(s: BucketSituation, desired: Desired, read: Mapping[str, Reading]) -> dict[str, Facet]:
    """The desired values, with what ``spec.drift.ignore`` names as it was observed."""
    ignored = s.spec.drift.ignore if s.spec.drift else ()
    return {
        n: ignoring(w, read[n], ignored, n, desired.managed.get(n, WHOLE)) if n in read else w
        for n, w in desired.values.items()
    }


def _followed(s: BucketSituation, asked: ResolvedSettings) -> ResolvedSettings:
    """Every reference replaced by the bucket that it leads to."""
    referring = {n: w for n, w in asked.values.items() if refers(type(w))}
    unresolved = {n: why for n, w in referring.items() if (why := _unresolved(s, n, w))}
    found = {n: led(w, lambda ref: _bucket(s, ref)) for n, w in referring.items() if n not in unresolved}
    led_to = {n: found.get(n, w) for n, w in asked.values.items() if n not in unresolved}
    return ResolvedSettings(led_to, (*asked.unresolved, *unresolved.values()))


def _bucket(s: BucketSituation, ref: BucketRef) -> BucketRef:
    other = s.referenced[ref.name or ""]
    return ref.led_to(other.bucket, other.backend)


def _unresolved(s: BucketSituation, facet: str, value: Facet) -> Refusal | None:
    """All that is wrong with the references of a setting; what a person has to correct comes before what waits."""
    asked = ((path, ref.name or "", mark) for path, ref, mark in references(value))
    found = ((path, _itself(s, facet, name, mark) or _why(s, name, mark)) for path, name, mark in asked)
    wrong = sorted(((f"{facet}.{path}", why) for path, why in found if why is not None), key=_waits)
    if not wrong:
        return None
    said = "; ".join(f"{path}: {why.message}" for path, why in wrong)
    return Refusal(wrong[0][1].reason, said, facet, waits=wrong[0][1].waits)


def _waits(found: tuple[str, Unresolved]) -> bool:
    return found[1].waits


def _itself(s: BucketSituation, facet: str, name: str, mark: Reference) -> Unresolved | None:
    loops = mark.loops
    other, mine = s.referenced.get(name), (s.spec.backend_ref.name, s.spec.bucket_name)
    if name == s.meta.name or (other is not None and (other.backend, other.bucket) == mine):
        return Unresolved(
            Reason.REFERENCE_TO_ITSELF, f"{name} is this bucket itself: {loops}; name another ImageBucket"
        )
    circle = () if mark.elsewhere else _circle(s, facet, name)
    if circle:
        steps = [f"{one} does the same with {other}" for one, other in pairwise((*circle, "this bucket"))]
        message = f"{', '.join(steps)}: {loops}; name another ImageBucket in one of them"
        return Unresolved(Reason.REFERENCE_IN_CIRCLES, message)
    return None


def _circle(s: BucketSituation, facet: str, name: str) -> tuple[str, ...]:
    """The shortest chain of references by the same setting from ``name`` back to this bucket; empty: there is none."""
    ways: deque[tuple[str, ...]] = deque([(name,)])
    seen = {name}
    while ways:
        way = ways.popleft()
        other = s.referenced.get(way[-1])
        following = [n for setting, n in other.references if setting == facet] if other else []
        if s.meta.name in following:
            return way
        ways += [(*way, n) for n in following if n not in seen]
        seen.update(following)
    return ()


def _why(s: BucketSituation, name: str, mark: Reference) -> Unresolved | None:
    other, here = s.referenced.get(name), s.spec.backend_ref.name
    if other is None:
        message = f"there is no ImageBucket {name} in this namespace; create it, or correct the name"
        return Unresolved(Reason.REFERENCE_NOT_FOUND, message, waits=True)
    if other.backend != here and not mark.elsewhere:
        message = f"ImageBucket {name} is on the backend {other.backend}; name one on {here}"
        return Unresolved(Reason.REFERENCE_ELSEWHERE, message)
    if other.deleting:
        message = f"ImageBucket {name} is being deleted; name another one, or remove the setting"
        return Unresolved(Reason.REFERENCE_DELETING, message)
    if not other.made:
        message = f"waits for the bucket of ImageBucket {name}; see the status of that object"
        return Unresolved(Reason.REFERENCE_NOT_READY, message, waits=True)
    if mark.elsewhere and (why := unsuitable(s, other)):
        return Unresolved(Reason.DESTINATION_UNSUITABLE, why)
    return None


FACET = "replication"


def peers(s: BucketSituation) -> dict[str, ReplicationPeer]:
    """The destinations that the bucket and its contributors name, by ImageBucket, as far as their stores are known."""
    found = ((name, receiving(s.referenced[name])) for name in _named(s) if name in s.referenced)
    return {name: peer for name, peer in found if isinstance(peer, ReplicationPeer)}


def directed(s: BucketSituation, backend: Backend) -> Backend:
    """The bucket's backend, which knows the destinations that are named. Most buckets have none."""
    found = peers(s)
    return backend.toward(found) if found and isinstance(backend, Replicates) else backend


def _named(s: BucketSituation) -> Iterator[str]:
    given = [c.value for c in s.contributions if c.facet == FACET and isinstance(c.value, Facet)]
    for value in (*([s.spec.replication] if s.spec.replication else []), *given):
        yield from (ref.name for _, ref, mark in references(value) if ref.name and mark.elsewhere)


def receiving(other: Referenced) -> ReplicationPeer | str:
    """An ImageBucket as one that receives copies, or why it cannot be."""
    store = other.store()
    if isinstance(store.backend, Replicates):
        return store.backend.replicator.receiving(other.bucket)
    if store.backend is None:
        return f"the StorageBackend {other.backend} cannot be used: {store.trouble or 'there is none of this name'}"
    return f"the buckets of the StorageBackend {other.backend} cannot receive copies of other stores"


def unsuitable(s: BucketSituation, other: Referenced) -> str:
    """Why the bucket's store cannot replicate to an ImageBucket; empty: it can, or has no replication at all."""
    backend = s.store.backend
    if not isinstance(backend, Replicates) or backend.support[FACET].level is Level.NONE:
        return ""
    peer = receiving(other)
    return peer if isinstance(peer, str) else backend.replicator.refusal_of(peer)
