"""Which backups stay, and why. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from hashlib import sha256
from itertools import pairwise

from imagestore.repository.format.roots import AHEAD, BackupRoot, BackupState

DAY_MS = 24 * 3600 * 1000


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
    """The decision on each backup, the oldest first. ``held``: why nothing is forgotten this time. ``token``: approves just that, if
    anything does.
    """

    decisions: tuple[RetentionDecision, ...] = ()
    held: str = ""
    token: str = ""

    @property
    def going(self) -> tuple[BackupRoot, ...]:
        """The backups that no rule keeps."""
        return tuple(d.backup for d in self.decisions if not d.stays)

    @property
    def forgotten(self) -> tuple[BackupRoot, ...]:
        """The backups that go."""
        return () if self.held else self.going


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
    approved: frozenset[str] = frozenset(),
) -> RetentionPlan:
    """Decide. ``verified``: names of backups that were verified. ``needed``: names of others that must stay, and why.

    ``approved``: tokens of holds that a person approved. Each is good for the very backups that would have gone then.
    """
    ordered = sorted(roots, key=lambda root: (root.due, root.order))
    reasons: dict[str, list[str]] = {root.name: [] for root in ordered}
    for name, why in _reasons(ordered, rules, now, verified, needed or {}):
        reasons[name].append(why)
    decisions = tuple(RetentionDecision(root, tuple(reasons[root.name])) for root in ordered)
    return _restrained(RetentionPlan(decisions), rules, now, approved)


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
        if root.state is BackupState.PARTIALLY_FAILED and not any(g.order > root.order for g in good):
            yield root.name, "no later backup succeeded"
        if scheduled and root.scheduled is None and root in good:
            yield root.name, "made by hand"
    yield from _newest_ones(_by_age(good), verified)


def _by_age(roots: Iterable[BackupRoot]) -> list[BackupRoot]:
    """The oldest first. Which one is newest is no matter of the times for which they were scheduled."""
    return sorted(roots, key=lambda root: root.order)


def _newest_ones(good: Sequence[BackupRoot], verified: frozenset[str]) -> Iterable[tuple[str, str]]:
    """Also the last whole one of a bucket that shrank: its hold can be approved by mistake."""
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


def _restrained(
    plan: RetentionPlan, rules: RetentionRules, now: int, approved: frozenset[str]
) -> RetentionPlan:
    """The plan, held where nothing may be forgotten."""
    if not plan.going:
        return plan
    if why := _unsafe(plan, rules, now):
        return replace(plan, held=why)
    for why, token in _suspicious(plan, rules):
        if token not in approved:
            return replace(plan, held=why, token=token)
    return plan


def _token(*what: str) -> str:
    """The first one is a letter: YAML reads that as a string without quotes."""
    return f"r{sha256(chr(10).join(what).encode()).hexdigest()[:9]}"


def _unsafe(plan: RetentionPlan, rules: RetentionRules, now: int) -> str:
    """Why nothing may be forgotten, even if a person approves."""
    if max(d.backup.started for d in plan.decisions) > now + AHEAD:
        return "the newest backup lies in the future; a clock was wrong"
    if rules.keeps_nothing:
        return "no rule keeps a backup; give at least one of last, daily, weekly, monthly, yearly"
    return ""


def _suspicious(plan: RetentionPlan, rules: RetentionRules) -> Iterator[tuple[str, str]]:
    """Why a person should look first, each time with the token that allows it.

    One that is for too many backups is good for just these. That of a bucket that has shrunk is good until it has shrunk again.
    """
    going, decisions = sorted(root.name for root in plan.going), plan.decisions
    if len(going) > max(1, rules.most_share * len(decisions)):
        told = f"{len(going)} of {len(decisions)} backups would go, more than {rules.most_share:.0%}"
        yield told, _token(*going)
    by_age = _by_age(d.backup for d in decisions)
    if (full := _before_it_shrank(by_age)) is not None:
        now = next(root for root in reversed(by_age) if root.state is BackupState.SUCCEEDED).counts.objects
        told = f"the newest backup has {now} objects, {full.name} had {full.counts.objects}: was the bucket emptied?"
        yield told, _token("shrunk", full.name)


def _before_it_shrank(by_age: Sequence[BackupRoot]) -> BackupRoot | None:
    """The last backup of which the next one had less than half, if the newest one still has; None: there is none.

    An emptied source must not age out the backups that still have its content, however many nights later: a hold of one night ended
    before anybody saw it. Of backups between which others were removed nothing is known: a bucket may have shrunk by and by.
    """
    good = [(place, root) for place, root in enumerate(by_age) if root.state is BackupState.SUCCEEDED]
    for (before, full), (after, fewer) in reversed(list(pairwise(good))):
        next_to_each_other = fewer.sequence - full.sequence <= after - before
        if next_to_each_other and _is_half_of(fewer, full) and _is_half_of(good[-1][1], full):
            return full
    return None


def _is_half_of(newest: BackupRoot, before: BackupRoot) -> bool:
    """Whether the newest backup has less than half of what an earlier one has."""
    now, then = newest.counts, before.counts
    return now.objects * 2 < then.objects or now.bytes * 2 < then.bytes


@dataclass(frozen=True)
class Forgetting:
    """What retention is asked for. ``names``: backups that a user names, which go whatever the rules say, but for the newest.

    ``known``: a backup that must be there, and stays; empty: none is known.
    """

    rules: RetentionRules | None = None
    names: frozenset[str] = frozenset()
    verified: frozenset[str] = field(default_factory=frozenset)
    approved: frozenset[str] = field(default_factory=frozenset)  # tokens of holds
    known: str = ""
