"""A survey goes on through another connection where the first one ended."""

from imagestore.api.imagebucket import FACETS
from imagestore.backends.memory import MemoryBackend, MemoryBucket, MemoryStore
from imagestore.core.stored import StoredVersion
from imagestore.facets.lifecycle_rule import Expire, LifecycleRule
from imagestore.reconcile.shared.survey import Survey, SurveyQuestion
from tests.reconcile.world import START

RULE = LifecycleRule(name="tidy/all", expire=Expire(days=30))


def _store() -> MemoryStore:
    pictures = [StoredVersion(f"{n:03}", 10, START.toordinal() - 365) for n in range(25)]
    return MemoryStore({"photos": MemoryBucket(contents=pictures)}, page=10)


def _listings(store: MemoryStore) -> int:
    return store.calls.count(("List:objects", "photos"))


def test_it_goes_on_through_another_connection() -> None:
    first, second = _store(), _store()
    survey = Survey(
        SurveyQuestion("eu", "photos", (RULE,), wish="w"), MemoryBackend(first, FACETS), START.date()
    )
    survey.step(0)
    survey.use(MemoryBackend(second, FACETS))
    while survey.step(0) is None:
        pass
    assert (_listings(first), _listings(second)) == (1, 2)
    assert survey.keys == 25


def test_a_connection_may_change_before_it_begins() -> None:
    first, second = _store(), _store()
    survey = Survey(
        SurveyQuestion("eu", "photos", (RULE,), wish="w"), MemoryBackend(first, FACETS), START.date()
    )
    survey.use(MemoryBackend(second, FACETS))
    assert survey.keys == 0
    survey.step(0)
    assert (_listings(first), _listings(second)) == (0, 1)
