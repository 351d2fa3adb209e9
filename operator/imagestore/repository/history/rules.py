"""Which lifecycle rules delete noncurrent versions, and how long they keep them. Pure."""

from collections.abc import Iterator

from imagestore.core.facet import Facet
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.repository.history.moments import DAY, VersionRemoval

ANY_TIME = VersionRemoval("", 0)
"""Of a bucket whose rules cannot be read: any version may have been deleted."""


def removals_of(held: Facet | None) -> tuple[VersionRemoval, ...]:
    """The rules of a bucket, as its lifecycle driver reads them, that delete versions. A rule that no model expresses may delete any."""
    if held is None:
        return ()
    return tuple(_removals(held)) if isinstance(held, Lifecycle) else (ANY_TIME,)


def _removals(held: Lifecycle) -> Iterator[VersionRemoval]:
    for rule in held.rules:
        if rule.state == "Disabled":
            continue
        prefix = (rule.match.prefix if rule.match else None) or ""
        if rule.noncurrent is not None and rule.noncurrent.expire is not None:
            yield VersionRemoval(prefix, rule.noncurrent.expire.days * DAY)
        elif _may_delete(rule):
            yield VersionRemoval(prefix, 0)


def _may_delete(rule: LifecycleRule) -> bool:
    return rule.raw is not None and "NoncurrentVersionExpiration" in rule.raw
