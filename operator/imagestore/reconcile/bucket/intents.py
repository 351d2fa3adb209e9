"""What is about to be set for the first time is written down before the store is told. Pure.

Killed between the two, or refused with 409 because the user had edited again, the operator did not know what it had
set: taken out of the spec by then, it stayed in the store for ever. Seen in the soak: tags of a spec that was edited
twice while the operator was away.
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
    "message": "what is new in it is about to be written",
}
_TAKEN_BACK = (Removal.CLEAR, Removal.HOLD)  # the others stay when they are no longer mentioned


def recorded(known: Sequence[FacetStatus], todo: Plan) -> tuple[FacetStatus, ...] | None:
    """What status has to say of the settings before ``todo`` is carried out; None: it says it already."""
    said = {f.name: f for f in known}
    new = {c.facet: _record(c, said.get(c.facet)) for c in todo.writes if _is_new(c, said.get(c.facet))}
    return tuple({**said, **new}.values()) if new else None


def pending(known: Sequence[FacetStatus]) -> tuple[FacetStatus, ...]:
    """What is known of the settings of a bucket that is missing: none is in sync, and what is ours in it stays ours."""
    return tuple(f.model_copy(update=_WRITING) for f in known)


def _is_new(change: Change, known: FacetStatus | None) -> bool:
    if change.op is not Op.SET or change.after is None or change.after.removal not in _TAKEN_BACK:
        return False
    return known is None or not known.wish or not all(recalls(known.parts, p) for p in change.parts)


def owned_parts(change: Change, now: Iterable[str], before: Collection[str]) -> tuple[str, ...]:
    """What status remembers as ours: what is now, and what was before, which may be in the store.

    Within a bound, as many an edit as may fail one after the other: then what was not seen in the store goes first.
    """
    mine = remembered(now)
    seen = (change.before.parts() if change.before else None) or ()
    there = remembered(n for n in seen if recalls(before, n))
    ordered = dict.fromkeys((*mine, *there, *sorted(before)))
    return remembered(list(ordered)[:MOST_PARTS])


def _record(change: Change, known: FacetStatus | None) -> FacetStatus:
    """Ours from now on, and not called in sync: a policy would say of rules that nobody has written that they are applied.

    What was last seen to be held stays remembered: it tells an edit from drift.
    """
    before = known or FacetStatus(name=change.facet, state="Pending")
    parts = owned_parts(change, change.parts, before.parts)
    return before.model_copy(update={**_WRITING, "wish": before.wish or WRITTEN, "parts": parts})
