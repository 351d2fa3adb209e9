"""What a spec chooses of the pods of its Jobs, as plain values. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from imagestore.api.pods import PodAmounts, RunPods

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PodChoices:
    """Empty: as the chart has it. ``tolerations``: each as pairs of field and value."""

    node_selector: Pairs = ()
    tolerations: tuple[Pairs, ...] = ()
    requests: Pairs = ()
    limits: Pairs = ()
    priority_class: str = ""


AS_THE_CHART = PodChoices()


def pod_choices(spec: RunPods | None) -> PodChoices:
    """The choices of a spec."""
    if spec is None:
        return AS_THE_CHART
    resources = spec.resources
    return PodChoices(
        _pairs(spec.node_selector or {}),
        tuple(_pairs(t.to_json()) for t in spec.tolerations or ()),
        _amounts(resources.requests if resources else None),
        _amounts(resources.limits if resources else None),
        spec.priority_class_name or "",
    )


def _amounts(of: PodAmounts | None) -> Pairs:
    return () if of is None else _pairs(of.to_json())


def _pairs(of: Mapping[str, str]) -> Pairs:
    return tuple(sorted(of.items()))
