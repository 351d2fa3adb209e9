"""What is right arrives whole: nothing pruned, nothing added, nothing without words."""

import json
from typing import Any

import pytest
import yaml

from dev.cluster import Cluster
from imagestore.api.kinds import IMAGE_BUCKET, KINDS, STORAGE_BACKEND, Kind
from imagestore.reconcile.schedule.timing import cron_timing
from tests import kstatus
from tests.crdgen import schemas, wrong_schedules
from tests.crdgen.conftest import ROOT
from tests.crdgen.manifests import Wrong, answers

Json = dict[str, Any]
MAXIMAL = {k.name: ROOT / f"tests/crdgen/maximal/{k.plural}.yaml" for k in KINDS}


def maximal(kind: Kind) -> list[Json]:
    return list(yaml.safe_load_all(MAXIMAL[kind.name].read_text()))


def schema_of(kind: Kind) -> Json:
    (found,) = [d for d in schemas.definitions() if d["metadata"]["name"] == kind.crd]
    return schemas.root(found)


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_the_maximal_objects_use_every_field_of_the_spec(kind: Kind) -> None:
    node = schema_of(kind)
    seen = {p for o in maximal(kind) for p in schemas.used("spec", o["spec"], node["properties"]["spec"])}
    assert {p for p in schemas.fields(node, "spec") if p not in seen} == set()


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_a_maximal_object_survives_the_round_trip(installed: Cluster, kind: Kind) -> None:
    for wanted in maximal(kind):
        name = wanted["metadata"]["name"]
        installed.kubectl("delete", kind.plural, name, "--ignore-not-found")
        installed.kubectl("create", "-f", "-", input=yaml.safe_dump(wanted))
        assert without_defaults(installed.get(kind.plural, name)["spec"]) == without_defaults(wanted["spec"])
        if "status" in wanted:
            patch = json.dumps({"status": wanted["status"]})
            installed.kubectl("patch", kind.plural, name, "--subresource=status", "--type=merge", "-p", patch)
            assert installed.get(kind.plural, name)["status"] == wanted["status"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_the_operator_reads_all_that_the_schema_lets_in(kind: Kind) -> None:
    """A field that the model dropped would be accepted and never acted on."""
    for wanted in maximal(kind):
        assert within(wanted["spec"], kind.spec.model_validate(wanted["spec"]).to_json())
        if "status" in wanted:
            assert within(wanted["status"], kind.status.model_validate(wanted["status"]).to_json())


def within(part: Any, whole: Any) -> bool:
    """Whether everything in ``part`` is in ``whole``."""
    if isinstance(part, dict):
        return all(key in whole and within(value, whole[key]) for key, value in part.items())
    if isinstance(part, list):
        return len(part) == len(whole) and all(within(p, w) for p, w in zip(part, whole, strict=True))
    return bool(part == whole)


def without_defaults(spec: Json) -> Json:
    """Limits are the only part that the server fills in."""
    return {k: v for k, v in spec.items() if k != "limits"}


def test_the_server_fills_in_limits_and_nothing_else(installed: Cluster) -> None:
    """A default in a facet would manage a setting that no user mentioned."""
    defaults = {
        path
        for definition in schemas.definitions()
        for path, node in schemas.nodes("", schemas.root(definition))
        if "default" in node and path.startswith(".spec")
    }
    assert defaults == {".spec.limits.requestsPerSecond", ".spec.limits.burst", ".spec.limits.concurrency"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_what_nobody_has_looked_at_is_in_progress(installed: Cluster, kind: Kind) -> None:
    """Without a status of its own it was Current to kstatus: Flux went on while no operator was there.

    What an object is created with does not count: a status cannot be written with it.
    """
    wanted, *_ = maximal(kind)
    name = f"unseen-{kind.short}"
    status = {"observedGeneration": 1, "conditions": []}
    forged = wanted | {"metadata": {**wanted["metadata"], "name": name}, "status": status}
    installed.kubectl("create", "-f", "-", input=yaml.safe_dump(forged))
    listed = {o["metadata"]["name"]: o for o in installed.get(kind.plural)["items"]}
    for seen in (installed.get(kind.plural, name), listed[name]):
        assert seen["status"] == {"observedGeneration": -1}
        assert kstatus.compute(seen) == "InProgress"
    # A status of which a part was written is no answer either: the intent of a bucket comes before any look.
    half = '{"status": {"observedGeneration": null, "conditions": []}}'
    installed.kubectl("patch", kind.plural, name, "--subresource=status", "--type=merge", "-p", half)
    assert kstatus.compute(installed.get(kind.plural, name)) == "InProgress"


def test_buckets_are_selected_by_name_and_backend(installed: Cluster) -> None:
    for wanted in maximal(IMAGE_BUCKET):
        installed.apply(yaml.safe_dump(wanted))
    for selector in ("spec.bucketName=abc", "spec.bucketName=abc,spec.backendRef.name=eu"):
        shown = installed.get("ib", "--all-namespaces", "--field-selector", selector)
        assert [o["metadata"]["name"] for o in shown["items"]] == ["other-half"]
    none = installed.get("ib", "--all-namespaces", "--field-selector", "spec.backendRef.name=nobody")
    assert none["items"] == []


def test_columns_tell_what_a_person_asks_first(installed: Cluster) -> None:
    wanted, *_ = maximal(IMAGE_BUCKET)
    installed.apply(yaml.safe_dump(wanted))
    patch = json.dumps({"status": wanted["status"]})
    installed.kubectl("patch", "ib", "maximal", "--subresource=status", "--type=merge", "-p", patch)
    head, row = installed.kubectl("get", "ib", "maximal").stdout.splitlines()
    assert head.split() == ["NAME", "READY", "BACKEND", "BUCKET", "DRIFT", "AGE"]
    assert row.split()[:5] == ["maximal", "False", "eu", "acme-default--photos.2027", "True"]
    head, row = installed.kubectl("get", "ib", "maximal", "-o", "wide").stdout.splitlines()
    assert head.split()[5:8] == ["OBJECTS", "SIZE", "REASON"]
    assert row.split()[5:8] == ["12", "4096", "Held"]


def test_columns_of_a_backend(installed: Cluster) -> None:
    wanted, *_ = maximal(STORAGE_BACKEND)
    installed.apply(yaml.safe_dump(wanted))
    patch = json.dumps({"status": wanted["status"]})
    installed.kubectl("patch", "sbe", "maximal", "--subresource=status", "--type=merge", "-p", patch)
    head, row = installed.kubectl("get", "sbe", "maximal").stdout.splitlines()
    assert head.split() == ["NAME", "READY", "PROVIDER", "ENDPOINT", "BUCKETS", "AGE"]
    assert row.split()[:5] == ["maximal", "True", "MinIO", "https://s3.example:9000", "12"]


def test_all_kinds_are_shown_by_their_category(installed: Cluster) -> None:
    for kind in KINDS:
        installed.apply(MAXIMAL[kind.name].read_text())
    names = installed.kubectl("get", "imagestore", "-o", "name").stdout.split()
    assert {n.split("/")[0] for n in names} == {f"{k.singular}.{k.group}" for k in KINDS}


def test_explain_has_words_for_every_field(installed: Cluster) -> None:
    served = json.loads(installed.kubectl("get", "--raw", "/openapi/v3/apis/imagestore.dev/v1alpha1").stdout)
    for kind in KINDS:
        schema = served["components"]["schemas"][f"dev.imagestore.v1alpha1.{kind.name}"]
        silent = [
            path
            for part in ("spec", "status")
            for path, node in schemas.nodes(part, schema["properties"][part])
            if not path.endswith(("[]", "{}")) and len(node.get("description", "")) < 3
        ]
        assert silent == []


def test_explain_shows_them_to_a_person(installed: Cluster) -> None:
    shown = installed.kubectl(
        "explain", "imagebucket.spec.lifecycle.rules.noncurrent.expire.keepNewest"
    ).stdout
    assert "Newest noncurrent versions that are kept at any age." in shown


def test_times_that_look_odd_and_are_right_are_taken(installed: Cluster) -> None:
    """Each is one that the operator can follow: a schema that lets in what is refused later is no help."""
    objects = [Wrong("BackupSchedule", snippet, "").manifest("odd") for snippet in wrong_schedules.RIGHT]
    named = [o | {"metadata": o["metadata"] | {"name": f"odd-{n}"}} for n, o in enumerate(objects)]
    assert answers(installed, named) == {}
    for times in (o["spec"]["schedule"] for o in objects):
        assert cron_timing(times["cron"], times.get("timeZone", "UTC"))
