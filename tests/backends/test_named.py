"""Sets of named configurations: whose each is, what a call costs, and what no model can say."""

from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.backends.s3.reporting.intelligent_tiering import INTELLIGENT_TIERING
from imagestore.backends.s3.settings.named import pages
from imagestore.backends.s3.settings.setting import S3Setting
from imagestore.core.errors import Unexpected
from imagestore.core.facet import Facet
from imagestore.core.plan import Change, plan
from imagestore.core.reading import Found, Missing, Reading
from imagestore.facets.intelligent_tiering import IntelligentTiering
from tests.contract.amazon import Amazon
from tests.contract.samples import fullest
from tests.contract.stores import Recorded

FACET = "intelligentTiering"
THEIRS = {"Id": "console", "Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]}
ODD = {**THEIRS, "Id": "odd", "Tierings": [{"Days": 9000, "AccessTier": "ARCHIVE_ACCESS"}]}


def nothing(operation: str, parameters: Any) -> dict[str, Any]:
    raise AssertionError(f"{operation} is none of a configuration's calls")


@pytest.fixture
def store() -> Recorded:
    """With two configurations that nobody here declared, one of them beyond what a wish can say."""
    store = Recorded(Amazon(nothing), [])
    for raw in (THEIRS, ODD):
        store(
            INTELLIGENT_TIERING.write,
            {"Bucket": "b", "Id": raw["Id"], "IntelligentTieringConfiguration": raw},
        )
    store.seen.clear()
    return store


def apply(store: Recorded, wish: Facet | None, ours: frozenset[str] = frozenset()) -> Change:
    """As the reconcile does it."""
    driver = S3Setting(INTELLIGENT_TIERING, store)
    have = driver.read("b")
    wishes = {} if wish is None else {FACET: wish}
    reading: Reading = Missing() if have is None else Found(have)
    change = plan(wishes, {FACET: reading}, {FACET: ours}, FACETS).changes[0]
    store.seen.clear()
    if change.writes and isinstance(change.after, IntelligentTiering):
        driver.write("b", change.after, have)
    elif change.writes and have is not None:
        driver.clear("b", have)
    return change


def sent(store: Recorded) -> list[tuple[str, str]]:
    """What was put and removed."""
    return [(o[:3], p["Id"]) for o, p in store.seen if not o.startswith("List")]


def ids(store: Recorded) -> list[str]:
    """What the store holds."""
    answer = pages(lambda more: store(INTELLIGENT_TIERING.read, {"Bucket": "b", **more}))
    return [raw["Id"] for raw in answer.get("IntelligentTieringConfigurationList", ())]


def test_those_of_others_stay_and_are_never_sent(store: Recorded) -> None:
    apply(store, fullest(FACET))
    assert sent(store) == [("Put", "Old_1.a"), ("Put", "p"), ("Put", "t")]
    assert ids(store) == ["Old_1.a", "console", "odd", "p", "t"]
    assert not apply(store, fullest(FACET)).writes


def test_only_what_differs_is_put(store: Recorded) -> None:
    apply(store, fullest(FACET))
    apply(store, fullest(FACET).restrict({"Old_1.a", "t"}), frozenset({"Old_1.a", "p", "t"}))
    assert sent(store) == [("Del", "p")]


def test_what_the_spec_mentions_no_more_goes_and_nothing_else(store: Recorded) -> None:
    apply(store, fullest(FACET))
    apply(store, None, frozenset({"Old_1.a", "p", "t"}))
    assert sent(store) == [("Del", "Old_1.a"), ("Del", "p"), ("Del", "t")]
    assert ids(store) == ["console", "odd"]


def test_an_exclusive_wish_removes_those_of_others(store: Recorded) -> None:
    wish = IntelligentTiering.model_validate({"configurations": [], "exclusive": True})
    apply(store, wish)
    assert sent(store) == [("Del", "console"), ("Del", "odd")]
    assert ids(store) == []


def test_a_wish_of_the_same_name_replaces_what_no_model_can_say(store: Recorded) -> None:
    raw = {"configurations": [{"name": "odd", "tierings": [{"tier": "Archive", "days": 90}]}]}
    wish = IntelligentTiering.model_validate(raw)
    assert apply(store, wish).writes
    assert sent(store) == [("Put", "odd")]
    assert not apply(store, wish, frozenset({"odd"})).writes


def test_a_listing_without_an_end_is_given_up() -> None:
    with pytest.raises(Unexpected, match="goes on listing"):
        pages(lambda _: {"IsTruncated": True, "NextContinuationToken": "again"})
