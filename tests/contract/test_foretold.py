"""What was foretold of a bucket is what its store then does. A day of Ceph's lasts ten seconds here.

SeaweedFS is given a day that is over, so what is due is due at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from dev.stores import Store
from dev.stores.seaweedfs import run_lifecycle
from dev.wait import eventually
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.walk import Walk, scopes
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.forecast.forecast import Assumptions, Forecast
from imagestore.forecast.outlook import curve
from tests.contract.stores import World, backend_of, world

OVER = {"date": "2020-01-01"}
Held = dict[str, tuple[int, int]]  # objects and bytes by class


def expectation(at: World, backend: S3Backend, rules: tuple[LifecycleRule, ...], *, versions: bool) -> Held:
    """As a preview of the next two days has it."""
    today = datetime.now(UTC).toordinal()
    forecast = Forecast(Assumptions(rules, backend.terms(versioned=versions), today, today + 2))
    Walk(backend, at.bucket, scopes(rules, versions=versions), forecast, lambda _: None).run()
    ledger = forecast.finish(lambda v: backend.tags_of(at.bucket, v))
    *_, last = curve(ledger, today, today + 2)
    return {c: (h.objects, h.bytes) for c, h in last.classes.items() if h.objects}


def there(at: World) -> Held:
    """By the store's own listing."""
    found: Held = {}
    for item in at.raw("ListObjectVersions").get("Versions", ()):
        name = item.get("StorageClass", "STANDARD")
        objects, size = found.get(name, (0, 0))
        found[name] = (objects + 1, size + item["Size"])
    return found


@dataclass(frozen=True)
class Foretold:
    """A bucket with rules, and what is to become of it."""

    at: World
    expected: Held

    def come_true(self) -> bool:
        return there(self.at) == self.expected


def foretelling(
    request: pytest.FixtureRequest,
    provider: str,
    fill: Callable[[World], None],
    *rules: dict[str, Any],
    versions: bool = False,
) -> Foretold:
    backend = backend_of(provider, request)
    at = world(backend, "lifecycle")
    if versions:
        at.raw("PutBucketVersioning", VersioningConfiguration={"Status": "Enabled"})
    fill(at)
    wish = Lifecycle.model_validate({"rules": rules})
    expected, before = expectation(at, backend, wish.rules, versions=versions), there(at)
    assert expected != before, "something is to happen"
    at.driver.write(at.bucket, wish, at.read())

    return Foretold(at, expected)


def come_true(*all_: Foretold, meanwhile: Callable[[], object] = lambda: None) -> None:
    """A store takes its time over rules, so all wait together."""

    def happened() -> bool:
        meanwhile()
        return all(f.come_true() for f in all_)

    eventually(
        happened,
        150,
        lambda: "; ".join(f"{f.expected} was foretold; there is {there(f.at)}" for f in all_),
        interval=0.5,
    )


def several(at: World) -> None:
    for i in range(9):
        for folder in ("originals", "tmp", "tagged", "kept"):
            tag = "draft" if i % 3 == 0 else "final"
            at.raw(
                "PutObject",
                Key=f"{folder}/{i} +ü",
                Body=b"x" * (100 * i + len(folder)),
                Tagging=f"state={tag}",
            )


def twice(at: World) -> None:
    several(at)
    several(at)


def test_of_ceph(request: pytest.FixtureRequest) -> None:
    """What is current in one bucket, old versions in the other."""
    current = foretelling(
        request,
        "Ceph",
        several,
        {"name": "cool", "match": {"prefix": "originals/"}, "transitions": [{"tier": "Cool", "days": 1}]},
        {"name": "tmp", "match": {"prefix": "tmp/"}, "expire": {"days": 1}},
        {"name": "draft", "match": {"prefix": "tagged/", "tags": {"state": "draft"}}, "expire": {"days": 1}},
    )
    old = foretelling(
        request,
        "Ceph",
        twice,
        {
            "name": "m",
            "match": {"prefix": "originals/"},
            "noncurrent": {"transitions": [{"tier": "Cool", "days": 1}]},
        },
        {"name": "g", "match": {"prefix": "tmp/"}, "noncurrent": {"expire": {"days": 1}}},
        versions=True,
    )
    come_true(current, old)


def test_of_seaweedfs(seaweedfs_store: Store, request: pytest.FixtureRequest) -> None:
    foretold = foretelling(
        request,
        "SeaweedFS",
        several,
        {"name": "tmp", "match": {"prefix": "tmp/"}, "expire": OVER},
        {
            "name": "large",
            "match": {"prefix": "originals/", "minSize": "300", "maxSize": "800"},
            "expire": OVER,
        },
        {"name": "draft", "match": {"tags": {"state": "draft"}}, "expire": OVER},
    )
    come_true(foretold, meanwhile=lambda: run_lifecycle(seaweedfs_store))
