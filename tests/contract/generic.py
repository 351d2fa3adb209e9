"""What every backend must keep, whatever cloud it is of. The tests of S3 and those of ``tests/clouds`` call these.

Each function is one obligation and asserts it on a ``Subject``: one backend with a bucket of its own, for one facet.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.backends.base import Backend, Driver, Observation
from imagestore.core.diff import diff
from imagestore.core.errors import BucketTaken, NotFound, Rejected
from imagestore.core.facet import Facet
from imagestore.core.losses import beyond, uses
from imagestore.core.plan import plan
from imagestore.core.reading import Found, Level, Missing


class Subject(Protocol):
    """A backend with a bucket of its own, for one facet."""

    @property
    def backend(self) -> Backend:
        """Whatever it is."""

    @property
    def facet(self) -> str:
        """Its name in the spec."""

    @property
    def bucket(self) -> str:
        """Made for this test."""

    @property
    def driver(self) -> Driver:
        """Of the facet."""

    @property
    def calls(self) -> Sequence[str]:
        """The operations that the store was asked for since ``forget``."""

    @property
    def reads(self) -> frozenset[str]:
        """The operations that read the facet."""

    @property
    def cleared(self) -> Facet | None:
        """What is there where nothing is set; None: nothing."""

    @property
    def removed_one_by_one(self) -> bool:
        """Whether writing other parts behind the driver's back leaves those that were there."""

    def forget(self) -> None:
        """Of ``calls``."""

    def read(self) -> Facet | None:
        """By the driver."""

    def put(self, value: Facet) -> None:
        """As another program would."""

    def remove(self, seen: Facet) -> None:
        """As another program would."""

    def fill(self) -> None:
        """Put an object into the bucket."""

    def filled(self) -> bool:
        """Whether it is still there, byte for byte."""


def same(have: Facet | None, want: Facet) -> bool:
    """Whether both mean the same."""
    return have is not None and not diff("x", have.canonical(), want.canonical())


def planned(at: Subject, wish: Facet, have: Facet | None) -> int:
    """How many writes a plan for this wish has."""
    reading = Missing() if have is None else Found(have)
    return len(plan({at.facet: wish}, {at.facet: reading}, {}, FACETS).writes)


def what_is_written_is_read(at: Subject, sample: Facet) -> None:
    at.driver.write(at.bucket, sample, at.read())
    have = at.read()
    assert same(have, sample)
    assert planned(at, sample, have) == 0, "a second plan is empty"


def a_check_and_a_plan_write_nothing(at: Subject, sample: Facet) -> None:
    at.driver.write(at.bucket, sample, at.read())
    at.forget()
    planned(at, sample, at.read())
    assert set(at.calls) == at.reads, "in one or more pages"


def a_change_behind_our_back_is_a_difference(at: Subject, wish: Facet, other: Facet) -> None:
    at.driver.write(at.bucket, wish, at.read())
    before = at.read()
    if at.removed_one_by_one:
        at.remove(wish)
    at.put(other)
    assert not same(at.read(), wish)
    assert planned(at, wish, at.read()) == 1
    at.driver.write(at.bucket, wish, at.read())
    assert same(at.read(), wish), f"and it can be put back from {before}"


def a_setting_removed_behind_our_back_is_a_difference(at: Subject, wish: Facet) -> None:
    at.driver.write(at.bucket, wish, at.read())
    at.remove(wish)
    assert planned(at, wish, at.read()) == 1


def clear_twice_succeeds_and_keeps_what_is_in_the_bucket(at: Subject, wish: Facet) -> None:
    at.fill()
    at.driver.write(at.bucket, wish, at.read())
    for _ in range(2):
        seen = at.read()
        at.driver.clear(at.bucket, seen)
        _cleared(at, at.read())
    assert at.filled()
    at.driver.clear(at.bucket, wish)  # stale: another program has cleared it since
    assert at.backend.check(at.bucket) is not None, "the bucket is there"
    assert at.filled()


def _cleared(at: Subject, have: Facet | None) -> None:
    if at.cleared is not None and not at.cleared.is_empty():  # versions and a lock can only be stopped
        assert have is not None
        assert have.to_json() == at.cleared.to_json()
    else:
        assert have is None or have.is_empty()


def nothing_is_deleted_unless_something_was_seen(at: Subject) -> None:
    at.forget()
    at.driver.clear(at.bucket, None)
    assert list(at.calls) == []


def what_would_be_lost_is_refused_by_its_path(at: Subject, sample: Facet) -> None:
    lost = uses(sample, at.backend.support[at.facet].lost)
    at.forget()
    with pytest.raises(Rejected) as refusal:
        at.driver.write(at.bucket, sample, None)
    assert lost
    assert refusal.value.code == "Lossy"
    assert all(path in str(refusal.value) for path in lost)
    assert list(at.calls) == [], "nothing was sent"


def what_a_store_does_not_take_is_refused_by_its_path(at: Subject, sample: Facet) -> None:
    refused = beyond(sample, at.backend.support[at.facet].limits)
    at.forget()
    with pytest.raises(Rejected) as refusal:
        at.driver.write(at.bucket, sample, None)
    assert refused
    assert refusal.value.code == "Lossy"
    assert any(path in str(refusal.value) for path in refused)
    assert list(at.calls) == [], "nothing was sent"


def every_facet_has_a_support_and_drivers_are_those_supported(backend: Backend) -> None:
    assert list(backend.support) == list(FACETS)
    held = {f for f, s in backend.support.items() if s.level is not Level.NONE}
    assert set(backend.drivers) == held
    assert all(s.reason for s in backend.support.values() if s.level is not Level.FULL)
    assert all(d.permissions for d in backend.drivers.values())


def a_bucket_appears_and_goes(backend: Backend, name: str) -> None:
    assert backend.check(name) is None
    assert backend.check(name, expected=False) is None
    backend.create(name, {})
    seen = backend.check(name)
    assert seen is not None
    assert (seen.owner, seen.blank) == (None, True)
    assert backend.remains(name).empty
    backend.delete(name)
    assert backend.check(name) is None
    backend.delete(name)  # gone is done


def a_taken_name_is_told_apart(backend: Backend, name: str) -> None:
    """Where ``create`` says that it would have refused."""
    if backend.create(name, {}):
        with pytest.raises(BucketTaken) as refusal:
            backend.create(name, {})
        assert refusal.value.ours


def the_owner_is_what_was_marked(at: Subject, sample: Facet, owner: str, other: str) -> None:
    """And a setting and the mark leave each other alone."""
    backend, place = at.backend, at.backend.mark_place
    assert place is not None
    assert place.encode(owner) != place.encode(other)
    at.driver.write(at.bucket, sample, at.read())
    marked = backend.mark(at.bucket, owner, _checked(at), {})
    assert marked.owner == place.encode(owner)
    assert _checked(at).owner == place.encode(owner)
    assert not _checked(at).blank
    assert same(at.read(), sample)
    if at.facet not in place.beside:
        at.driver.clear(at.bucket, at.read())
        assert _checked(at).owner == place.encode(owner)
    assert backend.mark(at.bucket, other, _checked(at), {}).owner == place.encode(other)


def _checked(at: Subject) -> Observation:
    seen = at.backend.check(at.bucket)
    assert seen is not None
    return seen


def a_check_tells_what_the_drivers_read(at: Subject, sample: Facet) -> None:
    at.driver.write(at.bucket, sample, at.read())
    told = _checked(at).values
    at.forget()
    read = {name: at.backend.drivers[name].read(at.bucket) for name in told}
    assert {n: v.to_json() if v else None for n, v in _present(told).items()} == {
        n: v.to_json() if v else None for n, v in _present(read).items()
    }


def _present(values: Mapping[str, Facet | None]) -> dict[str, Facet | None]:
    return {n: v if v is not None and not v.is_empty() else None for n, v in values.items()}


def emptiness_is_proven_by_a_listing(at: Subject) -> None:
    assert at.backend.remains(at.bucket).empty
    at.fill()
    assert not at.backend.remains(at.bucket).empty
    swept = at.backend.sweep(at.bucket, 10)
    assert (swept.removed, swept.more) == (1, False)
    assert at.backend.remains(at.bucket).empty
    assert at.backend.sweep(at.bucket, 10).removed == 0


def every_driver_says_that_the_bucket_is_gone(at: Subject) -> None:
    at.backend.delete(at.bucket)
    with pytest.raises(NotFound):
        at.read()


def no_two_buckets_have_one_identifier(backend: Backend, one: str, other: str) -> None:
    assert backend.identifier(one) == backend.identifier(one)
    assert backend.identifier(one) != backend.identifier(other)
