"""Restraints: functions from a plan to a plan that hold changes, with the reason."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from imagestore.core import paths
from imagestore.core.diff import diff
from imagestore.core.facet import WHOLE, Facet, Parts
from imagestore.core.model import Model
from imagestore.core.plan import Change, Op, Plan, named
from imagestore.core.reading import Found, Reading
from imagestore.core.reasons import Reason

Restraint = Callable[[Plan], Plan]


def observe_only(plan: Plan) -> Plan:
    """Write nothing; ``fields`` still says what would have been written."""

    def rule(change: Change) -> Change:
        seen = change.writes or change.by_hand
        return _hold(change, Reason.OBSERVING, "the mode is Observe") if seen else change

    return plan.map(rule)


def without_risk(plan: Plan) -> Plan:
    """Remove all risks from the plan: it was approved as a whole."""
    return plan.map(lambda c: replace(c, risk=None))


def hold_everything(reason: Reason, message: str, token: str = "") -> Restraint:
    """Hold every write for one reason (an adoption, a loss, a breaker), approved by one token."""
    return lambda plan: plan.map(lambda c: replace(_hold(c, reason, message), token=token) if c.writes else c)


def hold_risky(tokens: Mapping[str, str], approved: Set[str]) -> Restraint:
    """Hold a risky change until its token is approved. ``tokens``: change digest to this hold's token."""

    def rule(change: Change) -> Change:
        if not (change.writes and change.risk):
            return change
        token = tokens.get(change.digest, "")
        if token and token in approved:
            return change
        return replace(_hold(change, Reason.NEEDS_APPROVAL, change.risk), token=token)

    return lambda plan: plan.map(rule)


@dataclass(frozen=True)
class Weight:
    """What is known about the content that a change deletes. ``pending``: why it is not known yet; ``risk``: what needs approval.

    ``counted``: it was counted, which is valid for as long as the change is held.
    """

    pending: str | None = None
    risk: str | None = None
    counted: bool = True


UNWEIGHED = Weight(pending="the operator has not counted yet what it would delete")


def weigh(weights: Mapping[str, Weight]) -> Restraint:
    """Hold a change that deletes content until it is known how much; then it has a risk, or none. By change digest."""

    def rule(change: Change) -> Change:
        if not (change.writes and change.removing):
            return change
        weight = weights.get(change.digest, UNWEIGHED)
        if weight.pending is not None and change.risk is None:
            return _hold(change, Reason.COUNTING, weight.pending)
        risk = "; ".join(r for r in (change.risk, weight.risk) if r) or None
        return replace(change, risk=risk, removes=weight.risk if weight.counted else None)

    return lambda plan: plan.map(rule)


def _hold(change: Change, reason: Reason, message: str) -> Change:
    return replace(change, op=Op.HOLD, reason=reason, message=message)


def ignoring(
    desired: Facet, reading: Reading, ignored: Sequence[str], name: str, managed: Parts = WHOLE
) -> Facet:
    """Return the desired value with observed values at ignored paths, so that these never differ.

    Only differences are taken over, and only in managed parts: a foreign part must not become managed because it is
    ignored. On a bucket that has no value yet there is nothing to take over, and the desired value is applied as a
    whole; likewise if the difference is above an ignored path (a rule that was deleted).
    """
    patterns = [steps for steps in map(paths.parse, ignored) if steps[0] == name]
    if not patterns or not isinstance(reading, Found):
        return desired
    mine, have = desired.canonical(), reading.value.canonical()
    seen = have.restrict(named(managed, mine, have) | mine.claims(have))
    relaxed = mine
    for steps in (paths.parse(f.path) for f in diff(name, seen, mine)):
        if any(paths.covers(pattern, steps) for pattern in patterns):
            relaxed = _taken(relaxed, seen, steps[1:])
    # An ignored redirect on a website with pages left an empty desired value, which would have cleared the pages.
    return seen if relaxed.clears() and not mine.clears() else relaxed


def _taken(mine: Any, theirs: Any, steps: Sequence[paths.Step]) -> Any:
    """``mine`` with the place of one difference as in ``theirs``.

    On values, not on JSON: what a store answers was never validated, and its internal fields must stay.
    """
    if not steps:
        return theirs
    if isinstance(mine, Model):
        field, rest = _field(mine, steps)
        value = _taken(getattr(mine, field), getattr(theirs, field), rest)
        return mine.model_copy(update={field: value})
    if isinstance(mine, Mapping):
        return _entry_taken(mine, theirs, str(steps[0]))
    step = steps[0]
    return _item_taken(mine or (), theirs or (), step, steps[1:]) if isinstance(step, paths.Item) else theirs


def _field(value: Model, steps: Sequence[paths.Step]) -> tuple[str, Sequence[paths.Step]]:
    if value.inline is not None:
        return value.inline, steps
    fields = type(value).model_fields.items()
    return next(n for n, info in fields if (info.alias or n) == steps[0]), steps[1:]


def _entry_taken(
    mine: Mapping[str, Any], theirs: Mapping[str, Any] | None, key: str
) -> Mapping[str, Any] | None:
    others = {k: v for k, v in mine.items() if k != key}
    if theirs is None:
        return others or None
    return others | {key: theirs[key]} if key in theirs else others


def _item_taken(
    mine: tuple[Model, ...], theirs: tuple[Model, ...], step: paths.Item, rest: Sequence[paths.Step]
) -> tuple[Model, ...]:
    def is_it(item: Model) -> bool:
        return str(item.to_json()[step.key]) == step.value

    other = next((i for i in theirs if is_it(i)), None)
    if not any(is_it(i) for i in mine):
        return mine if other is None else (*mine, other)
    taken = (_taken(i, other, rest) if is_it(i) else i for i in mine)
    return tuple(i for i in taken if i is not None)
