"""The owner mark of a bucket in S3: one of its tags, beside the user's."""

from collections.abc import Mapping

from imagestore.backends.base import MarkPlace, Observation
from imagestore.core.facet import Facet
from imagestore.facets.tags import OWNER, Tags

PLACE = MarkPlace(f"the tag {OWNER}", beside=frozenset({"tags"}))


def observed(tags: Mapping[str, str] | None) -> Observation:
    """What a bucket's tags tell. None, like no tags: the bucket has no mark."""
    held = tags or {}
    return Observation(held.get(OWNER), {"tags": Tags.from_store(values=dict(held))})


def marked(owner: str, tags: Facet | None) -> Tags:
    """The tags with this owner's mark, in place of another's."""
    values = tags.values if isinstance(tags, Tags) else {}
    return Tags.from_store(values={**values, OWNER: owner})
