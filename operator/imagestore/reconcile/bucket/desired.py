"""Decide what is desired of a bucket: its spec, what other objects contribute, and what is withheld of both."""

from collections.abc import Mapping
from dataclasses import dataclass

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import FACETS, ImageBucketSpec, wishes
from imagestore.core.facet import WHOLE, Facet, Parts
from imagestore.core.marks import spots
from imagestore.core.model import InTier
from imagestore.core.paths import follow
from imagestore.core.plan import Plan, plan
from imagestore.core.policies import ignoring
from imagestore.core.reading import Reading
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket.references import Leads, followed
from imagestore.reconcile.bucket.situation import BucketSituation
from imagestore.reconcile.shared import tenancy
from imagestore.reconcile.shared.contribution import Joined
from imagestore.reconcile.shared.tenancy import Refusal


@dataclass(frozen=True)
class Wanted:
    """What is desired and allowed, and what was managed until now. Settings that are withheld are in neither.

    ``refusals``: settings that the tenancy forbids; they keep a bucket from being created. ``unresolved``: settings whose
    references, tiers or contributors are not settled; they do not.
    """

    wishes: Mapping[str, Facet]
    managed: Mapping[str, Parts]
    refusals: tuple[Refusal, ...] = ()
    unresolved: tuple[Refusal, ...] = ()

    @property
    def withheld(self) -> tuple[Refusal, ...]:
        """All settings that are neither set nor cleared, and why."""
        return self.refusals + self.unresolved


def wanted(s: BucketSituation) -> Wanted:
    """A withheld setting is left as it is: neither set as desired, nor cleared as if no longer desired."""
    store = s.store.spec
    refusals = tenancy.refusals(s.meta, s.spec, store, s.earlier_buckets, s.store.own_access) if store else ()
    found = _with_ready_tiers(s.store.unready, followed(s, asked(s.spec, s.joined)))
    refused = {r.facet for r in refusals}
    unresolved = tuple(r for r in found.unresolved if r.facet not in refused)
    withheld = refused | {r.facet for r in unresolved}
    return Wanted(
        {n: w for n, w in found.wishes.items() if n not in withheld},
        {n: p for n, p in managed(s.status).items() if n not in withheld},
        refusals,
        unresolved,
    )


def asked(spec: ImageBucketSpec, joined: Mapping[str, Joined]) -> Leads:
    """What the bucket and its contributors ask for, allowed or not. ``joined``: the settings with contributions."""
    found = {n: j.desired for n, j in joined.items() if j.desired is not None}
    contested = (
        Refusal(Reason.CONTRIBUTIONS_DIFFER, j.contested, n) for n, j in joined.items() if j.contested
    )
    return Leads({**wishes(spec), **found}, tuple(contested))


def _with_ready_tiers(unready: Mapping[str, str], asked: Leads) -> Leads:
    """Withhold the settings that would move objects to a tier that is not ready: they wait, unchanged in the store."""
    waiting = {n: why for n, w in asked.wishes.items() if (why := _waits_for_tier(n, w, unready))}
    ready = {n: w for n, w in asked.wishes.items() if n not in waiting}
    return Leads(ready, (*asked.unresolved, *waiting.values()))


def _waits_for_tier(facet: str, wish: Facet, unready: Mapping[str, str]) -> Refusal | None:
    marked = spots(type(wish), InTier) if unready else ()
    value = wish.to_json() if marked else {}
    used = ((path, tier) for steps, _ in marked for path, tier in follow(value, steps) if tier in unready)
    said = [
        f"{facet}.{path} waits for the administrator's tier {tier}: {unready[tier]}" for path, tier in used
    ]
    return Refusal(Reason.TIER_NOT_READY, "; ".join(said), facet, waits=True) if said else None


def managed(status: ImageBucketStatus) -> dict[str, Parts]:
    """What was managed until now, with its parts as they are remembered: all that was written or once seen to be held."""
    return {f.name: frozenset(f.parts) for f in status.facets if f.wish}


def planned(s: BucketSituation, wanted: Wanted, read: Mapping[str, Reading]) -> Plan:
    """What would make the store agree, before any restraint."""
    return plan(relaxed(s, wanted, read), read, wanted.managed, FACETS)


def relaxed(s: BucketSituation, wanted: Wanted, read: Mapping[str, Reading]) -> dict[str, Facet]:
    """The desired values, with what ``spec.drift.ignore`` names as it was observed."""
    ignored = s.spec.drift.ignore if s.spec.drift else ()
    return {
        n: ignoring(w, read[n], ignored, n, wanted.managed.get(n, WHOLE)) if n in read else w
        for n, w in wanted.wishes.items()
    }
