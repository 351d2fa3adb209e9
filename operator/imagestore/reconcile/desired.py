"""What is wanted of a bucket, given what the store can hold. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imagestore.api.imagebucket import ImageBucketStatus
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.core.facet import WHOLE, Facet, Parts
from imagestore.core.losses import uses
from imagestore.core.policies import ignoring
from imagestore.core.reading import Level, Reading, Support, Unsupported
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


def managed(status: ImageBucketStatus) -> dict[str, Parts]:
    """What was managed until now, with its parts: whatever was written or once seen to be held."""
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
        return Unsupported(support.reason or "this store does not have the setting")
    lost = tuple(f"{name}.{path}" for path in uses(wish, support.lost))
    if not lost:
        return None
    return Unsupported(f"this store would lose {', '.join(lost)}; remove it, or use another backend", lost)


WRITTEN = "-"  # in place of a wish's digest: written, and not yet seen to be held


def wish_digest(wish: Facet) -> str:
    """The same for the same wish: tells an edit of the spec from a change behind our back."""
    text = json.dumps(wish.canonical().to_json(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def inputs_hash(store: StorageBackendSpec | None) -> str:
    """Of what decides besides the bucket's own spec, so that a change while nobody looked is noticed."""
    text = json.dumps(store.to_json() if store else None, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
