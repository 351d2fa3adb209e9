"""What is wanted of a bucket, given what the store can hold. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec, wishes
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.core.facet import WHOLE, Facet, Parts
from imagestore.core.losses import beyond, uses
from imagestore.core.policies import ignoring
from imagestore.core.reading import Level, Reading, Support, Unsupported
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket.references import Leads
from imagestore.reconcile.shared.contribution import Contribution, Joined, digest_with
from imagestore.reconcile.shared.tenancy import Refusal


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


def asked(spec: ImageBucketSpec, joined: Mapping[str, Joined]) -> Leads:
    """What the bucket and its contributors ask for, allowed or not. ``joined``: the settings with contributions."""
    found = {n: j.desired for n, j in joined.items() if j.desired is not None}
    contested = (
        Refusal(Reason.CONTRIBUTIONS_DIFFER, j.contested, n) for n, j in joined.items() if j.contested
    )
    return Leads({**wishes(spec), **found}, tuple(contested))


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


def inputs_hash(store: StorageBackendSpec | None, contributions: Sequence[Contribution] = ()) -> str:
    """Of what decides besides the bucket's own spec, so that a change while nobody looked is noticed.

    What was approved of the backend's own holds decides nothing here: each bucket's status would be written for it.
    """
    said = {k: v for k, v in store.to_json().items() if k != "approve"} if store else None
    text = json.dumps(said, sort_keys=True)
    return digest_with(hashlib.sha256(text.encode()).hexdigest()[:12], tuple(contributions))
