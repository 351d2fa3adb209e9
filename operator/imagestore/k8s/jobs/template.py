"""What the chart says of the pods of Jobs: image, ServiceAccount, resources, and what an object may choose."""

import json
from fractions import Fraction
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from imagestore.api.pods import PodToleration
from imagestore.core.units import exact_count
from imagestore.reconcile.shared.pods import PodChoices


class PodTemplateError(ValueError):
    """The setting is not what the chart writes."""


class AllowedToleration(PodToleration):
    """A field that is misspelt would allow more than was meant, so none is ignored."""

    model_config = ConfigDict(extra="forbid")


class PodTemplate(BaseModel):
    """The chart's ``jobs`` with what every pod of the release has.

    ``max_resources``: what one pod may ask for at most. ``allowed_node_selectors``: values by label that an object may choose.
    ``allowed_tolerations``: an object may choose those that tolerate no more than one of these.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="forbid")

    image: str
    image_pull_policy: str = "IfNotPresent"
    image_pull_secrets: list[dict[str, Any]] = Field(default_factory=list)
    service_account_name: str
    host_network: bool = False
    env: list[dict[str, Any]] = Field(default_factory=list)
    resources: dict[str, Any] = Field(default_factory=dict)
    node_selector: dict[str, str] = Field(default_factory=dict)
    tolerations: list[dict[str, Any]] = Field(default_factory=list)
    labels: dict[str, str] = Field(default_factory=dict)
    allowed_node_selectors: dict[str, list[str]] = Field(default_factory=dict)
    allowed_tolerations: list[AllowedToleration] = Field(default_factory=list)
    priority_class_names: list[str] = Field(default_factory=list)
    max_resources: dict[str, str] = Field(default_factory=dict)


def pod_template(text: str | None) -> PodTemplate | None:
    """The template that the chart hands over as JSON; None: there are to be no Jobs. Raises PodTemplateError."""
    if not text:
        return None
    try:
        return PodTemplate.model_validate(json.loads(text))
    except (ValueError, ValidationError) as error:
        raise PodTemplateError(f"the template of Jobs cannot be used: {error}") from None


def refused_choices(chosen: PodChoices, template: PodTemplate) -> str:
    """What of an object's choices the administrator does not allow; empty: nothing."""
    return (
        _refused_class(chosen, template)
        or _refused_amount(chosen, template)
        or _refused_node(chosen, template)
    )


def _refused_class(chosen: PodChoices, template: PodTemplate) -> str:
    name = chosen.priority_class
    if name and name not in template.priority_class_names:
        return f"spec.pod.priorityClassName {name} is not among the chart's jobs.priorityClassNames"
    return ""


def _refused_amount(chosen: PodChoices, template: PodTemplate) -> str:
    for what, asked in (*chosen.requests, *chosen.limits):
        most = template.max_resources.get(what)
        if most is not None and amount(asked) > amount(most):
            return (
                f"spec.pod.resources asks for {what} {asked}, and the chart's jobs.maxResources allows {most}"
            )
    return ""


def _refused_node(chosen: PodChoices, template: PodTemplate) -> str:
    for label, value in chosen.node_selector:
        if value not in template.allowed_node_selectors.get(label, ()):
            return f"spec.pod.nodeSelector has {label}: {value}, which the chart's jobs.allowedNodeSelectors does not allow"
    for pairs in chosen.tolerations:
        asked = PodToleration.model_validate(dict(pairs))
        if not any(_covers(allowed, asked) for allowed in template.allowed_tolerations):
            shown = ", ".join(f"{name}: {value}" for name, value in pairs)
            return f"spec.pod.tolerations has {{{shown}}}, which the chart's jobs.allowedTolerations does not allow"
    return ""


def _covers(allowed: AllowedToleration, asked: PodToleration) -> bool:
    """Whether each taint that ``asked`` tolerates is one that ``allowed`` tolerates, too."""
    any_value = allowed.operator == "Exists"
    any_key = any_value and allowed.key is None
    same_value = asked.operator != "Exists" and (asked.value or "") == (allowed.value or "")
    return (
        (any_key or (asked.key is not None and asked.key == allowed.key))
        and (any_value or same_value)
        and allowed.effect in (None, asked.effect)
    )


def amount(text: str) -> Fraction:
    """CPUs or bytes of a quantity such as 500m, 0.5, 2 or 512Mi. Exact: half a CPU is a half, and not none."""
    return Fraction(text[:-1]) / 1000 if text.endswith("m") else exact_count(text)
