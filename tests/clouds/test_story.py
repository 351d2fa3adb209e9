"""The operator's whole story with a bucket, on a cloud that has nothing of S3: the reconcile knows no other."""

from dataclasses import dataclass, replace

import pytest

from imagestore.api.storagebackend import StorageBackendSpec, Tenancy
from imagestore.backends.base import Backend
from imagestore.reconcile.bucket.situation import BucketSituation
from tests.clouds.backend import LABEL, short
from tests.clouds.cabinet import Cabinet
from tests.reconcile.world import MARK, World

DRAWER = "shop-photos"
RULE = {"name": "thumbs", "match": {"prefix": "thumbs/"}, "expire": {"days": 30}}
SPEC = {
    "bucketName": DRAWER,
    "versioning": {"state": "Enabled"},
    "lifecycle": {"rules": [RULE]},
    "quota": {"hard": "1Gi"},
}


@dataclass
class CabinetWorld(World):
    """One object, with a cabinet in place of the store in memory."""

    drawers: Backend | None = None

    def situation(self) -> BucketSituation:
        found = super().situation()
        return replace(found, store=replace(found.store, backend=self.drawers))


@pytest.fixture
def world(backend: Backend, spec: StorageBackendSpec) -> CabinetWorld:
    return CabinetWorld(backend_spec=spec, drawers=backend)


def message(world: World) -> str:
    """Of Ready."""
    found = world.condition("Ready")
    assert found is not None
    return found.message


def owner(cabinet: Cabinet) -> str | None:
    """As the label says it."""
    found: str | None = cabinet.document[DRAWER].get("labels", {}).get(LABEL)
    return found


def test_a_bucket_is_made_marked_and_set_and_a_check_costs_one_call(
    world: CabinetWorld, cabinet: Cabinet
) -> None:
    world.apply(**SPEC).settle()
    assert world.ready == ("True", "InSync")
    assert cabinet.document[DRAWER] == {
        "labels": {LABEL: short(MARK)},
        "history": True,
        "rules": [{"id": "imagestore:bucket:thumbs", "prefix": "thumbs/", "then": "shred", "olderThan": 30}],
        "most": 1024**3,
    }
    assert world.status["identifier"] == f"cabinet://cellar/{DRAWER}"
    assert "arn" not in world.status
    cabinet.calls.clear()
    world.later().settle()
    assert cabinet.calls == ["read"], "one answer tells the owner and all settings"


def test_drift_is_found_corrected_and_what_is_others_stays(world: CabinetWorld, cabinet: Cabinet) -> None:
    world.apply(**SPEC).settle()
    drawer = cabinet.document[DRAWER]
    theirs = {"id": "by-hand", "then": "vault", "olderThan": 5}
    drawer |= {"history": False, "most": 7, "rules": [theirs, *drawer["rules"]]}
    drawer["labels"]["shelf"] = "3"
    world.later().settle()
    assert world.ready == ("True", "InSync")
    assert {"DriftDetected", "DriftCorrected"} <= set(world.reasons())
    drawer = cabinet.document[DRAWER]
    assert (drawer["history"], drawer["most"]) == (True, 1024**3)
    assert [r["id"] for r in drawer["rules"]] == ["by-hand", "imagestore:bucket:thumbs"]
    assert drawer["labels"] == {"shelf": "3", LABEL: short(MARK)}


def test_a_setting_that_is_no_longer_mentioned_obeys_its_rule(world: CabinetWorld, cabinet: Cabinet) -> None:
    world.apply(**SPEC).settle()
    world.apply(bucketName=DRAWER).settle()
    assert world.ready == ("True", "InSync")
    assert cabinet.document[DRAWER].get("rules", []) == []
    assert cabinet.document[DRAWER]["history"] is True, "clearing it would weaken protection"


def test_another_owners_bucket_is_neither_touched_nor_named(world: CabinetWorld, cabinet: Cabinet) -> None:
    cabinet.sheets[DRAWER] = {"picture": "theirs"}
    cabinet.document[DRAWER] = {"labels": {LABEL: short("prod/press/photos")}}
    before = dict(cabinet.document[DRAWER])
    world.apply(**SPEC, adoption="Granted").settle()
    assert world.ready == ("False", "OwnedByAnother")
    assert "belongs to another ImageBucket" in message(world)
    assert (cabinet.document[DRAWER], cabinet.sheets[DRAWER]) == (before, {"picture": "theirs"})
    world.delete().settle()
    assert world.gone
    assert DRAWER in cabinet.document


def test_a_bucket_that_was_there_is_taken_over_where_that_is_granted(
    world: CabinetWorld, cabinet: Cabinet, spec: StorageBackendSpec
) -> None:
    cabinet.sheets[DRAWER] = {"picture": "old"}
    cabinet.document[DRAWER] = {"history": True}
    world.apply(bucketName=DRAWER, versioning={"state": "Enabled"}).settle()
    assert world.ready == ("False", "BucketExists")
    granted = spec.to_json()["tenancy"] | {"adoptionGrants": [{"namespace": "shop", "bucketName": DRAWER}]}
    tenancy = Tenancy.model_validate(granted)
    world.backend_spec = spec.model_copy(update={"tenancy": tenancy})
    world.edit(adoption="Granted").settle()
    assert world.ready == ("True", "InSync")
    assert owner(cabinet) == short(MARK)


def test_a_rebuilt_cluster_finds_its_bucket_by_the_mark(world: CabinetWorld, cabinet: Cabinet) -> None:
    world.apply(**SPEC).settle()
    cabinet.sheets[DRAWER]["picture"] = "kept"
    cabinet.calls.clear()
    again = world.rebuilt().settle()
    assert again.ready == ("True", "InSync")
    assert set(cabinet.calls) == {"read"}, "no write, no loss"


def test_a_mark_that_is_gone_is_said_by_the_name_it_has_here(world: CabinetWorld, cabinet: Cabinet) -> None:
    world.apply(**SPEC).settle()
    cabinet.sheets[DRAWER]["picture"] = "kept"
    del cabinet.document[DRAWER]["labels"]
    world.restart().later().settle()
    assert world.ready == ("False", "MarkMissing")
    assert "(the label owner)" in message(world)


def test_a_name_that_the_cloud_does_not_take_is_refused_before_anything_is_sent(
    world: CabinetWorld, cabinet: Cabinet
) -> None:
    world.apply(**SPEC | {"bucketName": "shop--photos"}).settle()
    assert world.ready == ("False", "NameNotAllowed")
    assert cabinet.calls == []


def test_what_the_cloud_cannot_hold_is_said_by_its_path(world: CabinetWorld, cabinet: Cabinet) -> None:
    old = {"name": "old", "noncurrent": {"expire": {"days": 3}}}
    world.apply(bucketName=DRAWER, lifecycle={"rules": [old]}, tags={"team": "shop"}).settle()
    assert world.facet("lifecycle")["state"] == "Unsupported"
    assert "rules[name=old].noncurrent" in world.facet("lifecycle")["message"]
    assert "(a cabinet has no such setting)" in world.facet("tags")["message"]
    assert "rules" not in cabinet.document[DRAWER]


def test_a_full_bucket_stays_an_empty_one_goes_and_what_is_asked_for_is_emptied(
    world: CabinetWorld, cabinet: Cabinet
) -> None:
    world.apply(**SPEC, deletionPolicy="DeleteIfEmpty").settle()
    cabinet.sheets[DRAWER] = {f"picture-{n}": "x" for n in range(3)}
    world.delete().step()
    assert not world.gone
    assert world.ready == ("False", "NotEmpty")
    world.edit(deletionPolicy="DeleteAll").settle()
    assert world.gone
    assert cabinet.sheets == cabinet.document == {}


def test_a_document_that_another_wrote_meanwhile_is_read_anew(world: CabinetWorld, cabinet: Cabinet) -> None:
    """One document an account: the write of another drawer's settings is a conflict, and never an overwrite."""
    world.apply(**SPEC).settle()
    cabinet.sheets["press-photos"], cabinet.document["press-photos"] = {}, {"most": 7}
    cabinet.etag += 1
    world.edit(quota={"hard": "2Gi"}).settle()
    assert cabinet.document[DRAWER]["most"] == 2 * 1024**3
    assert cabinet.document["press-photos"] == {"most": 7}
