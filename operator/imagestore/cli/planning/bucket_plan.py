"""What was found out about one bucket: data for rendering, and the exit code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from imagestore.cli.manifests.problems import Problem, SourceLine
from imagestore.core.plan import Op, Plan
from imagestore.core.reasons import Reason

Call = dict[str, Any]


class Exit(IntEnum):
    """Exit codes; errors outweigh changes."""

    NOTHING = 0
    ERROR = 1
    CHANGES = 2


@dataclass(frozen=True)
class BucketPlan:
    """One bucket. ``problems``: what the operator would refuse, or what could not be found out.

    ``calls``: per setting, and under ``create``, what would be sent to the store.
    """

    label: str
    place: SourceLine
    backend: str
    bucket: str
    plan: Plan = field(default_factory=Plan)
    create: bool = False
    adopt: bool = False
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    calls: Mapping[str, tuple[Call, ...]] = field(default_factory=dict)

    @property
    def told(self) -> Plan:
        """The plan less the settings that a problem already speaks of."""
        known = {p.path.removeprefix("spec.") for p in self.problems}
        return Plan(tuple(c for c in self.plan.changes if c.writes or c.facet not in known))

    @property
    def exit(self) -> Exit:
        """Whether anything would change. What waits for a person's approval, or to be counted, is a change."""
        if self.problems:
            return Exit.ERROR
        held = any(c.op is Op.HOLD and c.reason in _WAITING for c in self.plan.changes)
        return Exit.CHANGES if self.create or self.plan.writes or held else Exit.NOTHING


_WAITING = (Reason.NEEDS_APPROVAL, Reason.COUNTING)


def overall(buckets: tuple[BucketPlan, ...], problems: tuple[Problem, ...]) -> Exit:
    """Of the whole run."""
    codes = {v.exit for v in buckets}
    if problems or Exit.ERROR in codes:
        return Exit.ERROR
    return Exit.CHANGES if Exit.CHANGES in codes else Exit.NOTHING
