"""Carrying out a plan: write, read back, compare. Independent settings go on when one fails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from imagestore.api.bucketstatus import State
from imagestore.backends.base import Backend
from imagestore.core.errors import NotFound, StoreError, Transient
from imagestore.core.facet import Facet, Parts
from imagestore.core.plan import Change, Op, Plan, plan
from imagestore.core.reasons import Reason
from imagestore.reconcile.bucket.observe import found


@dataclass(frozen=True)
class Result:
    """What became of one change. ``wrote``: whether the store was told to change."""

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


Settings = Mapping[str, Facet | None]
BesideMark = Callable[[Settings, Settings], Settings]


def apply(
    backend: Backend,
    bucket: str,
    todo: Plan,
    wishes: Mapping[str, Facet],
    managed: Mapping[str, Parts],
    beside_mark: BesideMark,
) -> tuple[Result, ...]:
    """Apply every change that writes, in order; the others are passed through as they stand.

    ``beside_mark(seen, wanted)`` writes settings that the store keeps in one place with the owner's mark, so that it stays.
    """
    done: dict[str, Result] = {}
    for change in todo.changes:
        blocked = (
            [a for a in _kind(change).after if a in done and _unfinished(done[a])] if change.writes else []
        )
        if blocked:
            done[change.facet] = Result(
                change, "Pending", Reason.WAITING, f"waits for {blocked[0]}", transient=True
            )
        elif change.writes:
            done[change.facet] = _write(backend, bucket, change, wishes, managed, beside_mark)
        else:
            done[change.facet] = standing(change)
    return tuple(done.values())


def _kind(change: Change) -> type[Facet]:
    value = change.after or change.before
    return type(value) if value is not None else Facet


def _unfinished(result: Result) -> bool:
    return result.change.writes and result.state != "InSync"


def standing(change: Change) -> Result:
    """The result of a change that writes nothing."""
    return Result(change, _STANDING.get(change.op, _held_state(change.reason)), change.reason, change.message)


_STANDING: Mapping[Op, State] = {
    Op.KEEP: "InSync",
    Op.SKIP: "Unsupported",
    Op.SET: "Pending",
    Op.CLEAR: "Pending",
}


def _held_state(reason: Reason | None) -> State:
    return _HELD.get(reason, "Held") if reason else "Held"


_HELD: Mapping[Reason, State] = {
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
    wishes: Mapping[str, Facet],
    managed: Mapping[str, Parts],
    beside_mark: BesideMark,
) -> Result:
    try:
        value = _send(backend, bucket, change, beside_mark)
    except NotFound:
        raise
    except StoreError as error:
        return failed(change, error)
    return _verified(change, value, wishes, managed)


def failed(change: Change, error: StoreError) -> Result:
    """A change whose writing failed: again later if that may help, else a person has to look."""
    again = isinstance(error, Transient)
    state: State = "Pending" if again else "Failed"
    return Result(
        change,
        state,
        error.reason,
        str(error),
        wrote=True,
        transient=again,
        retry_after=error.retry_after,
    )


def _send(backend: Backend, bucket: str, change: Change, beside_mark: BesideMark) -> Facet | None:
    """Write and read back; what comes back is all that is believed."""
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
    change: Change, value: Facet | None, wishes: Mapping[str, Facet], managed: Mapping[str, Parts]
) -> Result:
    name = change.facet
    ours = {name: wishes[name]} if name in wishes else {}
    again = plan(
        ours, {name: found(value)}, {n: p for n, p in managed.items() if n == name}, {name: _kind(change)}
    )
    left = [f.path for c in again.writes for f in c.fields]
    if not left:
        rest = next(iter(again.held), None)  # what the operator does not write may differ all the same
        return replace(standing(rest), wrote=True) if rest else Result(change, "InSync", wrote=True)
    message = f"written, and the store still answers otherwise for {', '.join(left[:5])}"
    return Result(change, "Pending", Reason.NOT_YET_VISIBLE, message, wrote=True, transient=True)
