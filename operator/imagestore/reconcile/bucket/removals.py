"""Count what a change would have the store delete before it is written, and hold it if that is much.

Only what is new is counted: rules that are in force, or that delete less than these, cost no listing. Nor does a hold that
a person was shown already: its token is valid for that change, however often the operator restarts.
"""

import math
from collections.abc import Iterator

from imagestore.api.lifecyclepolicy import LifecyclePolicySpec
from imagestore.backends.base import Backend, Lists
from imagestore.core.cost import UNPRICED
from imagestore.core.plan import Change, Plan
from imagestore.core.policies import Weight, weigh
from imagestore.core.units import grouped
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.forecast.pricing import prices
from imagestore.forecast.tally import at_once
from imagestore.forecast.terms import Terms
from imagestore.reconcile.bucket import holds
from imagestore.reconcile.bucket.situation import BucketSituation
from imagestore.reconcile.lifecycle.merging import Merged
from imagestore.reconcile.shared.digests import inputs_hash
from imagestore.reconcile.shared.survey import Purpose, SurveyAnswer, SurveyQuestion

PERCENT = 20  # of a bucket, which may be deleted without an approval
_COUNT_VALID = 3600.0  # seconds for which a count is good enough to write by
UNCOUNTED = "what it would remove cannot be counted"


def weighed(s: BucketSituation, backend: Backend, todo: Plan) -> Plan:
    """The plan with deletions of content held while they are counted, and a risk where they are too many."""
    removing = [c for c in todo.writes if c.removing]
    weights = {c.digest: known for c in removing if (known := _known(s, c)) is not None}
    asked = [c for c in removing if c.digest not in weights]
    if not asked:
        s.surveys.drop(Purpose.REMOVAL)
    return weigh(weights | {c.digest: _weight(s, backend, c) for c in asked})(todo)


def most(s: BucketSituation) -> int:
    """How many percent of a bucket may be deleted without an approval."""
    limits = s.store.spec.limits if s.store.spec else None
    given = limits.max_removal_percent if limits else None
    return PERCENT if given is None else given


def _known(s: BucketSituation, change: Change) -> Weight | None:
    """The weight that needs no count: no limit here, approved already, or held with a count already."""
    hold = holds.known_holds(s).get(change.digest)
    if most(s) >= 100 or (hold is not None and hold.token in s.spec.approve):
        return Weight()
    if hold is None or s.status.inputs_hash != inputs_hash(s.store.spec, s.contributions):
        return None
    return None if hold.removes is None else Weight(risk=hold.removes)


def _weight(s: BucketSituation, backend: Backend, change: Change) -> Weight:
    if not isinstance(change.after, Lifecycle):
        return Weight(risk=UNCOUNTED, counted=False)
    rules = change.after.restrict(change.parts).rules
    today = s.now.date()
    asked = question(s, backend, tuple(at_once(r, today) for r in rules))
    # A hold for another reason only shows a number: an old one will do.
    age = math.inf if change.risk else _COUNT_VALID
    answer = s.surveys.ask(Purpose.REMOVAL, asked, backend, today, age)
    if answer.counted is None:
        return _uncounted(answer, change)
    census = answer.counted.census
    risky = change.risk or census.exceeds(change.removing, most(s))
    return Weight(risk=census.sentence(change.removing) if risky else None)


def _uncounted(answer: SurveyAnswer, change: Change) -> Weight:
    if answer.final:
        why = f"{UNCOUNTED} ({answer.trouble}); see that the operator may list the bucket"
        return Weight(risk=why, counted=False)
    names = ", ".join(sorted(change.removing)[:5])
    far = f"what {names} would remove is being counted: {grouped(answer.keys)} keys so far"
    return Weight(pending=f"{far}; {answer.trouble}" if answer.trouble else far)


def question(s: BucketSituation, backend: Backend, rules: tuple[LifecycleRule, ...]) -> SurveyQuestion:
    """The question about this bucket, with its store's terms and prices."""
    terms = backend.terms(versioned=False) if isinstance(backend, Lists) else Terms()
    wished = s.spec.versioning.state if s.spec.versioning else None
    table = prices(backend.name, s.store.spec, backend.list_prices) if s.store.spec else UNPRICED
    return SurveyQuestion(backend.name, s.spec.bucket_name, rules, terms, wished, table, s.merged.digest)


def count_previews(s: BucketSituation, backend: Backend) -> None:
    """Have counted what the policies of this bucket would do, as often as they ask for a preview."""
    asking = dict(_previewed(s))
    merged = s.merged if asking else Merged()
    hours = [h for name, h in asking.items() if merged.verdicts[name].parts]
    if not hours:
        s.surveys.drop(Purpose.PREVIEW)
        return
    asked = question(s, backend, merged.wish.canonical().rules)
    s.surveys.ask(Purpose.PREVIEW, asked, backend, s.now.date(), min(hours) * 3600.0)


def _previewed(s: BucketSituation) -> Iterator[tuple[str, int]]:
    """The LifecyclePolicies that ask for a preview, and every how many hours."""
    for contribution in s.contributions:
        spec = contribution.value
        if isinstance(spec, LifecyclePolicySpec) and (hours := spec.previewed_every):
            yield contribution.origin.name, hours


def drop_counts(s: BucketSituation) -> None:
    """Stop all counts of this bucket."""
    for purpose in Purpose:
        s.surveys.drop(purpose)
