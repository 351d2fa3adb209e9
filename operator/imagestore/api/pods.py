"""The pods of a run that is a Job: where they run, and what they may use."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.core.model import LABEL_KEYS, Cel, Form, LabelValue, Model, Name

_CPU = r"^([0-9]+m|[0-9]+(\.[0-9]{1,3})?)$"
_MEMORY = r"^[0-9]+(\.[0-9]+)?(k|M|G|T|Ki|Mi|Gi|Ti)?$"


class PodAmounts(Model):
    """CPU and memory of one pod."""

    cpu: Annotated[
        str | None,
        Field(pattern=_CPU, max_length=16, description="CPU, such as 500m or 2."),
        Form("write CPU as 500m or 2"),
    ] = None
    memory: Annotated[
        str | None,
        Field(pattern=_MEMORY, max_length=16, description="Memory, such as 512Mi."),
        Form("write memory as 512Mi or 2Gi"),
    ] = None


class PodResources(Model):
    """Resources of one pod."""

    requests: Annotated[
        PodAmounts | None, Field(description="What a node must have free. Defaults to the chart's.")
    ] = None
    limits: Annotated[
        PodAmounts | None, Field(description="What a pod may use. Defaults to the chart's.")
    ] = None


class PodToleration(Model):
    """A taint of nodes on which the pods may run."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "!has(self.operator) || self.operator != 'Exists' || !has(self.value)",
            "with operator Exists any value fits; remove value, or write operator: Equal",
        ),
        Cel(
            "has(self.operator) && self.operator == 'Exists' || has(self.key)",
            "a toleration without a key tolerates every taint; give key, or write operator: Exists",
        ),
    )

    key: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=317,
            pattern=r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$",
            description="Key of the taint.",
        ),
        Form(
            "a taint's key has letters, digits and - _ . only, after a prefix such as example.com/ if it has one"
        ),
    ] = None
    operator: Annotated[
        Literal["Equal", "Exists"] | None,
        Field(description="Equal: the taint has this value. Exists: it has any. Defaults to Equal."),
    ] = None
    value: Annotated[LabelValue | None, Field(description="Value of the taint.")] = None
    effect: Annotated[
        Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None,
        Field(description="Effect of the taint. Absent: any."),
    ] = None


class RunPods(Model):
    """Pods of runs that are Jobs. They run in the operator's namespace."""

    node_selector: Annotated[
        dict[str, LabelValue] | None,
        LABEL_KEYS,
        Field(
            max_length=16,
            description="Labels that a node must have, besides those that the chart's jobs.nodeSelector asks for. The chart's"
            " jobs.allowedNodeSelectors must have each.",
        ),
    ] = None
    tolerations: Annotated[
        tuple[PodToleration, ...] | None,
        Field(
            max_length=16,
            description="Taints of nodes on which the pods may run, such as those of spot nodes, besides the chart's: what a"
            " pod has done is not done again when its node goes. The chart's jobs.allowedTolerations must allow each.",
        ),
    ] = None
    resources: Annotated[PodResources | None, Field(description="CPU and memory of each pod.")] = None
    priority_class_name: Annotated[
        Name | None,
        Field(
            description="PriorityClass of the pods. The chart's jobs.priorityClassNames must have it. Defaults to none."
        ),
    ] = None
