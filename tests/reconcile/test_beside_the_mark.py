"""A setting that the store keeps in one place with the owner mark is never written without it."""

from collections.abc import Mapping

from imagestore.api.imagebucket import FACETS
from imagestore.backends.memory import MemoryBackend, MemoryBucket, MemoryStore
from imagestore.core.facet import Facet
from imagestore.core.plan import plan
from imagestore.core.reading import Found
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning
from imagestore.reconcile.bucket.apply import apply

Settings = Mapping[str, Facet | None]


def test_it_is_written_with_the_mark_and_the_others_by_their_drivers() -> None:
    store = MemoryStore({"shop--photos": MemoryBucket({"tags": Tags(values={"cost": "7"})})})
    backend = MemoryBackend(store, FACETS)
    desired = {"tags": Tags(values={"team": "shop"}), "versioning": Versioning(state="Enabled")}
    there = Tags(values={"cost": "7"})
    told: list[tuple[Settings, Settings]] = []

    def beside_mark(seen: Settings, wanted: Settings) -> Settings:
        told.append((seen, wanted))
        return wanted

    todo = plan(desired, {"tags": Found(there)}, {}, FACETS)
    results = apply(backend, "shop--photos", todo, desired, {}, beside_mark)
    both = Tags(values={"cost": "7", "team": "shop"})
    assert told == [({"tags": there}, {"tags": both})]
    assert {r.change.facet: r.state for r in results} == {"versioning": "InSync", "tags": "InSync"}
    assert [operation for operation, _ in store.calls] == ["Put:versioning", "Get:versioning"]
