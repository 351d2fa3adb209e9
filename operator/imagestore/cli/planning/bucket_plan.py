"""The plan of one bucket: data for the reports, and the exit code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from imagestore.cli.manifests.problems import Problem, SourceLine
from imagestore.core.plan import Op, Plan
from imagestore.core.reasons import Reason

_Call = dict[str, Any]


class Exit(IntEnum):
    """Exit codes of plan and preview. Errors outweigh changes."""

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
    calls: Mapping[str, tuple[_Call, ...]] = field(default_factory=dict)

    @property
    def shown(self) -> Plan:
        """The plan without the settings that a problem already names."""
        known = {p.path.removeprefix("spec.") for p in self.problems}
        return Plan(tuple(c for c in self.plan.changes if c.writes or c.facet not in known))

    @property
    def exit(self) -> Exit:
        """Whether anything would change. A change that waits for approval or for a count is one, too."""
        if self.problems:
            return Exit.ERROR
        held = any(c.op is Op.HOLD and c.reason in _WAITING for c in self.plan.changes)
        return Exit.CHANGES if self.create or self.plan.writes or held else Exit.NOTHING


_WAITING = (Reason.NEEDS_APPROVAL, Reason.COUNTING)


def overall(buckets: tuple[BucketPlan, ...], problems: tuple[Problem, ...]) -> Exit:
    """The exit code of all plans together."""
    codes = {v.exit for v in buckets}
    if problems or Exit.ERROR in codes:
        return Exit.ERROR
    return Exit.CHANGES if Exit.CHANGES in codes else Exit.NOTHING
