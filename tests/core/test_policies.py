"""Restraints hold exactly what they say they hold, and nothing else changes."""

from imagestore.api.imagebucket import FACETS
from imagestore.core.facet import Facet, Parts
from imagestore.core.plan import Op, Plan, plan
from imagestore.core.policies import hold_everything, hold_risky, ignoring, observe_only
from imagestore.core.reading import Found, Missing, Reading, Unreadable, Unsupported
from imagestore.core.reasons import Reason
from imagestore.facets.cors import Cors
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import Expire, LifecycleRule
from imagestore.facets.policy import TLS_SID, BucketPolicy, Statement
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning
from imagestore.facets.website import RedirectAll, Website

OFF = Versioning(state="Suspended")
ON = Versioning(state="Enabled")


def planned(
    wishes: dict[str, Facet], readings: dict[str, Reading], managed: dict[str, Parts] | None = None
) -> Plan:
    return plan(wishes, readings, managed or {}, FACETS)


RISKY = planned(
    {"versioning": OFF, "tags": Tags(values={"a": "b"}), "policy": BucketPolicy(require_tls=False)},
    {"versioning": Found(ON), "tags": Missing(), "policy": Found(BucketPolicy(require_tls=True))},
)


def ops(plan: Plan) -> dict[str, Op]:
    return {c.facet: c.op for c in plan.changes}


def test_observing_writes_nothing_and_still_says_what_differs() -> None:
    seen = observe_only(RISKY)
    assert seen.writes == ()
    assert seen.differences == RISKY.differences


def test_everything_is_held_for_one_reason_and_one_token() -> None:
    held = hold_everything(Reason.NOT_CONVERGING, "an existing bucket", "t")(RISKY)
    assert held.writes == ()
    assert {(c.reason, c.token) for c in held.held} == {(Reason.NOT_CONVERGING, "t")}


def test_what_is_risky_waits_and_what_is_not_goes_on() -> None:
    held = hold_risky({}, frozenset())(RISKY)
    assert ops(held) == {"versioning": Op.HOLD, "tags": Op.SET, "policy": Op.HOLD}


def test_a_token_lets_only_its_own_change_through() -> None:
    """An approval left in the spec must never approve the next change (design 8.11, docs/decisions.md)."""
    tokens = {c.digest: f"token-{c.facet}" for c in RISKY.changes}
    assert ops(hold_risky(tokens, {"token-versioning"})(RISKY)) == {
        "versioning": Op.SET,
        "tags": Op.SET,
        "policy": Op.HOLD,
    }


def test_a_change_without_a_token_is_not_approved_by_an_empty_one() -> None:
    assert ops(hold_risky({}, {""})(RISKY))["versioning"] is Op.HOLD


def test_the_same_change_has_the_same_digest_and_another_has_another() -> None:
    again = planned({"versioning": OFF}, {"versioning": Found(ON)})
    other = planned({"versioning": ON}, {"versioning": Found(OFF)})
    assert again.changes[0].digest == next(c.digest for c in RISKY.changes if c.facet == "versioning")
    assert again.changes[0].digest != other.changes[0].digest
    assert planned({}, {}).digest == ""


def test_what_cannot_be_read_is_not_written() -> None:
    unknown: Reading = Unreadable(Reason.DENIED, "no s3:GetBucketVersioning")
    assert ops(planned({"versioning": ON}, {"versioning": unknown})) == {"versioning": Op.HOLD}
    assert ops(planned({}, {"tags": unknown}, {"tags": frozenset("a")})) == {"tags": Op.HOLD}


def test_what_is_not_supported_is_skipped_only_while_it_is_wished() -> None:
    """Whoever removes an unsupported setting from the spec must get Ready back."""
    no: Reading = Unsupported("the store has no CORS")
    assert ops(planned({"cors": Cors()}, {"cors": no})) == {"cors": Op.SKIP}
    assert ops(planned({}, {"cors": no}, {"cors": frozenset()})) == {"cors": Op.KEEP}


def test_an_ignored_tag_of_somebody_else_does_not_become_ours() -> None:
    """Else it would be deleted on the day somebody tidies up spec.drift.ignore."""
    there: Reading = Found(Tags(values={"app": "x", "cost-center": "7"}))
    relaxed = ignoring(Tags(values={"app": "x"}), there, ['tags["cost-center"]'], "tags")
    assert relaxed == Tags(values={"app": "x"})


def test_of_the_entries_only_the_ignored_one_is_taken_over() -> None:
    """Neither another that differs as well, nor one that agrees, is lost or taken."""
    desired = Tags(values={"app": "x", "cost-center": "1", "team": "shop"})
    there: Reading = Found(Tags(values={"app": "y", "cost-center": "7", "team": "shop"}))
    relaxed = ignoring(desired, there, ['tags["cost-center"]'], "tags")
    assert relaxed == Tags(values={"app": "x", "cost-center": "7", "team": "shop"})


def test_an_ignored_entry_that_the_store_has_not_is_not_written() -> None:
    there: Reading = Found(Tags(values={"app": "x"}))
    relaxed = ignoring(Tags(values={"app": "x", "a": "1"}), there, ['tags["a"]'], "tags")
    assert relaxed == Tags(values={"app": "x"})


def test_an_ignored_rule_that_is_gone_is_written_whole() -> None:
    """There is no day to take over, and half a rule would be worse than none."""
    rule = LifecycleRule(name="a", expire=Expire(days=3))
    wish = Lifecycle(rules=(rule,))
    assert (
        ignoring(wish, Found(Lifecycle()), ["lifecycle.rules[name=a].expire.days"], "lifecycle")
        == wish.canonical()
    )


def test_any_item_can_be_ignored() -> None:
    wish = Lifecycle(rules=(LifecycleRule(name="a", expire=Expire(days=3), state="Enabled"),))
    there = Lifecycle(rules=(LifecycleRule(name="a", expire=Expire(days=9), state="Enabled"),))
    assert ignoring(wish, Found(there), ["lifecycle.rules[].expire.days"], "lifecycle") == there


def test_what_a_store_answers_is_taken_as_it_is_however_odd() -> None:
    """Answers were never validated: a name longer than we would take must not stop a reconcile."""
    odd = Statement.model_construct(
        sid="s" * 999, effect="Deny", principals=("*",), actions=(), resources=(), conditions=(), raw="{}"
    )
    there = BucketPolicy.model_construct(statements=(odd,), require_tls=None, exclusive=None)
    relaxed = ignoring(BucketPolicy(exclusive=True), Found(there), ["policy.statements[]"], "policy")
    assert isinstance(relaxed, BucketPolicy)
    assert relaxed.statements == (odd,)


def test_ignoring_does_not_stop_at_a_slip() -> None:
    assert ignoring(ON, Found(OFF), ["versioning.state.Enabled", "versioning[].x"], "versioning") == ON


def test_foreign_rules_keep_what_only_their_driver_understands_when_ignored() -> None:
    """An exclusive wish that ignores a foreign rule writes that rule back: verbatim or not at all."""
    foreign = LifecycleRule(name="foreign/x", state="Enabled", raw='{"Transitions": []}')
    wish = Lifecycle(rules=(LifecycleRule(name="a", expire=Expire(days=3)),), exclusive=True)
    relaxed = ignoring(
        wish, Found(Lifecycle(rules=(foreign,))), ["lifecycle.rules[name=foreign/x]"], "lifecycle"
    )
    assert isinstance(relaxed, Lifecycle)
    assert foreign in relaxed.rules


def test_require_tls_stays_where_the_spec_falls_silent_and_goes_where_it_says_false() -> None:
    """Silence is no opinion; lifting a protection takes a word and a person's consent."""
    there: Reading = Found(BucketPolicy(require_tls=True))
    ours = {"policy": frozenset({TLS_SID})}
    assert ops(planned({"policy": BucketPolicy()}, {"policy": there}, ours)) == {"policy": Op.KEEP}
    lifted = planned({"policy": BucketPolicy(require_tls=False)}, {"policy": there}, ours).changes[0]
    assert (lifted.op, lifted.risk) == (Op.SET, f"{TLS_SID} would no longer deny anything")


def test_facets_are_applied_after_those_they_need() -> None:
    names = list(FACETS)
    wishes: dict[str, Facet] = {"lifecycle": Lifecycle(), "versioning": ON}
    changed = [c.facet for c in planned(wishes, {}).changes]
    assert changed == ["versioning", "lifecycle"]
    for name, kind in FACETS.items():
        assert all(earlier in names and earlier != name for earlier in kind.after)


def test_ignoring_all_of_a_wish_clears_nothing() -> None:
    """A signpost that is ignored on a bucket with pages would have left `website: {}`, which clears them."""
    wish = Website(redirect_all_requests_to=RedirectAll(host_name="www.shop.example"))
    pages = Website(index_document="index.html")
    for ignored in ("website", "website.redirectAllRequestsTo"):
        relaxed = ignoring(wish, Found(pages), [ignored], "website")
        assert planned({"website": relaxed}, {"website": Found(pages)}).writes == ()
    cleared = ignoring(Website(), Found(pages), ["website.indexDocument"], "website")
    assert ops(planned({"website": cleared}, {"website": Found(pages)})) == {"website": Op.SET}
