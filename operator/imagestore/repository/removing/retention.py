"""Which backups stay, and why. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from imagestore.repository.format.roots import BackupRoot, BackupState

DAY_MS = 24 * 3600 * 1000
AHEAD = 15 * 60 * 1000  # how far in the future a backup may lie, milliseconds


@dataclass(frozen=True)
class RetentionRules:
    """How many backups stay: the union of all rules, each of which sees all backups (as restic's).

    A period is a calendar one of the due time, in ``zone``; the newest backup of a period stays; periods without one do not count.
    ``min_age``: days that each backup stays. ``most_share``: hold the removal if more than this part of the backups would go.
    """

    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0
    min_age: float = 0
    most_share: float = 0.5
    zone: tzinfo = UTC

    @property
    def keeps_nothing(self) -> bool:
        """Whether no rule would keep a backup."""
        return not (self.last or self.daily or self.weekly or self.monthly or self.yearly)


@dataclass(frozen=True)
class RetentionDecision:
    """Whether a backup stays. ``reasons``: why it does; none: no rule keeps it."""

    backup: BackupRoot
    reasons: tuple[str, ...]

    @property
    def stays(self) -> bool:
        """Whether it stays."""
        return bool(self.reasons)


@dataclass(frozen=True)
class RetentionPlan:
    """The decision on each backup, the oldest first. ``held``: why nothing is forgotten this time."""

    decisions: tuple[RetentionDecision, ...] = ()
    held: str = ""

    @property
    def forgotten(self) -> tuple[BackupRoot, ...]:
        """The backups that go."""
        return () if self.held else tuple(d.backup for d in self.decisions if not d.stays)


_PERIODS: Mapping[str, Callable[[datetime], tuple[int, ...]]] = {
    "daily": lambda t: (t.year, t.month, t.day),
    "weekly": lambda t: tuple(t.isocalendar()[:2]),
    "monthly": lambda t: (t.year, t.month),
    "yearly": lambda t: (t.year,),
}


def retention_plan(
    roots: Sequence[BackupRoot],
    rules: RetentionRules,
    now: int,
    *,
    verified: frozenset[str] = frozenset(),
    needed: Mapping[str, str] | None = None,
) -> RetentionPlan:
    """Decide. ``verified``: names of backups that were verified. ``needed``: names of others that must stay, and why."""
    ordered = sorted(roots, key=lambda root: (root.due, root.started, root.sequence, root.name))
    reasons: dict[str, list[str]] = {root.name: [] for root in ordered}
    for name, why in _reasons(ordered, rules, now, verified, needed or {}):
        reasons[name].append(why)
    decisions = tuple(RetentionDecision(root, tuple(reasons[root.name])) for root in ordered)
    return RetentionPlan(decisions, _held(decisions, rules, now))


def _reasons(
    ordered: Sequence[BackupRoot],
    rules: RetentionRules,
    now: int,
    verified: frozenset[str],
    needed: Mapping[str, str],
) -> Iterable[tuple[str, str]]:
    good = [root for root in ordered if root.state is BackupState.SUCCEEDED]
    scheduled = [root for root in good if root.scheduled is not None]
    yield from _by_rules(scheduled or good, rules)
    for root in ordered:
        if root.name in needed:
            yield root.name, needed[root.name]
        if now - root.started < rules.min_age * DAY_MS:
            yield root.name, f"younger than {rules.min_age:g} days"
        if root.state is BackupState.PARTIALLY_FAILED and not any(g.due > root.due for g in good):
            yield root.name, "no later backup succeeded"
        if scheduled and root.scheduled is None and root in good:
            yield root.name, "made by hand"
    yield from _newest_ones(good, verified)


def _newest_ones(good: Sequence[BackupRoot], verified: frozenset[str]) -> Iterable[tuple[str, str]]:
    """The hold of ``_shrunk`` lasts for one backup only: the next one is as small as its forerunner."""
    for root in [r for r in good if r.name in verified][-1:]:
        yield root.name, "the newest verified"
    for root in good[-1:]:
        yield root.name, "the newest that succeeded"
    for root in [r for r in good if _is_half_of(good[-1], r)][-1:]:
        yield root.name, "the last one before the bucket shrank to less than half"


def _by_rules(good: Sequence[BackupRoot], rules: RetentionRules) -> Iterable[tuple[str, str]]:
    for number, root in enumerate(reversed(good[-rules.last :] if rules.last else []), 1):
        yield root.name, f"last {number} of {rules.last}"
    for rule, period in _PERIODS.items():
        seen: set[tuple[int, ...]] = set()
        for root in reversed(good):
            when = period(datetime.fromtimestamp(root.due / 1000, UTC).astimezone(rules.zone))
            if when not in seen and len(seen) < getattr(rules, rule):
                seen.add(when)
                yield root.name, f"{rule} {len(seen)} of {getattr(rules, rule)}"


def _held(decisions: Sequence[RetentionDecision], rules: RetentionRules, now: int) -> str:
    """Why nothing is forgotten."""
    going = sum(1 for d in decisions if not d.stays)
    if not going:
        return ""
    newest = decisions[-1].backup
    if newest.due > now + AHEAD or newest.started > now + AHEAD:
        return "the newest backup lies in the future; a clock was wrong"
    if rules.keeps_nothing:
        return "no rule keeps a backup; give at least one of last, daily, weekly, monthly, yearly"
    if going > max(1, rules.most_share * len(decisions)):
        return f"{going} of {len(decisions)} backups would go, more than {rules.most_share:.0%}"
    return _shrunk([d.backup for d in decisions if d.backup.state is BackupState.SUCCEEDED])


def _shrunk(good: Sequence[BackupRoot]) -> str:
    """An emptied source must not age out the backups that still have its content."""
    if len(good) < 2:
        return ""
    if _is_half_of(good[-1], good[-2]):
        now, before = good[-1].counts.objects, good[-2].counts.objects
        return f"the newest backup has {now} objects, the one before {before}: was the bucket emptied?"
    return ""


def _is_half_of(newest: BackupRoot, before: BackupRoot) -> bool:
    """Whether the newest backup has less than half of what an earlier one has."""
    now, then = newest.counts, before.counts
    return now.objects * 2 < then.objects or now.bytes * 2 < then.bytes


@dataclass(frozen=True)
class Forgetting:
    """What retention is asked for. ``names``: backups that a user names, which go whatever the rules say, but for the newest."""

    rules: RetentionRules | None = None
    names: frozenset[str] = frozenset()
    verified: frozenset[str] = field(default_factory=frozenset)
