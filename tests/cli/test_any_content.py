"""Whatever a store holds, `plan` and `import` answer, and what is imported can be planned and applied."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dev.testing.examples import examples
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.backends.s3.backend import S3Backend
from imagestore.cli.commands import import_
from imagestore.cli.gathering.clusterstate import ClusterState
from imagestore.cli.importing.manifest import manifest
from imagestore.cli.manifests import cel
from imagestore.cli.manifests.load import Manifests, load
from imagestore.cli.manifests.typed_values import typed_values
from imagestore.cli.planning.plan_all import plan_all
from imagestore.cli.planning.report import PlanReport, as_json, markdown, text
from imagestore.reconcile.shared.situation import Store
from tests.backends.documents import ROWS, RawStore, documents, marked
from tests.backends.rules import RuleStore, stranger
from tests.cli.world import bucket, write
from tests.reconcile.test_any_content import SPEC, TIERS
from tests.reconcile.world import backend_spec

NOW = datetime(2026, 11, 23, tzinfo=UTC)
MINE = "prod/shop/photos"
AUDIT = bucket("audit", "shop--audit")


@cache
def wished(facet: str) -> Manifests:
    """The manifests of a bucket that has a wish for this setting."""
    photos = bucket("photos", "shop--photos", yaml.safe_dump({facet: SPEC[facet]}).replace("\n", "\n  "))
    read = load([str(write(Path(mkdtemp()), photos + AUDIT))], "default")
    assert not read.problems
    return read


def holding(facet: str, document: object) -> S3Backend:
    """A store whose bucket holds this document."""
    held = {"tags": marked({}, MINE), facet: document}
    return S3Backend("eu", "AWS", "https://store.example", "here", RawStore(held, made=True), tiers=TIERS)


def drawn(facet: str, data: st.DataObject) -> object:
    document = data.draw(documents(facet))
    return marked(document, MINE) if facet == "tags" else document


each_setting = pytest.mark.parametrize("facet", [f for f in ROWS if f in SPEC])
thorough = settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))


@each_setting
@given(data=st.data())
@thorough
def test_a_plan_says_what_it_finds(facet: str, data: st.DataObject) -> None:
    backend = holding(facet, drawn(facet, data))
    store = Store(backend_spec(allowPublic=True, allowedNotificationTargets=["arn:aws:sqs:*"]), backend)
    run = PlanReport(plan_all(wished(facet), ClusterState(offline=True), lambda _: store, NOW, None))
    assert all(made(run) for made in (text, markdown, as_json))
    assert run.buckets[0].plan.changes, "the setting is spoken of"


@each_setting
@given(data=st.data())
@thorough
def test_what_is_imported_is_accepted(facet: str, data: st.DataObject) -> None:
    backend = holding(facet, drawn(facet, data))
    found, owner = import_._settings(backend, "shop--photos", {"shop--audit": "audit"})
    made = manifest("shop", "photos", "eu", "shop--photos", found, (owner,))
    (spec,) = [d["spec"] for d in yaml.safe_load_all(made)]
    ImageBucketSpec.model_validate(spec)
    assert not list(cel.broken_rules(typed_values(spec, ImageBucketSpec, "spec", ("spec",)), ()))


def test_a_plan_says_what_the_driver_would_refuse_to_send() -> None:
    """The earliest place that can know of a stranger's rule that cannot be given back."""
    beside = "<Filter><Prefix>a/</Prefix><And><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>"
    held, rule_store = RawStore({"tags": marked({}, MINE)}, made=True), RuleStore([stranger("odd", beside)])

    def call(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return (rule_store if "Lifecycle" in operation else held)(operation, parameters)

    backend = S3Backend("eu", "AWS", "https://store.example", "here", call, tiers=TIERS)
    store = Store(backend_spec(), backend)
    run = PlanReport(plan_all(wished("lifecycle"), ClusterState(offline=True), lambda _: store, NOW, None))
    assert 'cannot be written: the lifecycle rule "odd"' in text(run)
    assert rule_store.writes == 0
