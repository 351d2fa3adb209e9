"""What a probe found, for reading and for pasting."""

from collections.abc import Iterator, Mapping

from imagestore.backends.trial import Triable, TrialReport
from imagestore.cli.manifests.scalars import dumped
from imagestore.core.reading import Level, Support

Holdings = Mapping[str, Support]

_WORD = {Level.FULL: "yes", Level.PARTIAL: "partly", Level.NONE: "no"}


def text(name: str, triable: Triable, report: TrialReport, said: Holdings) -> str:
    """A line a setting, what differs from what the operator went by so far, and what to paste."""
    found = report.support
    width = max(map(len, found))
    lines = [f"{facet:<{width}}  {_WORD[s.level]:<6}  {_why(s)}".rstrip() for facet, s in found.items()]
    return "\n".join([*lines, "", *_differences(name, report, said), *_paste(name, triable, found)]) + "\n"


def _why(held: Support) -> str:
    return "; ".join((*([held.reason] if held.reason else ()), *held.weak))


def differing(found: Holdings, said: Holdings) -> list[str]:
    """The settings of which the operator would believe something else."""
    return [f for f in found if (found[f].level, set(found[f].lost)) != (said[f].level, set(said[f].lost))]


def _differences(name: str, report: TrialReport, said: Holdings) -> Iterator[str]:
    facets = differing(report.support, said)
    if not facets:
        yield f"This is what the operator goes by for {name}."
    for facet in facets:
        yield f"{facet}: the operator goes by {_WORD[said[facet].level]}, {_heard(report, facet)}"


def _heard(report: TrialReport, facet: str) -> str:
    if facet in report.unasked:
        return "the store was not asked"
    return f"the store said {_WORD[report.support[facet].level]}"


def _paste(name: str, triable: Triable, found: Holdings) -> Iterator[str]:
    if triable.declared_at:
        yield ""
        yield f"Review it, then put it below {triable.declared_at} of the StorageBackend {name}:"
        yield document(triable, found).rstrip()


def document(triable: Triable, found: Holdings) -> str:
    """As the StorageBackend takes it."""
    return dumped(triable.declaration(found))
