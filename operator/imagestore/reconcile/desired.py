"""What is wanted of a bucket, given what the store can hold. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec, wishes
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.core.facet import WHOLE, Facet, Parts
from imagestore.core.losses import beyond, uses
from imagestore.core.policies import ignoring
from imagestore.core.reading import Level, Reading, Support, Unsupported
from imagestore.facets.lifecycle import Lifecycle
from imagestore.reconcile.merging import Declared, Merged
from imagestore.reconcile.references import Leads
from imagestore.reconcile.tenancy import Refusal


@dataclass(frozen=True)
class Wanted:
    """What is wanted and allowed, and what was managed until now. Settings that are withheld are in neither.

    ``unresolved``: whose references lead nowhere. Unlike a refusal it does not keep the bucket from being created.
    """

    wishes: Mapping[str, Facet]
    managed: Mapping[str, Parts]
    refusals: tuple[Refusal, ...] = ()
    unresolved: tuple[Refusal, ...] = ()

    @property
    def withheld(self) -> tuple[Refusal, ...]:
        """Both, for whoever reports them."""
        return self.refusals + self.unresolved


def wanted(asked: Leads, status: ImageBucketStatus, refusals: tuple[Refusal, ...]) -> Wanted:
    """A withheld setting is left as it is: neither set as wished, nor cleared as if no longer wished."""
    refused = {r.facet for r in refusals}
    unresolved = tuple(r for r in asked.unresolved if r.facet not in refused)
    withheld = refused | {r.facet for r in unresolved}
    return Wanted(
        {n: w for n, w in asked.wishes.items() if n not in withheld},
        {n: p for n, p in managed(status).items() if n not in withheld},
        refusals,
        unresolved,
    )


def asked(spec: ImageBucketSpec, status: ImageBucketStatus, merged: Merged) -> dict[str, Facet]:
    """What the bucket and its policies ask for, allowed or not."""
    found = wishes(spec)
    life = _lifecycle(spec.lifecycle, merged, known="lifecycle" in managed(status))
    return found if life is None else {**found, "lifecycle": life}


def _lifecycle(own: Lifecycle | None, merged: Merged, *, known: bool) -> Lifecycle | None:
    """One wish. Where nothing is wished but a managed rule stays as it is, that has to be said, too."""
    if own is None and not merged.rules and not (merged.kept and known):
        return None
    return merged.wish


def managed(status: ImageBucketStatus) -> dict[str, Parts]:
    """What was managed until now, with its parts as they are remembered: all that was written or once seen to be held."""
    return {f.name: frozenset(f.parts) for f in status.facets if f.wish}


def relaxed(
    asked: Mapping[str, Facet],
    readings: Mapping[str, Reading],
    ignored: Sequence[str],
    ours: Mapping[str, Parts],
) -> dict[str, Facet]:
    """The wishes with ignored paths as they are found. ``ours``: what was managed until now."""
    return {
        n: ignoring(w, readings[n], ignored, n, ours.get(n, WHOLE)) if n in readings else w
        for n, w in asked.items()
    }


def unsupported(wish: Facet, name: str, support: Support) -> Unsupported | None:
    """Why the backend cannot hold this wish, or None if it can. A wish is never narrowed to what fits."""
    if support.level is Level.NONE:
        return Unsupported(lacking(name, support))
    lost = tuple(f"{name}.{path}" for path in uses(wish, support.lost))
    if lost:
        return Unsupported(
            f"this store would lose {', '.join(lost)}; remove it, or use another backend", lost
        )
    refused = {f"{name}.{path}": fix for path, fix in beyond(wish, support.limits).items()}
    return Unsupported(refusal(refused), tuple(refused)) if refused else None


def lacking(name: str, support: Support) -> str:
    """What to do about a setting that the store has not; its own answer, a bare 400 MalformedXML, says nothing of that."""
    why = f" ({support.reason})" if support.reason else ""
    return f"this store does not have {name}{why}; remove spec.{name}, or use a backend that has it"


def refusal(refused: Mapping[str, str]) -> str:
    """What a store does not take, by path, with each fix said once."""
    by_fix: dict[str, list[str]] = {}
    for path, fix in refused.items():
        by_fix.setdefault(fix, []).append(path)
    return "; ".join(f"this store does not take {', '.join(paths)}: {fix}" for fix, paths in by_fix.items())


def inputs_hash(store: StorageBackendSpec | None, policies: Sequence[Declared] = ()) -> str:
    """Of what decides besides the bucket's own spec, so that a change while nobody looked is noticed.

    What was approved of the backend's own holds decides nothing here: each bucket's status would be written for it.
    """
    said = {k: v for k, v in store.to_json().items() if k != "approve"} if store else None
    text = json.dumps(said, sort_keys=True)
    return with_policies(hashlib.sha256(text.encode()).hexdigest()[:12], tuple(policies))


@lru_cache(maxsize=1024)
def with_policies(told: str, policies: tuple[Declared, ...]) -> str:
    """The hash of a backend, and of the policies that match besides; without any, the backend's own."""
    if not policies:
        return told
    more = hashlib.sha256(told.encode())
    for policy in sorted(policies, key=lambda p: p.name):
        more.update(b"\0" + policy.name.encode() + b"\0" + policy.raw)
    return more.hexdigest()[:12]
