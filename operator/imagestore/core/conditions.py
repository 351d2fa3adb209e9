"""Conditions as Kubernetes and kstatus understand them.

Abnormal-true conditions (Reconciling, Stalled, DriftDetected, ContentLost ...) are present only while
they are true. A condition's ``lastTransitionTime`` moves only when its status moves.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import Field

from imagestore.core.model import ListMap, Model, Sentence, UnknownAs
from imagestore.core.reasons import Reason

Status = Literal["True", "False", "Unknown"]
STATUSES: tuple[Status, ...] = get_args(Status)
# observedGeneration before the first reconcile. An object without any observedGeneration is Current to
# kstatus, so Flux went on while no operator was there.
NEVER = -1
READY = "Ready"
# Present only while they are true.
ABNORMAL = (
    "Reconciling", "Stalled", "DriftDetected", "ContentLost", "Suspended", "TierNotReady", "QuotaNearlyFull",
)  # fmt: skip


class Condition(Model):
    """One condition of an object."""

    type: Annotated[str, Field(max_length=316, description="Type of the condition, such as Ready.")]
    status: Annotated[Status, UnknownAs("Unknown"), Field(description="True, False or Unknown.")]
    reason: Annotated[
        Reason, Field(max_length=1024, description="Reason in one CamelCase word, for programs.")
    ]
    message: Annotated[Sentence, Field(description="Reason in a sentence, for people.")] = ""
    observed_generation: Annotated[
        int | None, Field(ge=0, description="Generation of the object that the condition is about.")
    ] = None
    last_transition_time: Annotated[
        datetime | None, Field(description="When the status of the condition last changed.")
    ] = None


class Judged(Model):
    """What every status begins with."""

    observed_generation: Annotated[
        int,
        Field(
            ge=NEVER,
            description="Generation of the object that was reconciled last. -1 before the first reconcile.",
        ),
    ] = NEVER
    conditions: Annotated[
        tuple[Condition, ...],
        ListMap("type"),
        Field(max_length=16, description="Conditions: Ready, and others while they are true."),
    ] = ()


def condition(type_: str, reason: Reason, message: str = "", status: Status = "True") -> Condition:
    """Return a condition without transition time and generation; ``settle`` adds them."""
    return Condition(type=type_, status=status, reason=reason, message=message)


def stalled(reason: Reason, message: str) -> list[Condition]:
    """Return the conditions of an object that is not ready until a person acts."""
    return [condition("Ready", reason, message, "False"), condition("Stalled", reason, message)]


def reconciling(reason: Reason, message: str, ready: Status = "False") -> list[Condition]:
    """Return the conditions of an object that is not ready yet and is being worked on."""
    return [condition("Ready", reason, message, ready), condition("Reconciling", reason, message)]


def settle(
    now: datetime, generation: int, fresh: Iterable[Condition], before: Iterable[Condition]
) -> tuple[Condition, ...]:
    """Return the conditions to write: ``fresh``, with the transition time of those that ``before`` has with the same
    status.
    """
    old = {c.type: c for c in before}
    return tuple(_stamp(c, old.get(c.type), now, generation) for c in sorted(fresh, key=lambda c: c.type))


def _stamp(fresh: Condition, old: Condition | None, now: datetime, generation: int) -> Condition:
    same = old is not None and old.status == fresh.status and old.last_transition_time is not None
    moment = old.last_transition_time if same and old else now
    return fresh.model_copy(update={"last_transition_time": moment, "observed_generation": generation})


def find(conditions: Iterable[Condition], type_: str) -> Condition | None:
    """Return the condition of this type, or None."""
    return next((c for c in conditions if c.type == type_), None)


def is_true(conditions: Iterable[Condition], type_: str) -> bool:
    """Whether there is a condition of this type and it is true."""
    found = find(conditions, type_)
    return found is not None and found.status == "True"


def violations(conditions: Iterable[Condition], generation: int, observed: int) -> tuple[str, ...]:
    """Return what violates the rules of kstatus in a status; every test that writes one uses it."""
    present = list(conditions)
    wrong = []
    if len({c.type for c in present}) != len(present):
        wrong.append("a condition type appears twice")
    if find(present, READY) is None and not is_true(present, "Suspended"):
        wrong.append("no Ready condition")
    if not NEVER < observed <= generation:
        wrong.append(f"observedGeneration {observed} does not fit generation {generation}")
    wrong += [
        f"{c.type} is present and not True" for c in present if c.type in ABNORMAL and c.status != "True"
    ]
    if is_true(present, READY):
        wrong += [f"Ready and {t}" for t in ("Stalled", "Reconciling") if is_true(present, t)]
    wrong += [f"{c.type} has no reason" for c in present if not c.reason]
    wrong += [f"{c.type} has no transition time" for c in present if c.last_transition_time is None]
    return tuple(wrong)
