"""Restraints: functions from a plan to a plan. What they hold says why."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace

from imagestore.core import paths
from imagestore.core.diff import diff
from imagestore.core.facet import WHOLE, Facet, Parts
from imagestore.core.plan import Change, Op, Plan
from imagestore.core.reading import Found, Reading

Policy = Callable[[Plan], Plan]


def observe_only(plan: Plan) -> Plan:
    """Nothing is written; what would have been is still in ``fields``."""
    return plan.map(lambda c: _hold(c, "Observing", "the mode is Observe") if c.writes else c)


def hold_everything(reason: str, message: str, token: str = "") -> Policy:
    """Hold every write for one reason (an adoption, a loss, a breaker), approved by one token."""
    return lambda plan: plan.map(lambda c: replace(_hold(c, reason, message), token=token) if c.writes else c)


def hold_risky(tokens: Mapping[str, str], approved: Set[str]) -> Policy:
    """Hold a risky change until its token is approved. ``tokens``: change digest to this hold's token."""

    def rule(change: Change) -> Change:
        if not (change.writes and change.risk):
            return change
        token = tokens.get(change.digest, "")
        if token and token in approved:
            return change
        return replace(_hold(change, "NeedsApproval", change.risk), token=token)

    return lambda plan: plan.map(rule)


def _hold(change: Change, reason: str, message: str) -> Change:
    return replace(change, op=Op.HOLD, reason=reason, message=message)


def ignoring(
    wish: Facet, reading: Reading, ignored: Sequence[str], name: str, managed: Parts = WHOLE
) -> Facet:
    """The wish with what differs at ignored paths taken from what was observed, so that it never differs.

    Only differences are taken over, and only in what is ours: a part that nobody here declared must not
    become ours by being ignored. On a bucket that has no value yet there is nothing to take, and the wish
    is applied whole; likewise where the difference is above an ignored path (a rule that is gone).
    """
    patterns = [steps for steps in map(paths.parse, ignored) if steps[0] == name]
    if not patterns or not isinstance(reading, Found):
        return wish
    mine, have = wish.canonical(), reading.value.canonical()
    seen = have.restrict(managed | mine.claims(have))
    value, theirs = {name: wish.to_whole_json()}, {name: seen.to_whole_json()}
    for steps in (paths.parse(f.path) for f in diff(name, seen, mine)):
        if any(paths.covers(pattern, steps) for pattern in patterns):
            value = paths.graft(value, theirs, steps)
    return type(wish).model_validate(value[name])
