"""A bucket's lifecycle: its own rules and those of the policies that match it, as one set. Pure.

Rules of one author never contradict each other here. Of two authors the bucket's own spec prevails, then the policy with the
higher priority. Between equals neither rule is changed: what is in force stays as it is observed, until a user decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import groupby

from imagestore.api.lifecyclepolicy import LifecyclePolicySpec
from imagestore.core.losses import beyond, uses
from imagestore.core.reading import Level, Support
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.reconcile.lifecycle.contradictions import contradiction
from imagestore.reconcile.shared.contribution import (
    NOT_UNDERSTOOD,
    Contribution,
    ContributionVerdict,
    Contributor,
    Joined,
)
from imagestore.reconcile.shared.digests import wish_digest

FACET, POLICY = "lifecycle", "LifecyclePolicy"
UNNAMED = (
    ""  # the name of policies of which it is not known whether there are any: their rules stay as they are
)
MOST_RULES = 250  # a status lists each by name


def contributed(name: str, digest: str, spec: LifecyclePolicySpec | None) -> Contribution:
    """What a LifecyclePolicy contributes to a bucket that it is for. ``spec`` None: it is not understood."""
    return Contribution(FACET, spec, Contributor(POLICY, name), digest)


UNKNOWN_POLICIES = contributed(UNNAMED, "", None)


@dataclass(frozen=True)
class _Policy:
    """A contribution of a LifecyclePolicy."""

    name: str
    spec: LifecyclePolicySpec | None

    @property
    def priority(self) -> int:
        """Its priority: the higher one prevails."""
        return (self.spec.priority or 0) if self.spec else 0


def _policy(contribution: Contribution) -> _Policy:
    spec = contribution.value
    return _Policy(contribution.origin.name, spec if isinstance(spec, LifecyclePolicySpec) else None)


@dataclass(frozen=True)
class Merged:
    """The desired rules, those that stay as they are observed, and why. See ``Lifecycle.kept``."""

    rules: tuple[LifecycleRule, ...] = ()
    kept: frozenset[str] = frozenset()
    exclusive: bool | None = None
    given: bool = False  # the bucket's own spec has lifecycle
    verdicts: Mapping[str, ContributionVerdict] = field(default_factory=dict)

    @cached_property
    def wish(self) -> Lifecycle:
        """The desired lifecycle as one value. Its parts were validated."""
        said = {"rules": self.rules, "exclusive": self.exclusive, "kept": self.kept or None}
        return Lifecycle(rules=()).model_copy(update=said)

    @cached_property
    def digest(self) -> str:
        """The digest that a status has once the store was observed to hold all of it."""
        return wish_digest(self.wish)

    def joined(self, *, known: bool) -> Joined:
        """The result in the form of any other setting. ``known``: lifecycle was managed until now.

        A lifecycle without desired rules counts as desired where a managed rule has to stay as it is.
        """
        silent = not self.given and not self.rules and not (self.kept and known)
        verdicts = {Contributor(POLICY, name): verdict for name, verdict in self.verdicts.items()}
        return Joined(None if silent else self.wish, verdicts)


@dataclass(frozen=True)
class _Candidate:
    policy: _Policy
    rule: LifecycleRule

    @property
    def name(self) -> str:
        return f"{self.policy.name}/{self.rule.name}"


@dataclass
class _Draft:
    """The rules and verdicts while policies are merged."""

    own: tuple[LifecycleRule, ...]
    accepted: list[_Candidate] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    lost: dict[str, dict[str, str]] = field(default_factory=dict)  # by policy: path and why
    conflicts: dict[str, list[str]] = field(default_factory=dict)  # by policy: sentences

    def refuse(self, policy: str, why: Mapping[str, str]) -> None:
        self.lost.setdefault(policy, {}).update(why)

    def oppose(self, candidate: _Candidate, sentence: str) -> None:
        self.conflicts.setdefault(candidate.policy.name, []).append(f"rule {candidate.rule.name}: {sentence}")


@lru_cache(maxsize=256)
def merged_once(own: str | None, policies: tuple[Contribution, ...], support: Support) -> Merged:
    """The cached result of ``merge`` for buckets that are alike. ``own``: the bucket's own lifecycle as JSON."""
    return merge(None if own is None else Lifecycle.model_validate_json(own), policies, support)


def merge(own: Lifecycle | None, policies: Sequence[Contribution], support: Support) -> Merged:
    """Merge a bucket's own rules with those of its policies. The order of the policies does not matter."""
    draft = _Draft(own.rules if own else ())
    ordered = sorted(map(_policy, policies), key=lambda p: (-p.priority, p.name))
    for _, equals in groupby(ordered, key=lambda p: p.priority):
        _judge(draft, [c for p in equals for c in _holdable(draft, p, support)])
    _bound(draft)
    verdicts = {p.name: _verdict(draft, p) for p in ordered}
    exclusive = _exclusive(own, [p.spec for p in ordered if p.spec and verdicts[p.name].parts])
    rules = (c.rule.model_copy(update={"name": c.name}) for c in draft.accepted)
    return Merged((*draft.own, *rules), frozenset(draft.kept), exclusive, own is not None, verdicts)


def _exclusive(own: Lifecycle | None, applied: Sequence[LifecyclePolicySpec]) -> bool | None:
    """One author that is exclusive makes the whole set exclusive."""
    if any(spec.exclusive for spec in applied):
        return True
    return own.exclusive if own else None


def _holdable(draft: _Draft, policy: _Policy, support: Support) -> list[_Candidate]:
    """The rules of a policy that the store can hold, as its onUnsupported says."""
    if policy.spec is None:
        draft.kept.add(f"{policy.name}/")
        return []
    lacking = {r.name: why for r in policy.spec.rules if (why := _lacking(r, support))}
    for why in lacking.values():
        draft.refuse(policy.name, why)
    if lacking and policy.spec.on_unsupported != "SkipRule":
        draft.kept.add(f"{policy.name}/")
        return []
    draft.kept |= {f"{policy.name}/{name}" for name in lacking}
    return [_Candidate(policy, r) for r in policy.spec.rules if r.name not in lacking]


def _lacking(rule: LifecycleRule, support: Support) -> dict[str, str]:
    """What a store cannot hold of one rule: the path, and why or what to do."""
    if support.level is Level.NONE:
        return {f"rules[name={rule.name}]": support.reason or "this store has no lifecycle"}
    alone = Lifecycle(rules=(rule,))
    return dict.fromkeys(uses(alone, support.lost), support.reason) | beyond(alone, support.limits)


def _judge(draft: _Draft, equals: Sequence[_Candidate]) -> None:
    """Judge candidates of one priority against the accepted rules, then against each other."""
    standing = [c for c in equals if not _yields(draft, c)]
    opposed = {c.name: list(_opponents(c, standing)) for c in standing}
    for candidate in standing:
        for sentence in opposed[candidate.name]:
            draft.oppose(candidate, sentence)
    draft.kept |= {name for name, found in opposed.items() if found}
    draft.accepted += [c for c in standing if not opposed[c.name]]


def _yields(draft: _Draft, candidate: _Candidate) -> bool:
    """Whether an author that prevails contradicts; then the rule is removed, also where it is in force."""
    for rule in draft.own:
        if why := contradiction(candidate.rule, rule):
            draft.oppose(candidate, f"the bucket's own rule {rule.name} {why}, and prevails")
            return True
    for other in draft.accepted:
        if other.policy.priority > candidate.policy.priority and (
            why := contradiction(candidate.rule, other.rule)
        ):
            whom = f"rule {other.rule.name} of the LifecyclePolicy {other.policy.name}"
            draft.oppose(candidate, f"{whom} {why}, and prevails by its priority {other.policy.priority}")
            return True
    return False


def _opponents(candidate: _Candidate, among: Sequence[_Candidate]) -> Iterator[str]:
    for other in among:
        if other.policy.name != candidate.policy.name and (why := contradiction(candidate.rule, other.rule)):
            whom = f"rule {other.rule.name} of the LifecyclePolicy {other.policy.name}"
            yield (
                f"{whom}, whose priority {other.policy.priority} is the same, {why}; give one of them a higher"
                " priority, or change a rule"
            )


def _bound(draft: _Draft) -> None:
    """Drop the policies with the lowest priority while there are more rules than a status can list."""
    while draft.accepted and len(draft.own) + len(draft.accepted) > MOST_RULES:
        last = draft.accepted[-1].policy.name
        draft.accepted = [c for c in draft.accepted if c.policy.name != last]
        draft.kept.add(f"{last}/")
        draft.refuse(last, {"rules": f"a bucket may have {MOST_RULES} rules in all; declare fewer"})


def _verdict(draft: _Draft, policy: _Policy) -> ContributionVerdict:
    rules = frozenset(c.name for c in draft.accepted if c.policy.name == policy.name)
    conflicts, lost = draft.conflicts.get(policy.name), draft.lost.get(policy.name)
    if policy.spec is None:
        return ContributionVerdict(rules, "Pending", message=NOT_UNDERSTOOD)
    if conflicts:
        return ContributionVerdict(rules, "Conflict", tuple(lost or ()), "; ".join(conflicts))
    if lost:
        return ContributionVerdict(rules, "Lossy", tuple(lost), _losses(lost, skipped=bool(rules)))
    return ContributionVerdict(rules)


def _losses(lost: Mapping[str, str], *, skipped: bool) -> str:
    by_reason: dict[str, list[str]] = {}
    for path, why in lost.items():
        by_reason.setdefault(why, []).append(path)
    said = "; ".join(f"{', '.join(paths)}: {why}" for why, paths in by_reason.items())
    done = "these rules are skipped, the others applied" if skipped else "no rule is applied"
    return f"the store cannot hold {said}; {done}"
