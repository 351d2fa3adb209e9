"""What has to be so at the end, read directly and never believed from a status."""

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dev.soak.fleet import Bucket, Fleet
from dev.soak.world import INSTALLATION, World
from imagestore.api.imagebucket import FACETS, ImageBucketSpec, wishes
from imagestore.core.plan import plan
from imagestore.core.reading import Found
from imagestore.reconcile.bucket.observe import readings

# What a process says when something got away from it.
_SCANDALS = re.compile(
    r"Traceback|never retrieved|never awaited|Unclosed|was destroyed but it is pending|InternalError\b.*operator"
    r"|in a way that nobody has thought of"
)
_OURS = {"cors", "lifecycle", "tags"}  # cleared when they are not mentioned any more


def differences(fleet: Fleet) -> list[str]:
    """Every bucket that is not as its spec says, with the settings in which it is not."""
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda b: (b, _differences(fleet, b)), fleet.wanted.values())
        return [f"{b.backend} {b.in_store}: {', '.join(d)}" for b, d in found if d]


def _differences(fleet: Fleet, bucket: Bucket) -> list[str]:
    backend = fleet.backends[bucket.backend]
    sight = backend.check(bucket.in_store)
    if sight is None:
        return ["there is no bucket"]
    wished = wishes(ImageBucketSpec.model_validate(bucket.spec))
    held = {n for n in FACETS if backend.support[n].level.value != "None"}
    found = readings(backend, bucket.in_store, {*wished, *(_OURS & held)}, sight)
    wrong = [c.facet for c in plan(wished, {n: found[n] for n in wished}, {}, FACETS).changes if c.fields]
    mark = f"{INSTALLATION}/{bucket.namespace}/{bucket.name}"
    if backend.mark_place is not None and sight.owner != backend.mark_place.encode(mark):
        wrong.append("owner's mark")
    left = (n for n in _OURS & held - set(wished) if _left(n, found[n]))
    return [*wrong, *(f"{n} left over" for n in left)]


def _left(name: str, reading: Any) -> bool:
    """Whether something of ours is still there."""
    if not isinstance(reading, Found):
        return False
    if name == "tags":
        return "number" in reading.value.values
    return bool(reading.value.parts())


def orphans(world: World, fleet: Fleet) -> list[str]:
    """Buckets in a store that nobody wants and nobody asked to keep."""
    wanted = {(b.backend, b.in_store) for b in fleet.wanted.values()}
    return [f"{n} {b}" for n, b in sorted(_there(world) - wanted - fleet.kept)]


def _there(world: World) -> set[tuple[str, str]]:
    return {(n, b["Name"]) for n, s in world.stores.items() for b in s.s3().list_buckets()["Buckets"]}


def strays(fleet: Fleet, objects: Iterable[dict[str, Any]]) -> list[str]:
    """ImageBuckets that ought to be gone, or that nobody knows."""
    names = {o["metadata"]["name"] for o in objects}
    return sorted(names ^ set(fleet.wanted))


def scandals(log: Path) -> list[str]:
    """Lines of the log that no run may have, each kind once."""
    return list(dict.fromkeys(_scandals(log)))[:20]


def _scandals(log: Path) -> Iterator[str]:
    for line in log.read_text(errors="replace").splitlines():
        if _SCANDALS.search(line):
            yield line[:1500]
