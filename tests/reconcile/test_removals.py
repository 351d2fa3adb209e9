"""Stories of rules that would remove much of a bucket: counted, held, agreed to. On the memory backend."""

from dataclasses import replace
from time import monotonic
from typing import Any

import pytest

from imagestore.backends.memory import MemoryDriver
from imagestore.controller.state.objects import Key
from imagestore.controller.surveyor import Surveyor
from imagestore.core.errors import Denied, Unavailable, Unrepresentable
from imagestore.core.facet import Facet
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.reconcile.shared.survey import Bounded
from tests.reconcile.world import World, backend_spec

ALL = {"name": "all", "expire": {"days": 30}}
TMP = {"name": "tmp", "match": {"prefix": "tmp/"}, "expire": {"days": 30}}
COOL = {"name": "cool", "transitions": [{"tier": "Cool", "days": 30}]}


def library(*prefixes: str, **of: Any) -> World:
    """A bucket that is Ready and has been filled since."""
    return World().apply().settle().fill(*(prefixes or ("photos/",) * 10), **of)


def with_rules(w: World, *rules: dict[str, Any]) -> World:
    return w.edit(lifecycle={"rules": list(rules)}).settle()


def in_force(w: World) -> list[str]:
    found = w.bucket.facets.get("lifecycle")
    return [r.name for r in found.rules] if isinstance(found, Lifecycle) else []


def message(w: World) -> str:
    return str(w.facet("lifecycle").get("message"))


def test_a_new_rule_that_would_empty_a_bucket_waits_for_its_token() -> None:
    w = with_rules(library(), ALL)
    assert w.ready == ("False", "NeedsApproval")
    assert in_force(w) == []
    assert "rule all would remove 10 of 10 objects (1000 B of 1000 B) at its first run" in message(w)
    assert "ApprovalNeeded" in w.reasons()
    w.edit(approve=[w.held()["lifecycle"]]).settle()
    assert w.ready == ("True", "InSync")
    assert in_force(w) == ["all"]


def test_a_rule_that_takes_little_goes_through_after_one_listing() -> None:
    w = library(*["photos/"] * 9, "tmp/")
    w.surveys = Surveyor(monotonic, lambda: False, lambda *_: None).of(Key("ImageBucket", "shop", "photos"))
    calls = w.calls(lambda: with_rules(w, TMP))
    assert in_force(w) == ["tmp"]
    assert [c for c in calls if c.startswith("List")] == ["List:objects"]
    assert w.calls(w.later().settle) == ["Check", "Get:lifecycle"], "a no-op lists nothing"


@pytest.mark.parametrize("sizes", [(1, 99), (99, 1)])
def test_much_is_much_by_number_or_by_bytes(sizes: tuple[int, int]) -> None:
    few, many = sizes
    w = library(*["photos/"] * many, size=1).fill(*["tmp/"] * few, size=10_000 if few == 1 else 1)
    assert with_rules(w, TMP).ready == ("False", "NeedsApproval")


def test_many_small_rules_are_judged_together() -> None:
    w = library(*["photos/"] * 7, "a/", "b/", "c/")
    rules = [{**TMP, "name": n, "match": {"prefix": f"{n}/"}} for n in ("a", "b", "c")]
    assert with_rules(w, *rules).ready == ("False", "NeedsApproval")
    assert "rule a would remove 1 of 10 objects" in message(w)


def test_a_new_bucket_is_neither_counted_nor_held() -> None:
    w = World().apply(lifecycle={"rules": [ALL]})
    calls = w.calls(w.settle)
    assert not [c for c in calls if c.startswith("List")]
    assert in_force(w) == ["all"]


def test_an_empty_bucket_is_not_held() -> None:
    assert in_force(with_rules(World().apply().settle(), ALL)) == ["all"]


def test_what_is_in_force_already_is_not_counted_whatever_its_name() -> None:
    w = with_rules(World().apply().settle(), ALL).fill(*["photos/"] * 10)
    for name, days in (("all", 60), ("renamed", 90)):
        w.edit(lifecycle={"rules": [{**ALL, "name": name, "expire": {"days": days}}, COOL]})
        calls = w.calls(w.settle)
        assert "Put:lifecycle" in calls
        assert not [c for c in calls if c.startswith("List")]


def test_a_rule_that_only_moves_is_not_counted() -> None:
    w = library()
    assert not [c for c in w.calls(lambda: with_rules(w, COOL)) if c.startswith("List")]
    assert in_force(w) == ["cool"]


def test_the_rules_of_a_policy_are_held_too() -> None:
    w = library()
    w.policies["tidy"] = {"rules": [ALL]}
    w.later().settle()
    assert "rule tidy/all would remove 10 of 10 objects" in message(w)
    assert in_force(w) == []
    w.edit(approve=[w.held()["lifecycle"]]).settle()
    assert in_force(w) == ["tidy/all"]


def test_a_hold_outlives_a_restart_without_a_listing_and_so_does_its_token() -> None:
    w = with_rules(library(), ALL)
    token, said = w.held()["lifecycle"], message(w)
    calls = w.calls(w.later().restart().settle)
    assert not [c for c in calls if c.startswith("List")]
    assert (w.held()["lifecycle"], message(w)) == (token, said)
    calls = w.calls(w.edit(approve=[token]).restart().settle)
    assert not [c for c in calls if c.startswith("List")]
    assert in_force(w) == ["all"]


def test_a_token_is_for_one_change_only() -> None:
    w = with_rules(library(), ALL)
    w.edit(approve=[w.held()["lifecycle"]])
    with_rules(w, {**ALL, "expire": {"days": 20}})
    assert w.ready == ("False", "NeedsApproval")
    assert in_force(w) == []


def test_the_administrator_says_how_much_is_much() -> None:
    w = with_rules(library(), ALL)
    assert w.backend_spec is not None
    limits = {"limits": {"maxRemovalPercent": 100}}
    w.backend_spec = type(w.backend_spec).model_validate(backend_spec().to_json() | limits)
    w.later().settle()
    assert in_force(w) == ["all"], "100 asks nobody"
    strict = library(*["photos/"] * 99, "tmp/")
    zero = backend_spec().to_json() | {"limits": {"maxRemovalPercent": 0}}
    strict.backend_spec = type(w.backend_spec).model_validate(zero)
    assert with_rules(strict, TMP).ready == ("False", "NeedsApproval")


def test_nothing_is_written_while_a_large_bucket_is_counted() -> None:
    w = library()
    w.store.page = 4
    w.edit(lifecycle={"rules": [ALL]}).step()
    assert w.ready == ("False", "Counting")
    assert w.facet("lifecycle")["state"] == "Pending"
    assert "3 keys so far" in message(w), "the last key of a page may go on on the next one"
    assert in_force(w) == []
    assert not w.held()
    w.surveys = Bounded(pages=9)
    w.later().settle()
    assert w.ready == ("False", "NeedsApproval")


def test_what_cannot_be_listed_waits_for_a_person_or_for_the_right() -> None:
    def refuses(operation: str, _bucket: str) -> None:
        if operation.startswith("List"):
            raise Denied("access denied")

    w = library()
    w.store.fault = refuses
    with_rules(w, TMP)
    assert w.ready == ("False", "NeedsApproval")
    assert "cannot be counted (Denied: access denied)" in message(w)
    w.store.fault = None
    w.later().settle()
    assert in_force(w) == ["tmp"]


def test_a_store_that_does_not_answer_the_listing_keeps_the_rule_waiting() -> None:
    def fails(operation: str, _bucket: str) -> None:
        if operation.startswith("List"):
            raise Unavailable("no answer")

    w = library()
    w.store.fault = fails
    w.edit(lifecycle={"rules": [TMP]}).step()
    assert w.ready == ("False", "Counting")
    assert "no answer" in message(w)
    assert in_force(w) == []


def test_a_bucket_that_is_only_observed_is_not_listed() -> None:
    w = library()
    calls = w.calls(lambda: w.edit(mode="Observe", lifecycle={"rules": [ALL]}).settle())
    assert not [c for c in calls if c.startswith("List")]


def test_where_there_are_versions_what_is_hidden_counts_against_what_is_shown() -> None:
    """Hundreds of old versions do not make it little that every picture disappears."""
    w = World().apply(versioning={"state": "Enabled"}).settle()
    w.fill(*["photos/"] * 10)
    w.bucket.contents += [replace_version(i, n) for i in w.bucket.contents for n in range(30)]
    w.bucket.contents.sort(key=lambda i: (i.key, not i.latest))
    with_rules(w, ALL)
    assert "would hide 10 of 10 objects (1000 B of 1000 B) behind delete markers" in message(w)


def replace_version(stored: Any, number: int) -> Any:
    return stored._replace(version=str(number), latest=False)


def test_a_day_to_come_is_taken_for_today() -> None:
    """On that day it takes all at once, and nobody would be asked any more."""
    assert (
        with_rules(library(), {"name": "all", "expire": {"date": "2027-03-01"}}).ready[1] == "NeedsApproval"
    )


def test_a_rule_made_sooner_says_how_much_it_takes() -> None:
    w = with_rules(library(*["photos/"] * 99, age=20), {**ALL, "expire": {"days": 300}})
    with_rules(w, {**ALL, "expire": {"days": 200}})
    assert w.ready == ("False", "NeedsApproval")
    assert "keeps; rule all would remove 0 of 99 objects" in message(w)
    calls = w.calls(w.later().restart().settle)
    assert not [c for c in calls if c.startswith("List")]


def test_a_bucket_that_is_taken_over_is_counted_although_its_plan_was_agreed_to() -> None:
    w = World(backend_spec=backend_spec(adoptionGrants=[{"namespace": "shop", "bucketName": "shop--photos"}]))
    made = World().apply().settle().fill(*["photos/"] * 10)
    w.store.buckets["shop--photos"] = replace(made.bucket, facets={})
    w.apply(adoption="Granted", lifecycle={"rules": [ALL]}).settle()
    w.edit(approve=[w.held()["adoption"]]).settle()
    assert in_force(w) == []
    assert "would remove 10 of 10 objects" in message(w)


def test_tags_are_asked_for_and_what_is_not_is_extrapolated() -> None:
    w = library(*["photos/"] * 10, tags={"keep": "no"})
    w.surveys = Bounded(pages=3, tags=400)
    with_rules(w, {**ALL, "match": {"tags": {"keep": "no"}}})
    assert "rule all would remove 10 of 10 objects" in message(w)
    assert w.store.calls.count(("Get:objectTags", "shop--photos")) >= 10


def test_a_write_that_a_crash_cut_in_two_is_not_asked_about_again() -> None:
    """Rules are written disabled first: what is left to do looks like another change, with another token."""
    w = with_rules(library(), ALL)
    w.edit(approve=[w.held()["lifecycle"]])
    off = LifecycleRule.model_validate({**ALL, "state": "Disabled"}).canonical()
    w.bucket.facets["lifecycle"] = Lifecycle(rules=(off,))
    w.restart().settle()
    assert w.ready == ("True", "InSync")


def test_a_rule_that_was_staged_switched_off_is_counted_when_it_is_switched_on() -> None:
    w = with_rules(library(), {**ALL, "state": "Disabled"})
    assert w.ready == ("True", "InSync"), "it removes nothing"
    with_rules(w, ALL)
    assert "rule all would remove 10 of 10 objects" in message(w)


def test_rules_in_place_of_what_cannot_be_read_are_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written without a count, they emptied the bucket at their first run."""
    w = library()
    w.bucket.facets["lifecycle"] = Lifecycle(rules=(LifecycleRule.model_validate({**COOL, "name": "odd"}),))
    read = MemoryDriver.read

    def unreadable(self: MemoryDriver, bucket: str) -> Facet | None:
        value = read(self, bucket)
        if isinstance(value, Lifecycle) and any(r.name == "odd" for r in value.rules):
            raise Unrepresentable("lifecycle holds what cannot be represented")
        return value

    monkeypatch.setattr(MemoryDriver, "read", unreadable)
    w.edit(lifecycle={"rules": [ALL], "exclusive": True}).settle()
    assert in_force(w) == ["odd"]
    assert "rule all would remove 10 of 10 objects" in message(w)
