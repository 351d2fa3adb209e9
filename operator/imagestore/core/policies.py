"""Restraints: functions from a plan to a plan. What they hold says why."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace

from imagestore.core import paths
from imagestore.core.facet import Facet
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


def ignoring(wish: Facet, reading: Reading, ignored: Sequence[str], name: str) -> Facet:
    """The wish with ignored paths taken from what was observed, so that they never differ.

    On a bucket that has no value yet there is nothing to take, and the wish is applied whole.
    """
    if not isinstance(reading, Found):
        return wish
    mine, theirs = {name: wish.to_json()}, {name: reading.value.to_json()}
    for path in ignored:
        steps = paths.parse(path)
        if steps[0] == name:
            mine = paths.graft(mine, theirs, steps)
    return type(wish).model_validate(mine[name]) if name in mine else wish
