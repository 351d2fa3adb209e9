"""Record and apply a plan: what is set for the first time goes into status first, then write, read back, compare.

Killed after the store, or refused with 409 because the user had edited again, the operator did not know what it had set.
What the user had removed from the spec by then stayed in the store for ever. Seen in the soak: tags of a spec that was
edited twice while the operator was down. Independent settings are written although one fails.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from imagestore.api.bucketstatus import MOST_PARTS, FacetStatus, State
from imagestore.backends.base import Backend, Observation
from imagestore.core.diff import FieldDiff
from imagestore.core.errors import NotFound, StoreError, Transient
from imagestore.core.facet import Facet, Parts, Removal
from imagestore.core.paths import parse
from imagestore.core.plan import Change, Op, Plan, plan
from imagestore.core.reading import reading_of
from imagestore.core.reasons import Reason
from imagestore.core.remembered import recalls, remembered
from imagestore.reconcile.bucket import ownership
from imagestore.reconcile.bucket.situation import BucketRun, BucketSituation, Memo, Noted
from imagestore.reconcile.shared.digests import WRITTEN
from imagestore.reconcile.shared.tenancy import Refusal


@dataclass(frozen=True)
class Applied:
    """What became of one change. ``wrote``: whether the store was asked to change."""

    change: Change
    state: State
    reason: Reason | None = None
    message: str = ""
    wrote: bool = False
    transient: bool = False
    retry_after: float | None = None

    @property
    def accepted(self) -> bool:
        """Whether the store took a write, lasting or not."""
        return self.wrote and self.reason in (None, Reason.NOT_YET_VISIBLE)


SettingValues = Mapping[str, Facet | None]
BesideMark = Callable[[SettingValues, SettingValues], SettingValues]


def withheld(refusals: Iterable[Refusal]) -> tuple[Applied, ...]:
    """The results of settings that are neither set nor cleared: forbidden, or with unresolved references."""
    return tuple({r.facet: _withheld(r) for r in refusals if r.facet}.values())


def _withheld(refusal: Refusal) -> Applied:
    change = Change(refusal.facet, Op.HOLD, reason=refusal.reason, message=refusal.message)
    return Applied(change, "Pending" if refusal.waits else "Held", change.reason, change.message)


def uncorrected(drift: Iterable[FieldDiff], results: Sequence[Applied]) -> tuple[FieldDiff, ...]:
    """The drift that is still there: that of settings which are not in sync now."""
    mended = {r.change.facet for r in results if r.state == "InSync"}
    return tuple(f for f in drift if parse(f.path)[0] not in mended)


def carry_out(
    run: BucketRun, todo: Plan, desired: Mapping[str, Facet], managed: Mapping[str, Parts]
) -> tuple[Applied, ...]:
    """Apply a plan to the bucket, and keep in the memo what was written."""

    def beside_mark(seen: SettingValues, after: SettingValues) -> SettingValues:
        return ownership.write_mark(run, Observation(values=seen), after).values

    results = apply(run.backend, run.s.spec.bucket_name, todo, desired, managed, beside_mark)
    run.memo = _after(run.s, run.memo, todo, results)
    return results


def _after(s: BucketSituation, memo: Memo, todo: Plan, results: Sequence[Applied]) -> Memo:
    """The memo with how often these writes were made, and which of them the store does not show yet."""
    late = {r.change.facet for r in results if r.reason == Reason.NOT_YET_VISIBLE}
    new = {
        r.change.facet: Noted(r.change.digest, s.clock) for r in results if r.wrote and r.change.facet in late
    }
    done = {r.change.facet for r in results} - late
    invisible = {n: noted for n, noted in memo.invisible.items() if n not in done} | new
    memo = replace(memo, invisible=invisible)
    if not any(r.accepted for r in results):
        return memo
    repeats = memo.repeats + 1 if todo.digest == memo.written else 1
    return replace(memo, written=todo.digest, repeats=repeats)


def apply(
    backend: Backend,
    bucket: str,
    todo: Plan,
    desired: Mapping[str, Facet],
    managed: Mapping[str, Parts],
    beside_mark: BesideMark,
) -> tuple[Applied, ...]:
    """Apply every change that writes, in order; the others are passed through as they are.

    ``beside_mark(seen, after)`` writes settings that the store keeps in one place with the owner mark, so that the mark stays.
    """
    done: dict[str, Applied] = {}
    for change in todo.changes:
        blocked = (
            [a for a in _kind(change).after if a in done and _unfinished(done[a])] if change.writes else []
        )
        if blocked:
            done[change.facet] = Applied(
                change, "Pending", Reason.WAITING, f"waits for {blocked[0]}", transient=True
            )
        elif change.writes:
            done[change.facet] = _write(backend, bucket, change, desired, managed, beside_mark)
        else:
            done[change.facet] = _standing(change)
    return tuple(done.values())


def _kind(change: Change) -> type[Facet]:
    value = change.after or change.before
    return type(value) if value is not None else Facet


def _unfinished(result: Applied) -> bool:
    return result.change.writes and result.state != "InSync"


def _standing(change: Change) -> Applied:
    """The result of a change that writes nothing."""
    state = _STANDING.get(change.op) or _HELD.get(change.reason, "Held")
    return Applied(change, state, change.reason, change.message)


_STANDING: Mapping[Op, State] = {Op.KEEP: "InSync", Op.SKIP: "Unsupported"}

# Of a hold, by its reason. Any other waits for a person.
_HELD: Mapping[Reason | None, State] = {
    Reason.OBSERVING: "Drifted",
    Reason.DRIFTED: "Drifted",
    Reason.SNOOZED: "Drifted",
    Reason.UNCONFIRMED: "Pending",
    Reason.NOT_YET_VISIBLE: "Pending",
    Reason.COUNTING: "Pending",
    Reason.THROTTLED: "Pending",
    Reason.UNAVAILABLE: "Pending",
    Reason.CONFLICT: "Pending",
    Reason.DENIED: "Failed",
    Reason.REJECTED: "Failed",
    Reason.UNEXPECTED: "Failed",
    Reason.UNREPRESENTABLE: "Failed",
}


def _write(
    backend: Backend,
    bucket: str,
    change: Change,
    desired: Mapping[str, Facet],
    managed: Mapping[str, Parts],
    beside_mark: BesideMark,
) -> Applied:
    try:
        value = _send(backend, bucket, change, beside_mark)
    except NotFound:
        raise
    except StoreError as error:
        return _failed(change, error)
    return _verified(change, value, desired, managed)


def _failed(change: Change, error: StoreError) -> Applied:
    """A change whose write failed: it is tried again later if that may help, else a person has to correct it."""
    again = isinstance(error, Transient)
    state: State = "Pending" if again else "Failed"
    return Applied(
        change,
        state,
        error.reason,
        str(error),
        wrote=True,
        transient=again,
        retry_after=error.retry_after,
    )


def _send(backend: Backend, bucket: str, change: Change, beside_mark: BesideMark) -> Facet | None:
    """Write and read back: only what the store shows counts."""
    place = backend.mark_place
    if place is not None and change.facet in place.beside:
        return beside_mark({change.facet: change.before}, {change.facet: change.after}).get(change.facet)
    driver, there = backend.drivers[change.facet], change.opaque or change.before
    if change.after is not None and not change.after.is_empty():
        driver.write(bucket, change.after, there)
    elif there is not None and not there.is_empty():
        driver.clear(bucket, there)
    return driver.read(bucket)


def _verified(
    change: Change, value: Facet | None, desired: Mapping[str, Facet], managed: Mapping[str, Parts]
) -> Applied:
    name = change.facet
    ours = {name: desired[name]} if name in desired else {}
    again = plan(
        ours,
        {name: reading_of(value)},
        {n: p for n, p in managed.items() if n == name},
        {name: _kind(change)},
    )
    left = [f.path for c in again.writes for f in c.fields]
    if not left:
        rest = next(iter(again.held), None)  # what the operator does not write may differ all the same
        return replace(_standing(rest), wrote=True) if rest else Applied(change, "InSync", wrote=True)
    message = f"written, and the store still answers with another value for {', '.join(left[:5])}"
    return Applied(change, "Pending", Reason.NOT_YET_VISIBLE, message, wrote=True, transient=True)


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
