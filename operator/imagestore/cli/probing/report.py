"""The result of a probe, as a table and as a profile for the StorageBackend."""

from collections.abc import Iterator, Mapping

from imagestore.backends.trial import Triable, TrialReport
from imagestore.cli.manifests.scalars import dumped
from imagestore.core.reading import Level, Support

Supports = Mapping[str, Support]

_WORD = {Level.FULL: "yes", Level.PARTIAL: "partly", Level.NONE: "no"}


def text(name: str, triable: Triable, report: TrialReport, assumed: Supports) -> str:
    """A line for each setting, the differences from what the operator assumed, and the profile."""
    found = report.support
    width = max(map(len, found))
    lines = [f"{facet:<{width}}  {_WORD[s.level]:<6}  {_why(s)}".rstrip() for facet, s in found.items()]
    return "\n".join([*lines, "", *_differences(name, report, assumed), *_paste(name, triable, found)]) + "\n"


def _why(held: Support) -> str:
    return "; ".join((*([held.reason] if held.reason else ()), *held.weak))


def disagreeing(found: Supports, assumed: Supports) -> list[str]:
    """The settings for which the operator assumes something else than the probe found."""
    return [f for f in found if _level(found[f]) != _level(assumed[f])]


def _level(support: Support) -> tuple[Level, set[str]]:
    return support.level, set(support.lost)


def _differences(name: str, report: TrialReport, assumed: Supports) -> Iterator[str]:
    settings = disagreeing(report.support, assumed)
    if not settings:
        yield f"This is what the operator assumes for {name}."
    for setting in settings:
        yield f"{setting}: the operator assumes {_WORD[assumed[setting].level]}, {_answer(report, setting)}"


def _answer(report: TrialReport, setting: str) -> str:
    if setting in report.unasked:
        return "the probe did not try it"
    return f"the probe found {_WORD[report.support[setting].level]}"


def _paste(name: str, triable: Triable, found: Supports) -> Iterator[str]:
    if triable.declared_at:
        yield ""
        yield f"Review this profile, then add it to {triable.declared_at} of the StorageBackend {name}:"
        yield document(triable, found).rstrip()


def document(triable: Triable, found: Supports) -> str:
    """The profile as YAML for the StorageBackend."""
    return dumped(triable.declaration(found))
