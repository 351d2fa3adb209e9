"""Which parts of a value a store would drop."""

from collections.abc import Sequence

from imagestore.core.facet import Facet
from imagestore.core.paths import follow, parse


def uses(value: Facet, lost: Sequence[str]) -> list[str]:
    """The paths in ``value`` that the patterns of ``Support.lost`` cover: ``rules[name=a].expire``."""
    return [path for pattern in lost for path, _ in follow(value.to_json(), parse(pattern))]
