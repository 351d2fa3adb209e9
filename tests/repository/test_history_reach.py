"""How far back the versions of a bucket are believed."""

import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest

from imagestore.core.objects import KeyOrder, ListedObject, ObjectTraits
from imagestore.facets.lifecycle import Lifecycle
from imagestore.repository.history.moments import DAY, HistoryReach, KeyState, VersionRemoval, at_moment
from imagestore.repository.history.restore import restore_history
from imagestore.repository.history.rules import ANY_TIME, removals_of
from imagestore.repository.restoring.options import RestoreOptions, RestoreState
from imagestore.repository.restoring.selection import ExistingPolicy, RestoreSelection
from tests.repository.test_history import ALL, Bucket


def _why(bucket: Bucket, moment: int, *removals: VersionRemoval) -> str:
    return bucket.history(moment, *removals).survey(ALL).why


def test_a_survey_of_an_empty_bucket_counts_nothing() -> None:
    bucket = Bucket()
    found = bucket.history(bucket.clock.now).survey(ALL)
    assert (found.present, found.bytes, found.absent, found.unknown) == (0, 0, 0, 0)


def test_a_key_without_a_version_that_is_old_enough_is_unknown() -> None:
    bucket = Bucket()
    bucket.put("a", b"1")
    moment = bucket.clock.now
    bucket.put("a", b"2")
    bucket.put("new", b"1")
    assert _why(bucket, moment) == "", "nothing speaks against new having been created later"
    held = bucket.server.content("photos").keys
    bucket.server.remove("photos", "deleted")  # a marker over nothing
    assert "of 1 keys" in _why(bucket, moment)
    del held["deleted"]
    held["new"][0] = replace(held["new"][0], version="null")
    assert "of 1 keys" in _why(bucket, moment), "a version without an id took the place of another"


def test_rules_that_delete_versions_end_the_history() -> None:
    bucket = Bucket()
    bucket.put("a/1", b"1")
    moment = bucket.clock.now
    bucket.put("b/1", b"1")
    bucket.clock.pass_hours(24 * 10)
    month, week = VersionRemoval("a/", 30 * DAY), VersionRemoval("a/", 7 * DAY)
    assert _why(bucket, moment, month) == ""
    assert "a lifecycle rule has deleted versions" in _why(bucket, moment, week)
    history = bucket.history(moment, week)
    assert history.survey(RestoreSelection(prefixes=("b/",))).why != "", "no version below b/ is old enough"
    assert "lifecycle" not in history.survey(RestoreSelection(prefixes=("b/",))).why
    report = restore_history(history, bucket.end, RestoreOptions(existing=ExistingPolicy.SKIP))
    assert report.state is RestoreState.FAILED
    assert "lifecycle" in report.why


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda b: setattr(b.server.content("photos"), "versioned", False), "keeps no versions"),
        (lambda b: b.server.content("photos").keys.clear(), "no version is as old as that"),
    ],
)
def test_a_bucket_without_a_history_says_so(spoil: Callable[[Bucket], None], why: str) -> None:
    bucket = Bucket()
    bucket.put("a", b"1")
    moment = bucket.clock.now
    spoil(bucket)
    assert why in _why(bucket, moment)


def test_a_moment_of_the_future_and_a_listing_that_loses_keys() -> None:
    bucket = Bucket()
    bucket.put("a", b"1")
    assert "in the future of the store's clock" in _why(bucket, bucket.clock.now + DAY)
    careless = Bucket(ObjectTraits(version_order=KeyOrder.NONE, versions_complete=False))
    for name in "abc":
        careless.put(name, b"1")
    moment = careless.clock.now
    careless.put("b", b"2")
    assert "may leave keys out" in _why(careless, moment)
    report = restore_history(
        careless.history(moment), careless.end, RestoreOptions(existing=ExistingPolicy.OVERWRITE)
    )
    assert (report.state, careless.current()["b"]) == (RestoreState.FAILED, b"1"), "what is known is restored"


def test_rules_of_a_bucket_are_read_as_removals() -> None:
    rules = Lifecycle.model_validate(
        {
            "rules": [
                {"name": "old", "match": {"prefix": "a/"}, "noncurrent": {"expire": {"days": 3}}},
                {"name": "off", "state": "Disabled", "noncurrent": {"expire": {"days": 1}}},
                {"name": "cool", "transitions": [{"days": 30, "tier": "Cool"}]},
            ]
        }
    )
    foreign = rules.rules[2].having(raw="<NoncurrentVersionExpiration><X/></NoncurrentVersionExpiration>")
    assert removals_of(rules) == (VersionRemoval("a/", 3 * DAY),)
    assert removals_of(rules.having(rules=(foreign,))) == (VersionRemoval("", 0),)
    assert (removals_of(None), ANY_TIME.kept) == ((), 0)


def _versions(keys: int, each: int) -> Iterator[ListedObject]:
    for number in range(keys):
        for turn in range(each):
            yield ListedObject(f"k{number:07}", 1, "e", 1000 - turn, version=f"v{turn}", latest=not turn)


def test_a_million_versions_take_constant_memory() -> None:
    """Peak of what Python allocates; the keys of a backup are merged, not held."""

    def peak(keys: int, each: int) -> int:
        tracemalloc.start()
        known: Iterable[str] = (f"k{n:07}" for n in range(keys))
        found = at_moment(_versions(keys, each), 995, HistoryReach(2000), known)
        assert sum(k.state is KeyState.PRESENT for k in found) == keys
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert max(peak(20, 1000), peak(2000, 10)) < 100_000
