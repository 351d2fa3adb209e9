"""The generic part of the contract, kept by a cloud that has nothing of S3."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from imagestore.api import samples
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends import registry
from imagestore.backends.base import Backend, Driver
from imagestore.backends.secrets import ConfigError
from imagestore.core.errors import Denied
from imagestore.core.facet import Facet
from imagestore.core.losses import beyond, uses
from imagestore.facets.lifecycle import Lifecycle
from tests.clouds.cabinet import Cabinet
from tests.clouds.conftest import SECRETS
from tests.clouds.settings import SETTINGS, SUPPORT, encoded
from tests.contract import generic

NAME = "shop-photos"
_VAULTED = Lifecycle.model_validate(
    {
        "rules": [
            {"name": "old", "match": {"prefix": "old/"}, "transitions": [{"tier": "Archive", "days": 90}]},
            {"name": "drafts", "match": {"prefix": "drafts/"}, "expire": {"days": 7}, "state": "Disabled"},
            {"name": "scans", "transitions": [{"tier": "Archive", "days": 30}], "expire": {"days": 3650}},
        ]
    }
)
SAMPLES = {**samples.SAMPLES, "lifecycle": {**samples.SAMPLES["lifecycle"], "vaulted": _VAULTED}}


@dataclass(frozen=True)
class CabinetSubject:
    """See ``generic.Subject``."""

    backend: Backend
    cabinet: Cabinet
    facet: str
    bucket: str = NAME
    reads: frozenset[str] = frozenset({"read"})
    removed_one_by_one: bool = False

    @property
    def driver(self) -> Driver:
        return self.backend.drivers[self.facet]

    @property
    def calls(self) -> list[str]:
        return self.cabinet.calls

    @property
    def cleared(self) -> Facet | None:
        return SETTINGS[self.facet].cleared

    def forget(self) -> None:
        self.cabinet.calls.clear()

    def read(self) -> Facet | None:
        return self.driver.read(self.bucket)

    def put(self, value: Facet) -> None:
        self.cabinet.document[self.bucket][SETTINGS[self.facet].key] = encoded(value)

    def remove(self, seen: Facet) -> None:
        del self.cabinet.document[self.bucket][SETTINGS[self.facet].key]

    def fill(self) -> None:
        self.cabinet.sheets[self.bucket]["picture"] = "kept"

    def filled(self) -> bool:
        return self.cabinet.sheets[self.bucket] == {"picture": "kept"}


@pytest.fixture
def at(request: pytest.FixtureRequest, backend: Backend, cabinet: Cabinet) -> CabinetSubject:
    facet = getattr(request, "param", "quota")
    backend.create(NAME, {})
    return CabinetSubject(backend, cabinet, facet)


def _kept(facet: str, value: Facet) -> bool:
    return not uses(value, SUPPORT[facet].lost) and not beyond(value, SUPPORT[facet].limits)


STORED = [(f, n) for f in SETTINGS for n, value in SAMPLES[f].items() if _kept(f, value)]
LOST = [(f, n) for f in SETTINGS for n, value in SAMPLES[f].items() if uses(value, SUPPORT[f].lost)]
BEYOND = [(f, n) for f in SETTINGS for n, value in SAMPLES[f].items() if beyond(value, SUPPORT[f].limits)]
ONE = {f: next(SAMPLES[f][n] for facet, n in STORED if facet == f) for f in SETTINGS}
LAST = {f: [SAMPLES[f][n] for facet, n in STORED if facet == f][-1] for f in SETTINGS}
OBLIGATIONS: list[Callable[[CabinetSubject, Facet], None]] = [
    generic.what_is_written_is_read,
    generic.a_check_and_a_plan_write_nothing,
    generic.a_check_tells_what_the_drivers_read,
]


def each_sample(cases: list[tuple[str, str]]) -> pytest.MarkDecorator:
    pairs = [(facet, SAMPLES[facet][name]) for facet, name in cases]
    return pytest.mark.parametrize(("at", "sample"), pairs, indirect=["at"], ids=["-".join(c) for c in cases])


each = pytest.mark.parametrize("at", SETTINGS, indirect=True)


@each_sample(STORED)
@pytest.mark.parametrize("obligation", OBLIGATIONS)
def test_of_every_sample(
    at: CabinetSubject, sample: Facet, obligation: Callable[[CabinetSubject, Facet], None]
) -> None:
    obligation(at, sample)


@each_sample(LOST)
def test_what_would_be_lost_is_refused_by_its_path(at: CabinetSubject, sample: Facet) -> None:
    generic.what_would_be_lost_is_refused_by_its_path(at, sample)


@each_sample([c for c in BEYOND if c not in LOST])
def test_what_it_does_not_take_is_refused_by_its_path(at: CabinetSubject, sample: Facet) -> None:
    generic.what_a_store_does_not_take_is_refused_by_its_path(at, sample)


def test_the_samples_that_it_keeps_loses_and_does_not_take_are_some() -> None:
    assert {f for f, _ in STORED} == set(SETTINGS)
    assert LOST
    assert [c for c in BEYOND if c not in LOST]


@each
def test_absent_reads_as_none(at: CabinetSubject) -> None:
    assert at.read() is None


@each
def test_a_change_behind_our_back_is_a_difference(at: CabinetSubject) -> None:
    generic.a_change_behind_our_back_is_a_difference(at, LAST[at.facet], ONE[at.facet])


@each
def test_a_setting_removed_behind_our_back_is_a_difference(at: CabinetSubject) -> None:
    generic.a_setting_removed_behind_our_back_is_a_difference(at, LAST[at.facet])


@each
def test_clear_twice_succeeds_and_keeps_what_is_in_the_bucket(at: CabinetSubject) -> None:
    generic.clear_twice_succeeds_and_keeps_what_is_in_the_bucket(at, LAST[at.facet])


@each
def test_nothing_is_deleted_unless_something_was_seen(at: CabinetSubject) -> None:
    generic.nothing_is_deleted_unless_something_was_seen(at)


@each
def test_the_owner_is_what_was_marked(at: CabinetSubject) -> None:
    long = f"an-installation/{'n' * 63}/{'A.Name' * 20}"
    generic.the_owner_is_what_was_marked(at, LAST[at.facet], "prod/shop/photos", long)


@each
def test_every_driver_says_that_the_bucket_is_gone(at: CabinetSubject) -> None:
    generic.every_driver_says_that_the_bucket_is_gone(at)


def test_emptiness_is_proven_by_a_listing(at: CabinetSubject) -> None:
    generic.emptiness_is_proven_by_a_listing(at)


def test_of_the_backend(backend: Backend) -> None:
    generic.every_facet_has_a_support_and_drivers_are_those_supported(backend)
    generic.a_bucket_appears_and_goes(backend, NAME)
    generic.a_taken_name_is_told_apart(backend, NAME)
    generic.no_two_buckets_have_one_identifier(backend, NAME, "shop-press")


def test_its_credentials_are_its_own(cabinet: Cabinet, spec: StorageBackendSpec) -> None:
    """The registry reads Secrets; what has to be in one is for the cloud to say."""
    with pytest.raises(ConfigError, match="the Secret cellar has no key cabinetKey"):
        registry.connect("cellar", spec, {"cellar": {"accessKeyId": b"x"}}.get)
    with pytest.raises(Denied):
        registry.connect("cellar", spec, {"cellar": {"cabinetKey": b"iron"}}.get).probe()
    assert registry.connect("cellar", spec, SECRETS.get).probe().product == "Cabinet"


def test_a_provider_without_a_cloud_is_a_sentence(spec: StorageBackendSpec) -> None:
    with pytest.raises(
        ConfigError, match=r"spec.provider Cabinet has no driver in this version; it has AWS, "
    ):
        registry.connect("cellar", spec, SECRETS.get)
