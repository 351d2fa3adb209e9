"""Every driver, facet and sample, on the real servers. AWS is moto: it stands in for what only AWS has."""

from collections.abc import Iterator, Sequence

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.core.errors import Rejected, StoreError
from imagestore.core.facet import Facet
from imagestore.core.losses import beyond, uses
from imagestore.core.reading import Level
from imagestore.facets.policy import BucketPolicy
from tests.contract import generic
from tests.contract.generic import planned, same
from tests.contract.pruning import without
from tests.contract.stores import (
    FIXTURES,
    LIVE,
    MATRIX,
    MOTO_LOSES,
    REFUSED,
    SAMPLES,
    World,
    backend_of,
    row_of,
    world,
)

HELD = [(p, f) for p in FIXTURES for f in FACETS if MATRIX[p][f].level is not Level.NONE]
WRITTEN = [(p, f) for p, f in HELD if row_of(p, f).write and SAMPLES[f]]
NOT_HELD = [(p, f) for p in FIXTURES for f in FACETS if MATRIX[p][f].level is Level.NONE]
REFUSING = [(p, f) for p, f in NOT_HELD if f != "quota" and not MATRIX[p][f].reason.startswith("not probed")]


def _samples() -> Iterator[tuple[str, str, str]]:
    for provider, facet in WRITTEN:
        lost, limits = MATRIX[provider][facet].lost, MATRIX[provider][facet].limits
        for name, value in SAMPLES[facet].items():
            moto = provider == "AWS" and (facet, name) in MOTO_LOSES and not LIVE
            # A Deny without TLS is carried out by SeaweedFS at once: see test_tls.
            locked_out = provider == "SeaweedFS" and facet == "policy" and uses(value, ["requireTls"])
            if not (
                uses(value, lost)
                or beyond(value, limits)
                or (provider, facet, name) in REFUSED
                or moto
                or locked_out
            ):
                yield provider, facet, name


STORED = list(_samples())
BEYOND = [
    (p, f, n) for p, f in WRITTEN for n, value in SAMPLES[f].items() if beyond(value, MATRIX[p][f].limits)
]
LOST = [
    (p, f, n)
    for p, f in WRITTEN
    for n, value in SAMPLES[f].items()
    if uses(value, MATRIX[p][f].lost) and (p, f, n) not in BEYOND
]


@pytest.fixture
def at(request: pytest.FixtureRequest) -> World:
    provider, facet, *_ = request.param
    return world(backend_of(provider, request), facet)


@pytest.fixture
def sample(request: pytest.FixtureRequest) -> Facet:
    _, facet, name = request.param
    return SAMPLES[facet][name]


def each(cases: Sequence[tuple[str, ...]]) -> pytest.MarkDecorator:
    """A world for each (provider, facet)."""
    return pytest.mark.parametrize("at", cases, indirect=True, ids=["-".join(c) for c in cases])


def each_sample(cases: list[tuple[str, str, str]]) -> pytest.MarkDecorator:
    """A world and its sample."""
    pairs = [(c, c) for c in cases]
    return pytest.mark.parametrize(("at", "sample"), pairs, indirect=True, ids=["-".join(c) for c in cases])


@each(HELD)
def test_absent_reads_as_none(at: World) -> None:
    if at.facet == "objectLock":
        at = world(at.backend, "versioning")
        assert at.backend.drivers["objectLock"].read(at.bucket) is None
    else:
        assert at.read() in (None, at.row.cleared), "some settings are never absent"


@each_sample(STORED)
def test_what_is_written_is_read(at: World, sample: Facet) -> None:
    generic.what_is_written_is_read(at, sample)


@each_sample(STORED)
def test_a_check_and_a_plan_write_nothing(at: World, sample: Facet) -> None:
    generic.a_check_and_a_plan_write_nothing(at, sample)


SHOWN = [(p, f, n) for p, f in HELD if not row_of(p, f).write for n in SAMPLES[f]]


@each_sample(SHOWN)
def test_what_is_only_looked_at_is_shown_and_never_written(at: World, sample: Facet) -> None:
    at.put(sample)
    assert same(at.read(), sample)
    at.recorded.seen.clear()
    for other in SAMPLES[at.facet].values():
        assert planned(at, other, at.read()) == 0
    with pytest.raises(Rejected, match="never written"):
        at.driver.write(at.bucket, sample, None)
    at.driver.clear(at.bucket, sample)
    assert set(at.recorded.operations) == {at.row.read}


@each(WRITTEN)
def test_a_change_behind_our_back_is_a_difference(at: World) -> None:
    generic.a_change_behind_our_back_is_a_difference(at, *_two(at))


def _two(at: World) -> tuple[Facet, Facet]:
    """Two samples that the store holds, the first with something that the second has not."""
    names = [n for p, f, n in STORED if (p, f) == (at.server, at.facet)]
    values = [SAMPLES[at.facet][n] for n in names]
    if isinstance(values[0], BucketPolicy) and len(values) == 1:
        denied = values[0].statements[0].model_copy(update={"effect": "Deny"})
        return values[0], SAMPLES["policy"]["cdn"].model_copy(update={"statements": (denied,)})
    return values[-1], values[0]


@each([c for c in HELD if row_of(*c).clear])
def test_a_setting_removed_behind_our_back_is_a_difference(at: World) -> None:
    generic.a_setting_removed_behind_our_back_is_a_difference(at, _two(at)[0])


# Not on moto: it refuses a lock's default retention once the bucket holds anything; Amazon S3 does not.
@each([c for c in WRITTEN if LIVE or c != ("AWS", "objectLock")])
def test_clear_twice_succeeds_and_keeps_what_is_in_the_bucket(at: World) -> None:
    generic.clear_twice_succeeds_and_keeps_what_is_in_the_bucket(at, _two(at)[0])


@each([c for c in HELD if row_of(*c).clear])
def test_nothing_is_deleted_unless_something_was_seen(at: World) -> None:
    generic.nothing_is_deleted_unless_something_was_seen(at)


@each_sample([(p, f, n) for p, f, n in REFUSED if (p, f) in HELD])
def test_a_refusal_is_an_error_and_changes_nothing(at: World, sample: Facet) -> None:
    with pytest.raises(Rejected):
        at.driver.write(at.bucket, sample, None)
    assert at.read() is None


@each_sample(LOST)
def test_what_would_be_lost_is_refused_by_its_path(at: World, sample: Facet) -> None:
    generic.what_would_be_lost_is_refused_by_its_path(at, sample)


@each_sample(BEYOND)
def test_what_a_store_does_not_take_is_refused_by_its_path(at: World, sample: Facet) -> None:
    assert beyond(sample, at.backend.support[at.facet].limits) == beyond(
        sample, MATRIX[at.server][at.facet].limits
    )
    generic.what_a_store_does_not_take_is_refused_by_its_path(at, sample)


@each_sample([c for c in LOST if c not in REFUSED])
def test_what_is_not_listed_as_lost_is_kept(at: World, sample: Facet) -> None:
    rest = without(sample, at.backend.support[at.facet].lost)
    if not rest.is_empty():
        at.put(rest)
        assert same(at.read(), rest)


# A probe by plain HTTP does not try it, since it may shut out who asks; what is not tried is not supported.
UNTRIED = "requireTls"
PATTERNS = [(p, f, pattern) for p, f in HELD for pattern in MATRIX[p][f].lost if pattern != UNTRIED]


@pytest.mark.parametrize("at", PATTERNS, indirect=True, ids=["-".join(c) for c in PATTERNS])
def test_each_thing_listed_as_lost_is_lost(at: World, request: pytest.FixtureRequest) -> None:
    """Support is what a write followed by a read proves; so is its lack."""
    pattern = request.node.callspec.params["at"][2]
    others = set(at.backend.support[at.facet].lost) - {pattern}
    sample = next(v for v in SAMPLES[at.facet].values() if uses(v, [pattern]))
    value = without(sample, others)
    try:
        at.put(value)
    except StoreError:
        return
    assert not same(at.read(), value)


@each(REFUSING)
def test_what_is_not_supported_is_so_by_the_stores_own_answer(at: World) -> None:
    assert at.facet not in at.backend.drivers
    sample, reason = next(iter(SAMPLES[at.facet].values())), at.backend.support[at.facet].reason
    code = _refusal(at, sample)
    if code is None:  # a success, and nothing stored: no read may be taken for support
        assert "stores nothing" in reason
        have = at.row.decode(at.raw(at.row.read), at.backend._place(at.bucket))
        assert not same(have, sample)
    else:
        assert code in reason
    assert at.backend.check(at.bucket) is not None, "and the bucket is still there"


def _refusal(at: World, sample: Facet) -> str | None:
    try:
        at.put(sample)
    except StoreError as error:
        return str(error.code)
    return None
