"""What happens to a setting that the spec stops mentioning, for docs/operations.md: as the facets define it."""

from imagestore.api.imagebucket import FACETS
from imagestore.core.facet import Removal

_WHY = {
    Removal.CLEAR: "cleared, where that is harmless",
    Removal.RETAIN: "kept, where clearing would weaken protection or change who pays",
    Removal.HOLD: "held for approval, where either may be meant",
    Removal.LEAVE: "left unchanged, because the operator never writes it",
}


def removals() -> str:
    """A line for each removal rule, with its settings in the order of the spec."""
    by_way = {way: [name for name, facet in FACETS.items() if facet.removal is way] for way in Removal}
    lines = [f"- {_WHY[way]}: {', '.join(f'`{n}`' for n in names)}" for way, names in by_way.items() if names]
    return "\n".join(lines)
