"""The obligations of every cloud that concern a whole bucket, on the S3 servers."""

import uuid

import pytest

from imagestore.core.reading import Level
from tests.contract import generic
from tests.contract.live import PREFIX
from tests.contract.stores import FIXTURES, LIVE, MATRIX, SAMPLES, World, backend_of, world

MARKED = [p for p in FIXTURES if MATRIX[p]["tags"].level is not Level.NONE]
VERSIONED = [p for p in MARKED if MATRIX[p]["versioning"].level is not Level.NONE]
# rclone answers another document than a listing of versions, so nothing is known to be empty there.
LISTING = [p for p in FIXTURES if p != "rclone"]


def new() -> str:
    """A name that no other test has."""
    return f"{PREFIX if LIVE else 'generic-'}{uuid.uuid4().hex[:12]}"


def at(provider: str, facet: str, request: pytest.FixtureRequest) -> World:
    """A bucket of its own."""
    return world(backend_of(provider, request), facet)


@pytest.mark.parametrize("provider", LISTING)
def test_a_bucket_appears_and_goes(provider: str, request: pytest.FixtureRequest) -> None:
    generic.a_bucket_appears_and_goes(backend_of(provider, request), new())


@pytest.mark.parametrize("provider", FIXTURES)
def test_a_taken_name_is_told_apart(provider: str, request: pytest.FixtureRequest) -> None:
    generic.a_taken_name_is_told_apart(backend_of(provider, request), new())


@pytest.mark.parametrize("provider", FIXTURES)
def test_no_two_buckets_have_one_identifier(provider: str, request: pytest.FixtureRequest) -> None:
    generic.no_two_buckets_have_one_identifier(backend_of(provider, request), new(), new())


@pytest.mark.parametrize("provider", VERSIONED)
def test_the_owner_is_what_was_marked(provider: str, request: pytest.FixtureRequest) -> None:
    subject = at(provider, "versioning", request)
    owners = ("prod/shop/photos", "prod/press/photos")
    generic.the_owner_is_what_was_marked(subject, next(iter(SAMPLES["versioning"].values())), *owners)


@pytest.mark.parametrize("provider", MARKED)
def test_a_check_tells_what_the_drivers_read(provider: str, request: pytest.FixtureRequest) -> None:
    subject = at(provider, "tags", request)
    generic.a_check_tells_what_the_drivers_read(subject, next(iter(SAMPLES["tags"].values())))


@pytest.mark.parametrize("provider", LISTING)
def test_emptiness_is_proven_by_a_listing(provider: str, request: pytest.FixtureRequest) -> None:
    generic.emptiness_is_proven_by_a_listing(at(provider, "policy", request))
