"""What a probe found, for reading and for pasting."""

from collections.abc import Iterator, Mapping

from imagestore.backends.s3.declared import settings
from imagestore.backends.s3.probe.run import UNASKED
from imagestore.cli.manifests.scalars import dumped
from imagestore.core.reading import Level, Support

Holdings = Mapping[str, Support]

_WORD = {Level.FULL: "yes", Level.PARTIAL: "partly", Level.NONE: "no"}


def text(name: str, provider: str, found: Holdings, said: Holdings) -> str:
    """A line a setting, what differs from what the operator went by so far, and what to paste."""
    width = max(map(len, found))
    lines = [f"{facet:<{width}}  {_WORD[s.level]:<6}  {_why(s)}".rstrip() for facet, s in found.items()]
    return "\n".join([*lines, "", *_differences(name, found, said), *_paste(name, provider, found)]) + "\n"


def _why(held: Support) -> str:
    return "; ".join((*([held.reason] if held.reason else ()), *held.weak))


def differing(found: Holdings, said: Holdings) -> list[str]:
    """The settings of which the operator would believe something else."""
    return [f for f in found if (found[f].level, set(found[f].lost)) != (said[f].level, set(said[f].lost))]


def _differences(name: str, found: Holdings, said: Holdings) -> Iterator[str]:
    facets = differing(found, said)
    if not facets:
        yield f"This is what the operator goes by for {name}."
    for facet in facets:
        yield f"{facet}: the operator goes by {_WORD[said[facet].level]}, {_heard(found[facet])}"


def _heard(found: Support) -> str:
    return "the store was not asked" if found in UNASKED else f"the store said {_WORD[found.level]}"


def _paste(name: str, provider: str, found: Holdings) -> Iterator[str]:
    if provider == "S3":
        yield ""
        yield f"Review it, then put it below spec.s3 of the StorageBackend {name}:"
        yield document(found).rstrip()


def document(found: Holdings) -> str:
    """As ``spec.s3`` has it."""
    profile = {"profile": settings(found, found).to_json()}
    for setting in profile["profile"]["settings"]:
        if not setting["lost"]:
            del setting["lost"]
    return dumped(profile)
