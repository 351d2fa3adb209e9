"""A status has a bound, whatever happened; what is cut from it is only shown, and decides nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest

from imagestore.api.bucketstatus import MOST_PARTS, ImageBucketStatus
from imagestore.api.imagebucket import FACETS
from imagestore.api.kinds import KINDS, Kind
from imagestore.core import fitting
from imagestore.core.facet import Facet
from imagestore.core.model import Model, Shown, marker
from imagestore.core.outcome import Outcome
from imagestore.core.remembered import SPELLED, remembered
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning
from tests.reconcile.world import OWNER, World, backend_spec

BOUND = 64 * 1024


def rules(many: int) -> dict[str, Any]:
    return {
        "rules": [{"name": f"r{n}", "match": {"prefix": f"{n}/"}, "expire": {"days": 9}} for n in range(many)]
    }


@dataclass
class Shortened(World):
    """Whatever is only shown is cut as far as it can be, after each reconcile."""

    def _write(self, status: ImageBucketStatus) -> None:
        super()._write(fitting._cut(status, 32, 1))


WORLDS = [World, Shortened]
either = pytest.mark.parametrize("kind", WORLDS)


@either
def test_drift_of_any_number_of_fields_is_corrected(kind: type[World]) -> None:
    """65 rules were wiped, compared with the 64 that are shown, and never written again."""
    world = kind().apply(lifecycle=rules(100)).settle()
    held = world.bucket.facets["lifecycle"]
    del world.bucket.facets["lifecycle"]
    world.later().step()
    world.later(seconds=45).step()
    assert world.status["drift"]["total"] == 100
    assert "and 95 more" in world.events[-1].message
    calls = world.calls(world.settle)
    assert world.bucket.facets["lifecycle"] == held
    assert calls.count("Put:lifecycle") == 1
    assert world.ready == ("True", "InSync")
    assert world.wait is not None
    assert world.wait >= 300, "and it is not checked without pause"


@either
def test_a_setting_that_goes_to_and_fro_keeps_no_other_from_being_corrected(kind: type[World]) -> None:
    world = kind().apply(tags={"team": "shop"}, versioning={"state": "Enabled"}).settle()
    world.bucket.facets["versioning"] = Versioning(state="Suspended")
    for n in range(6):
        spoiled = {} if n % 2 else {"team": "theirs"}
        world.bucket.facets["tags"] = Tags(values={OWNER: world.bucket.tags[OWNER], **spoiled, f"n{n}": "x"})
        world.later(minutes=1).step()
    assert world.bucket.facets["versioning"] == Versioning(state="Enabled")
    world.later(minutes=1).settle()
    assert world.bucket.tags["team"] == "shop"


@either
def test_names_that_are_many_and_long_are_all_remembered(kind: type[World]) -> None:
    """Forgotten, a tag that is no longer wished would stay in the store for ever."""
    tags = {f"{n:02}" + "é" * 126: "x" for n in range(49)}
    world = kind().apply(tags=tags).settle()
    assert len(world.bucket.tags) == 50
    assert sum(map(len, world.facet("tags")["parts"])) < SPELLED
    few = dict(list(tags.items())[:1])
    world.restart().edit(tags=few).settle()
    assert set(world.bucket.tags) == {OWNER, *few}
    world.restart().edit(tags=None).settle()
    assert set(world.bucket.tags) == {OWNER}


@either
def test_a_count_that_was_told_is_not_made_again(kind: type[World]) -> None:
    world = kind().apply().settle().fill(*("photos/",) * 10)
    world.edit(lifecycle={"rules": [{"name": "all", "expire": {"days": 30}}]}).settle()
    assert world.ready == ("False", "NeedsApproval")
    told = world.held()
    calls = world.calls(lambda: world.restart().later().settle())
    assert not [c for c in calls if c.startswith("List")]
    assert world.held() == told
    world.edit(approve=list(told.values())).settle()
    assert world.ready == ("True", "InSync")


@either
def test_names_of_edits_that_failed_do_not_grow_without_bound(kind: type[World]) -> None:
    world = kind().apply(tags={"a": "x"}).settle()

    def fault(operation: str, _bucket: str) -> None:
        if operation == "Put:tags":
            from imagestore.core.errors import Denied

            raise Denied("no")

    world.store.fault = fault
    for n in range(12):
        world.edit(tags={f"{n}-{m}": "x" for m in range(40)})
        world.step()
        world.step()
    assert len(world.facet("tags")["parts"]) <= MOST_PARTS
    world.store.fault = None
    world.edit(tags={"b": "x"}).settle()
    assert set(world.bucket.tags) == {OWNER, "b"}


def test_a_status_of_a_hundred_wrong_rules_fits() -> None:
    """It was 84 KiB."""
    world = World(backend_spec=backend_spec()).apply(lifecycle=rules(250)).settle()
    have = world.bucket.facets["lifecycle"]
    assert isinstance(have, Lifecycle)
    long = [
        r.model_copy(update={"match": r.match and r.match.model_copy(update={"prefix": "<" * 1000})})
        for r in have.rules
    ]
    world.bucket.facets["lifecycle"] = have.model_copy(update={"rules": tuple(long)})
    world.later().step()
    outcome = world.later(seconds=45).step()
    assert outcome.status is not None
    assert fitting.weight(outcome.status) < BOUND
    world.settle()
    assert world.ready == ("False", "NeedsApproval"), "other objects than before"
    assert len(json.dumps(world.status)) < BOUND


# --- every status, whatever is in it ---------------------------------------------------------------------

_OWNED = len([kind for kind in FACETS.values() if kind.parts is not Facet.parts])
_MEMORY = {  # what is remembered has a bound of its own
    "parts": remembered(f"{n:0500}" for n in range(MOST_PARTS)),
    "policies": remembered(f"{n:0253}" for n in range(250)),
    "as_of": "2026-11-29",
    "currency": "EUR",
    "percent": 100,
}
_MANY = {
    "facets": len(FACETS),
    "capabilities": len(FACETS),
    "held": len(FACETS) + 1,
    "tiers": 3,
    "conditions": 16,
    "rules": 50,
}
_SCALARS = {bool: True, int: 2**60, datetime: datetime(2026, 11, 29, tzinfo=UTC)}


def largest(kind: type[Model], text: str) -> Any:
    """Every list as long as it gets, every text for people longer than it may be."""
    fields = kind.model_fields.items()
    return kind.from_store(**{n: _value(n, i.annotation, i.metadata, text) for n, i in fields})


def _value(name: str, annotation: Any, metadata: list[Any], text: str) -> Any:
    while get_origin(annotation) is Annotated or NoneType in get_args(annotation):
        metadata = [*metadata, *get_args(annotation)[1:]]
        annotation = get_args(annotation)[0]
    if name in _MEMORY:
        return _MEMORY[name]
    if get_origin(annotation) is tuple:
        most = min(_MANY.get(name, 100), *_lengths(metadata), 100)
        made = (_value("", get_args(annotation)[0], [], text),) * most
        return _few_have_parts(made) if name == "facets" else made
    if get_origin(annotation) in (dict, Mapping):
        most = min(*_lengths(metadata), 100)
        return {f"{n:024}": _text([], text) for n in range(most)}
    if get_origin(annotation) is Literal:
        return max(get_args(annotation), key=len)
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return largest(annotation, text)
    return _most(metadata) or _SCALARS.get(annotation) or _text(metadata, text)


def _most(metadata: list[Any]) -> int:
    """The largest number that the schema lets a field have; 0: any."""
    flat = [x for m in metadata for x in (getattr(m, "metadata", None) or [m])]
    return min((x.le for x in flat if isinstance(getattr(x, "le", None), int)), default=0)


def _few_have_parts(facets: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*facets[:_OWNED], *(f.model_copy(update={"parts": ()}) for f in facets[_OWNED:]))


def _lengths(metadata: list[Any]) -> list[int]:
    """How many items the schema lets a list have."""
    flat = [x for m in metadata for x in (getattr(m, "metadata", None) or [m])]
    return [x.max_length for x in flat if getattr(x, "max_length", None)]


def _text(metadata: list[Any], text: str) -> str:
    """A text for people may be as long as it likes; any other is a name, or a word of ours."""
    flat = [x for m in metadata for x in (getattr(m, "metadata", None) or [m])]
    return text if marker(flat, Shown) else "x" * 24


@pytest.mark.parametrize(
    "letter", ["x", "<", "\u2603", '"', "\x01"], ids=["plain", "html", "snow", "quote", "control"]
)
@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_the_status_of_any_reconcile_fits(kind: Kind, letter: str) -> None:
    status = largest(kind.status, letter * 20_000)
    fits = Outcome(status).status
    assert fits is not None
    assert fitting.weight(fits) < BOUND
    assert Outcome(fits).status == fits, "and once cut, it stays as it is"
    assert kind.status.model_validate_json(fits.model_dump_json(exclude_none=True)) == fits
