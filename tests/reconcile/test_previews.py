"""What a policy's status says of what its rules would touch."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from imagestore.api.lifecyclepolicy import LISTED, LifecyclePolicySpec, PreviewStatus
from imagestore.backends.base import Backend
from imagestore.core.census import Amount, Census
from imagestore.forecast.tally import Counted, Touch
from imagestore.reconcile.lifecycle.bucket_view import BucketView
from imagestore.reconcile.lifecycle.previews import preview_status
from imagestore.reconcile.shared.contribution import ContributionVerdict
from imagestore.reconcile.shared.survey import Bounded, Purpose, SurveyAnswer, SurveyQuestion
from tests.reconcile.test_lifecyclepolicy import lifecycle
from tests.reconcile.test_removals import ALL, COOL, library
from tests.reconcile.world import START, World, declared

DAY = date(2026, 11, 25)
NOW, SOON, GONE, HIDDEN = Amount(10, 1000), Amount(5, 500), Amount(11, 1100), Amount(4, 400)
MONEY: dict[str, Any] = {"saving": Decimal("1.5"), "fees": Decimal("0.25")}


def counted(rule: str = "tidy/all", now: Amount = NOW, currency: str = "EUR", **more: Any) -> Counted:
    return Counted(DAY, Census(), (Touch(rule, now, SOON, GONE, HIDDEN, **{**MONEY, **more}),), currency)


def bucket(name: str, found: Counted | None, **more: Any) -> BucketView:
    return BucketView(name, ContributionVerdict(frozenset({"tidy/all"})), lifecycle(), counted=found, **more)


def told(*buckets: BucketView, before: PreviewStatus | None = None, **spec: Any) -> Any:
    whole = {"bucketRefs": [{"name": "photos"}], "rules": [ALL], "preview": {"enabled": True}, **spec}
    found = preview_status("tidy", LifecyclePolicySpec.model_validate(whole), buckets, before)
    return found and found.to_json()


def test_it_says_what_was_counted_and_of_how_many() -> None:
    said = told(bucket("photos", counted()), bucket("press", None))
    assert (said["counted"], said["pending"]) == (1, 1)
    row = {
        "now": {"objects": 10, "bytes": 1000},
        "next30Days": {"objects": 5, "bytes": 500},
        "removed": {"objects": 11, "bytes": 1100},
        "hidden": {"objects": 4, "bytes": 400},
        "monthlySaving": "1.50",
        "feesOnce": "0.25",
        "currency": "EUR",
        "asOf": "2026-11-25",
    }
    assert said["buckets"] == [row | {"name": "photos/all", "bucket": "photos", "rule": "all"}]
    assert said["rules"] == [row | {"name": "all", "buckets": 1}]


def test_a_bucket_that_is_not_counted_is_no_zero() -> None:
    said = told(bucket("photos", None, trouble="Denied: no"))
    assert (said["counted"], said["pending"], said["rules"], said["buckets"]) == (0, 1, [], [])
    assert said["message"] == "photos: Denied: no"


def test_a_bucket_where_no_rule_of_it_is_wished_is_not_waited_for() -> None:
    torn = replace(bucket("photos", None), verdict=ContributionVerdict(state="Conflict"))
    assert told(torn)["pending"] == 0


def test_it_is_only_for_who_asks() -> None:
    assert told(bucket("photos", counted()), preview=None) is None
    assert told(bucket("photos", counted()), preview={"enabled": False}) is None


def test_the_rows_with_most_bytes_are_shown_and_totals_have_all() -> None:
    many = [bucket(f"b{n:03}", counted(now=Amount(1, n))) for n in range(LISTED + 20)]
    said = told(*many)
    assert len(said["buckets"]) == LISTED
    assert said["buckets"][0]["bucket"] == f"b{LISTED + 19}"
    assert said["rules"][0]["now"]["objects"] == LISTED + 20
    assert said["rules"][0]["buckets"] == said["counted"] == LISTED + 20


def test_amounts_are_added_only_where_all_are_known_and_alike() -> None:
    both = told(bucket("a", counted()), bucket("b", counted()))["rules"][0]
    assert (both["monthlySaving"], both["feesOnce"]) == ("3.00", "0.50")
    for other in (counted(currency="USD"), counted(saving=None)):
        assert "monthlySaving" not in told(bucket("a", counted()), bucket("b", other))["rules"][0]


def test_what_was_told_stays_while_it_is_counted_anew_after_a_restart() -> None:
    before = PreviewStatus.model_validate(told(bucket("photos", counted())))
    said = told(bucket("photos", None), bucket("press", None), before=before)
    assert said["buckets"] == before.to_json()["buckets"]
    assert (said["counted"], said["pending"]) == (1, 1)


@dataclass
class Listening:
    """Remembers what it was asked, and knows nothing."""

    asked: list[tuple[Purpose, tuple[str, ...], float]] = field(default_factory=list)

    def ask(
        self, purpose: Purpose, question: SurveyQuestion, backend: Backend, today: date, age: float
    ) -> SurveyAnswer:
        self.asked.append((purpose, tuple(r.name for r in question.rules), age))
        return SurveyAnswer()

    def drop(self, purpose: Purpose) -> None:
        """It knows nothing."""


def test_a_bucket_is_counted_for_the_policy_that_asks_most_often() -> None:
    def asked(w: World) -> Any:
        w.surveys = listening = Listening()
        w.later().step()
        return listening.asked

    w = library("photos/")
    w.policies["moves"] = {"rules": [COOL], "preview": {"enabled": True}}
    w.policies["often"] = {"rules": [{**COOL, "name": "b"}], "preview": {"enabled": True, "everyHours": 2}}
    assert asked(w) == [(Purpose.PREVIEW, ("moves/cool", "often/b"), 7200.0)]
    w.spec["suspend"] = True
    assert asked(w) == [], "nothing is looked at"
    del w.spec["suspend"]
    w.spec["mode"] = "Observe"
    assert asked(w), "looking is what it is for"
    for policy in w.policies.values():
        policy["preview"] = {"enabled": False}
    assert asked(w) == []


def test_the_first_run_of_a_rule_is_now_and_the_month_after_it_soon() -> None:
    w = library("photos/", "photos/").fill("photos/", age=20)
    backend = w.situation().store.backend
    assert backend is not None
    answer = Bounded().ask(Purpose.PREVIEW, _question(w), backend, START.date(), 0)
    assert answer.counted is not None
    (touch,) = answer.counted.touches
    assert (touch.now, touch.soon, touch.removed) == (Amount(2, 200), Amount(1, 100), Amount(3, 300))


def _question(w: World) -> SurveyQuestion:
    spec = declared("tidy", rules=[ALL]).value
    assert isinstance(spec, LifecyclePolicySpec)
    return SurveyQuestion("memory", w.spec["bucketName"], spec.rules)
