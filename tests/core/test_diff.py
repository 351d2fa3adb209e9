"""Differences that were once missed, each with the harm that it would have done."""

from imagestore.core.diff import FieldDiff, diff
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import Expire, LifecycleRule, Match, Noncurrent, NoncurrentExpire
from imagestore.facets.object_lock import ObjectLock
from imagestore.facets.policy import BucketPolicy
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning
from imagestore.facets.website import RedirectAll, Website


def lifecycle(rule: LifecycleRule) -> Lifecycle:
    return Lifecycle(rules=(rule,)).canonical()


def test_a_filter_that_somebody_added_to_our_rule_is_seen() -> None:
    """With a tag filter added behind our back, nothing would expire any more and nobody would know."""
    wish = lifecycle(LifecycleRule(name="a", match=Match(prefix="x/"), expire=Expire(days=3)))
    there = lifecycle(
        LifecycleRule(name="a", match=Match(prefix="x/", tags={"k": "v"}), expire=Expire(days=3))
    )
    assert [f.path for f in diff("lifecycle", there, wish)] == ["lifecycle.rules[name=a].match.tags"]


def test_versions_that_somebody_else_keeps_are_seen() -> None:
    wish = lifecycle(LifecycleRule(name="a", noncurrent=Noncurrent(expire=NoncurrentExpire(days=3))))
    kept = NoncurrentExpire(days=3, keep_newest=5)
    there = lifecycle(LifecycleRule(name="a", noncurrent=Noncurrent(expire=kept)))
    assert diff("lifecycle", there, wish) == (
        FieldDiff("lifecycle.rules[name=a].noncurrent.expire.keepNewest", 5, None),
    )


def test_a_wish_by_presence_alone_is_a_difference() -> None:
    """``objectLock: {}`` on a bucket without a lock would otherwise be Ready, and nothing locked."""
    assert diff("objectLock", None, ObjectLock()) == (FieldDiff("objectLock", None, {}),)
    assert diff("objectLock", ObjectLock(mode="Governance", days=1), ObjectLock()) == ()


def test_a_signpost_that_somebody_else_turned_to_http_is_seen() -> None:
    """What is written whole is compared whole: the next write would have taken the protocol away."""
    wish = Website(redirect_all_requests_to=RedirectAll(host_name="www.shop.example"))
    there = Website(redirect_all_requests_to=RedirectAll(host_name="www.shop.example", protocol="http"))
    assert diff("website", there, wish) == (
        FieldDiff("website.redirectAllRequestsTo.protocol", "http", None),
    )


def test_a_wish_that_clears_differs_as_a_whole() -> None:
    there = Website(redirect_all_requests_to=RedirectAll(host_name="www.shop.example"))
    assert diff("website", there, Website()) == (FieldDiff("website", there.to_json(), {}),)
    assert Website().merge(there, frozenset()).is_empty()


def test_a_setting_that_goes_shows_what_was_there() -> None:
    assert diff("versioning", Versioning(state="Enabled"), None) == (
        FieldDiff("versioning", {"state": "Enabled"}, None),
    )
    assert diff("versioning", None, None) == ()


def test_tags_differ_key_by_key_under_any_name() -> None:
    fields = diff("tags", Tags(values={'a"b': "1", "c": "2"}), Tags(values={"c": "3"}))
    assert [f.path for f in fields] == ['tags["a\\"b"]', 'tags["c"]']


def test_a_scalar_and_a_list_of_one_mean_the_same_in_a_policy() -> None:
    """SeaweedFS gives one-element lists back as scalars; the alarms of ACK community#2070 must not ring."""
    statement = {
        "sid": "s",
        "effect": "Allow",
        "principals": ["b", "a", "a"],
        "actions": ["x"],
        "resources": ["*"],
    }
    other = statement | {"principals": ["a", "b"]}
    one, two = (BucketPolicy.model_validate({"statements": [s]}).canonical() for s in (statement, other))
    assert diff("policy", one, two) == ()
