"""Whether one lifecycle rule deletes more than another: sooner, or other objects. Pure."""

from imagestore.facets.lifecycle_rule import Expire, LifecycleRule, NoncurrentExpire


def removes(rule: LifecycleRule) -> bool:
    """Whether the rule deletes versions when they are due."""
    return rule.state != "Disabled" and bool(rule.expire or _old(rule))


def rule_covers(there: LifecycleRule, rule: LifecycleRule) -> bool:
    """Whether the rule ``there`` deletes everything that ``rule`` deletes, and as soon."""
    if there == rule:
        return True
    return there.raw is None and removes(there) and not removes_more(there, rule)


def removes_more(before: LifecycleRule, after: LifecycleRule) -> bool:
    """Whether the rule ``after`` deletes sooner, or other objects, than ``before``."""
    if not removes(after):
        return False
    if before.state == "Disabled" or before.match != after.match:
        return True
    return _sooner(before.expire, after.expire) or _sooner_old(_old(before), _old(after))


def _old(rule: LifecycleRule) -> NoncurrentExpire | None:
    return rule.noncurrent.expire if rule.noncurrent else None


def _sooner(before: Expire | None, after: Expire | None) -> bool:
    """Days and a date cannot be compared; then sooner is assumed."""
    if before is None or after is None:
        return after is not None
    if before.days is not None and after.days is not None:
        return after.days < before.days
    return before.date is None or after.date is None or after.date < before.date


def _sooner_old(before: NoncurrentExpire | None, after: NoncurrentExpire | None) -> bool:
    if before is None or after is None:
        return after is not None
    return after.days < before.days or (after.keep_newest or 0) < (before.keep_newest or 0)
