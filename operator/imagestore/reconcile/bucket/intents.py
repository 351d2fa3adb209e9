"""Record: what is set for the first time goes into status before it goes to the store. Pure.

Killed after the store, or refused with 409 because the user had edited again, the operator did not know what it had set.
What the user had removed from the spec by then stayed in the store for ever. Seen in the soak: tags of a spec that was
edited twice while the operator was down.
"""

from collections.abc import Collection, Iterable, Sequence

from imagestore.api.bucketstatus import MOST_PARTS, FacetStatus
from imagestore.core.facet import Removal
from imagestore.core.plan import Change, Op, Plan
from imagestore.core.reasons import Reason
from imagestore.core.remembered import recalls, remembered
from imagestore.reconcile.shared.digests import WRITTEN

_WRITING = {
    "state": "Pending",
    "reason": Reason.WRITING,
    "message": "new parts of this setting are about to be written",
}
_TAKEN_BACK = (Removal.CLEAR, Removal.HOLD)  # the others are retained when they are no longer mentioned


def recorded(known: Sequence[FacetStatus], todo: Plan) -> tuple[FacetStatus, ...] | None:
    """The settings as status has to record them before ``todo`` is applied; None: it does so already."""
    said = {f.name: f for f in known}
    new = {c.facet: _record(c, said.get(c.facet)) for c in todo.writes if _is_new(c, said.get(c.facet))}
    return tuple({**said, **new}.values()) if new else None


def pending(known: Sequence[FacetStatus]) -> tuple[FacetStatus, ...]:
    """The settings of a bucket that is missing: none is in sync, and its managed parts stay managed."""
    return tuple(f.model_copy(update=_WRITING) for f in known)


def _is_new(change: Change, known: FacetStatus | None) -> bool:
    if change.op is not Op.SET or change.after is None or change.after.removal not in _TAKEN_BACK:
        return False
    return known is None or not known.desired_digest or not all(recalls(known.parts, p) for p in change.parts)


def owned_parts(change: Change, now: Iterable[str], before: Collection[str]) -> tuple[str, ...]:
    """The parts that status remembers as managed: those of now, and those of before, which may be in the store.

    Many edits may fail one after the other, so there is a bound: parts that were not observed are dropped first.
    """
    mine = remembered(now)
    seen = (change.before.parts() if change.before else None) or ()
    there = remembered(n for n in seen if recalls(before, n))
    ordered = dict.fromkeys((*mine, *there, *sorted(before)))
    return remembered(list(ordered)[:MOST_PARTS])


def _record(change: Change, known: FacetStatus | None) -> FacetStatus:
    """Managed from now on, and not in sync: else a policy would report rules as applied before they are written.

    The digest of what the store last held stays: it tells an edit from drift.
    """
    before = known or FacetStatus(name=change.facet, state="Pending")
    parts = owned_parts(change, change.parts, before.parts)
    return before.model_copy(
        update={**_WRITING, "desired_digest": before.desired_digest or WRITTEN, "parts": parts}
    )
