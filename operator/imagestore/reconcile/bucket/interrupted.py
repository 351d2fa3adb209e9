"""A write of ours that a crash has cut in two, told from somebody's wish. Pure.

Lifecycle rules are written disabled, read back, and then enabled. Killed in between, the operator found its
own half-done rules, took "Disabled to Enabled" for a new risk and waited for an approval for ever: seen in
the crash sweep at the first of the two writes, for creation and for edits.
"""

from collections.abc import Iterable
from dataclasses import replace

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.core.facet import WHOLE, Facet
from imagestore.core.plan import Change, Plan
from imagestore.facets.lifecycle import Lifecycle
from imagestore.reconcile.shared.digests import wish_digest


def resumed(todo: Plan, status: ImageBucketStatus) -> Plan:
    """The plan in which the second half of an interrupted write is no risk: the whole of it was let through."""

    def rule(change: Change) -> Change:
        if (change.risk or change.removing) and _half_done(change, status):
            return replace(change, risk=None, removing=WHOLE)
        return change

    return todo.map(rule)


def _half_done(change: Change, status: ImageBucketStatus) -> bool:
    """Whether all that is left is to enable rules, and that is not what the user has asked for by itself."""
    wish = change.after
    if not isinstance(wish, Lifecycle) or not all(_enables(f.path, f.before, f.after) for f in change.fields):
        return False
    known = next((f.wish for f in status.facets if f.name == change.facet), None)
    if known is None:
        return status.created is not None  # newly mentioned: what carries our ids there is from this write
    ours = wish.restrict(change.parts)
    if known in _digests(ours):
        return _corrected(change, status)
    disabled = {f.path for f in change.fields}
    return known not in _digests(_switched_off(ours, disabled))


def _enables(path: str, before: object, after: object) -> bool:
    return path.endswith("].state") and (before, after) == ("Disabled", "Enabled")


def _digests(wish: Facet) -> set[str]:
    """Of a wish, whatever it said of others' rules."""
    return {wish_digest(wish.model_copy(update={"exclusive": e})) for e in (None, True, False)}


def _switched_off(wish: Lifecycle, paths: Iterable[str]) -> Lifecycle:
    off = set(paths)
    rules = (
        r.model_copy(update={"state": "Disabled"}) if f"lifecycle.rules[name={r.name}].state" in off else r
        for r in wish.rules
    )
    return wish.model_copy(update={"rules": tuple(rules)})


def _corrected(change: Change, status: ImageBucketStatus) -> bool:
    """Whether another drift than this one was being corrected: somebody's disabling by itself is told as such."""
    known = next((f for f in status.facets if f.name == change.facet), None)
    return known is not None and known.drift is not None and not known.switched_off
