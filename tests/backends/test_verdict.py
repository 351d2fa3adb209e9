"""What trials say of a setting, without a store."""

from dataclasses import replace
from typing import Any

from imagestore.backends.s3.probe.verdict import Trial, judge, lost
from imagestore.core.diff import diff
from imagestore.core.facet import Facet
from imagestore.core.fields import without
from imagestore.core.reading import FULL, Level
from imagestore.facets.lifecycle import Lifecycle
from tests.contract.samples import SAMPLES

NO = "PutBucketLifecycleConfiguration: 400 InvalidArgument"


def trial(name: str, facet: str = "lifecycle", **more: Any) -> Trial:
    """A sample that was kept, unless more is said."""
    return Trial(name, SAMPLES[facet][name], **more)


def held(name: str, what: Facet | None, **more: Any) -> Trial:
    """A sample of which the store holds something else."""
    value = SAMPLES["lifecycle"][name]
    altered = diff("lifecycle", what.canonical() if what else None, value.canonical())
    return Trial(name, value, altered=altered, **more)


def dropped(name: str, *gone: str) -> Trial:
    return held(name, without(SAMPLES["lifecycle"][name], gone))


def test_all_kept_is_full() -> None:
    trials = [trial("one"), trial("full")]
    assert lost(trials) == ()
    assert judge(trials, [], ()) is FULL


def test_a_dropped_field_is_named_and_no_more() -> None:
    """A rule whose only filter was a size has no filter any more: only the size is lost, not the filter."""
    trials = [trial("one"), trial("tags"), dropped("sizes", "rules[].match.minSize", "rules[].match.maxSize")]
    gone = lost(trials)
    assert gone == ("rules[].match.minSize", "rules[].match.maxSize")
    rest = replace(trials[2], value=without(trials[2].value, gone), altered=())
    found = judge(trials, [rest], gone)
    assert (found.level, found.lost) == (Level.PARTIAL, gone)
    assert "taken and dropped" in found.reason


def test_a_refused_sample_loses_what_no_other_has() -> None:
    trials = [trial("one"), trial("uploads", refused=NO)]
    assert lost(trials) == ("rules[].abortIncompleteMultipartUpload",)


def test_a_refused_value_is_no_lost_field() -> None:
    trials = [trial("small", facet="quota"), trial("odd", facet="quota", refused="no: 400")]
    assert lost(trials) == ()
    found = judge(trials, trials[1:], ())
    assert found.level is Level.PARTIAL
    assert "is refused: no: 400" in found.reason


def test_what_is_altered_beyond_a_field_is_not_trusted_at_all() -> None:
    """Days that come back as other days cannot be refused by a field's name."""
    one = SAMPLES["lifecycle"]["one"]
    assert isinstance(one, Lifecycle)
    other = Lifecycle.model_validate({"rules": [one.rules[0].to_json() | {"expire": {"days": 1}}]})
    bad = held("one", other)
    found = judge([trial("tags"), bad], [bad], ())
    assert found.level is Level.NONE
    assert "expire" in found.reason


def test_nothing_kept_is_none_with_the_stores_own_answer() -> None:
    trials = [trial("one", refused=NO), trial("full", refused=NO)]
    found = judge(trials, [], lost(trials))
    assert (found.level, found.reason) == (Level.NONE, NO)


def test_a_yes_that_stores_nothing_is_none() -> None:
    ignored = "PutBucketLifecycleConfiguration: 200, and the store stores nothing"
    trials = [held("one", None, ignored=ignored)]
    found = judge(trials, [], lost(trials))
    assert (found.level, found.reason) == (Level.NONE, ignored)


def test_what_the_store_answered_before_anything_was_written_proves_nothing() -> None:
    trials = [
        trial("requester", facet="requestPayment", refused="PutBucketRequestPayment: 400 MalformedXML"),
        trial("owner", facet="requestPayment", already=True),
    ]
    found = judge(trials, trials[:1], lost(trials))
    assert (found.level, found.reason) == (Level.NONE, "PutBucketRequestPayment: 400 MalformedXML")


def test_uploads_that_fail_meanwhile_are_told_once() -> None:
    trials = [trial(n, upload="PutObject: 403 AccessDenied") for n in ("one", "full")]
    found = judge(trials, [], ())
    assert found.level is Level.PARTIAL
    assert len(found.weak) == 1
    assert "every upload is refused: PutObject: 403 AccessDenied" in found.weak[0]
