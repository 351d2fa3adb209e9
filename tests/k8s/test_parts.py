"""The small parts of the shell, each by itself."""

import asyncio
import base64
import io
import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kopf
import pytest
import yaml
from pydantic import ValidationError

from dev.cluster.certificates import Authority
from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.api.kinds import IMAGE_BUCKET
from imagestore.controller import logs
from imagestore.controller.health import Health
from imagestore.controller.state.objects import Key
from imagestore.controller.work.context import OBJECT, RECONCILE
from imagestore.controller.work.failing import internal_error, not_understood
from imagestore.core.conditions import violations
from imagestore.core.outcome import Event
from imagestore.core.reasons import Reason
from imagestore.k8s.api import resources
from imagestore.k8s.api.access import TokenFile, find_access
from imagestore.k8s.api.errors import AccessError
from imagestore.k8s.sink.events import FORGET, REPEAT, Flood, Occasion, SeriesLedger
from imagestore.k8s.source import kopf_internals
from imagestore.k8s.source.kopf_settings import Backoffs
from imagestore.kinds import ALL
from tests.k8s.subscriptions import subscription
from tests.k8s.test_object_cache import bucket
from tests.k8s.test_queue import Clock

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GRANTS = resources.grants(ALL)


def test_credentials_are_masked_in_every_form() -> None:
    redactor = logs.Redactor()
    value = 'pa"ss\\word-1'
    redactor.learn({"secretAccessKey": value.encode(), "short": b"true", "accessKeyId": b"imagestore"})
    told = f"{value} {json.dumps(value)} {base64.b64encode(value.encode()).decode()} true imagestore"
    assert redactor.clean(told) == '*** "***" *** true imagestore'


def test_a_watch_that_kopf_left_unclosed_is_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    root, stream = logging.getLogger(), io.StringIO()
    monkeypatch.setattr(root, "handlers", list(root.handlers))
    monkeypatch.setattr(root, "level", root.level)
    logs.configure("info", stream)
    said = "an error occurred during closing of asynchronous generator <async_generator object %s at 0x7f>"
    logging.getLogger("asyncio").error(said, "infinite_watch")
    logging.getLogger("asyncio").error(said, "pages")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == [said % "pages"]


def test_a_log_line_says_which_reconcile_of_which_object() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    log = logging.getLogger("tests.k8s.one-line")
    log.propagate = False
    log.addHandler(handler)
    logs.REDACTOR.learn({"key": b"never-in-a-log"})
    OBJECT.set("ImageBucket shop/a")
    RECONCILE.set("abc")
    try:
        raise RuntimeError("it was never-in-a-log")
    except RuntimeError:
        log.exception("said %s", "never-in-a-log")
    line = json.loads(stream.getvalue())
    assert (line["object"], line["reconcile"], line["message"]) == ("ImageBucket shop/a", "abc", "said ***")
    assert "never-in-a-log" not in stream.getvalue()
    OBJECT.set("")
    RECONCILE.set("")


def test_a_bug_is_a_status_that_follows_the_conventions() -> None:
    status = internal_error(bucket("a"), RuntimeError("secret"), NOW)
    parsed = ImageBucketStatus.model_validate(status)
    assert violations(parsed.conditions, 1, parsed.observed_generation) == ()
    assert "secret" not in json.dumps(status)
    again = internal_error(bucket("a", status=status), RuntimeError("other"), NOW.replace(year=2027))
    assert again == status, "the same bug is not written twice"


def test_a_spec_of_another_version_is_said_field_by_field() -> None:
    with pytest.raises(ValidationError) as caught:
        ImageBucketSpec.model_validate({"backendRef": {"name": "eu"}, "bucketName": "abc", "mode": "Dream"})
    status = ImageBucketStatus.model_validate(not_understood(bucket("a"), caught.value, NOW))
    assert violations(status.conditions, 1, status.observed_generation) == ()
    assert "spec.mode" in status.conditions[0].message


def test_a_status_that_makes_no_sense_does_not_keep_a_bug_from_being_said() -> None:
    status = internal_error(bucket("a", status={"conditions": [{"type": 5}]}), RuntimeError(), NOW)
    assert [c["type"] for c in status["conditions"]] == ["Ready", "Stalled"]


def test_missing_rights_are_sentences() -> None:
    everything = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
    assert list(resources.missing(everything, GRANTS)) == []
    exact = [{"verbs": list(g.verbs), "apiGroups": [g.group], "resources": [g.resource]} for g in GRANTS]
    assert list(resources.missing(exact, GRANTS)) == []
    said = list(resources.missing((r for r in exact if r["resources"] != ["imagebuckets"]), GRANTS))
    assert said == [
        "not allowed to get, list, watch, patch imagebuckets.imagestore.dev, which is needed to follow them and"
        " keep the finalizer"
    ]
    # What a value of the chart grants is not missing without it.
    asked = [g for g in GRANTS if not g.switch and not g.listed]
    assert len(list(resources.missing([], GRANTS))) == len(asked) < len(GRANTS)


def test_a_token_is_read_again_when_its_file_is_another_one(tmp_path: Path) -> None:
    file, new = tmp_path / "token", tmp_path / "new"
    file.write_text("one\n")
    token = TokenFile(file, Clock())
    assert token() == "Bearer one"
    new.write_text("two")
    new.rename(file)
    assert token() == "Bearer two"


def test_in_a_pod_the_service_account_is_used(tmp_path: Path) -> None:
    Authority(tmp_path).file.rename(tmp_path / "ca.crt")
    (tmp_path / "token").write_text("t")
    (tmp_path / "namespace").write_text("imagestore")
    access = find_access({"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}, tmp_path)
    assert (access.server, access.namespace, access.authorization()) == (
        "https://[fd00::1]:6443",
        "imagestore",
        "Bearer t",
    )


@pytest.mark.parametrize(
    ("user", "header"),
    [
        ({"token": "t"}, "Bearer t"),
        ({"username": "u", "password": "p"}, "Basic dTpw"),
        ({"exec": {"command": "echo", "args": ['{"status": {"token": "e"}}']}}, "Bearer e"),
        ({}, None),
    ],
)
def test_a_kubeconfig_is_used_outside(tmp_path: Path, user: dict[str, Any], header: str | None) -> None:
    config = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u", "namespace": "n"}}],
        "clusters": [{"name": "k", "cluster": {"server": "https://x:1/", "insecure-skip-tls-verify": True}}],
        "users": [{"name": "u", "user": user}],
    }
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(config))
    access = find_access({"KUBECONFIG": str(file)})
    assert (access.server, access.namespace, access.authorization()) == ("https://x:1", "n", header)


def test_what_a_kubeconfig_lacks_is_said(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="set KUBECONFIG"):
        find_access({"KUBECONFIG": str(tmp_path / "none")})
    (tmp_path / "config").write_text("current-context: c")
    with pytest.raises(AccessError, match="'c', which is not among its contexts"):
        find_access({"KUBECONFIG": str(tmp_path / "config")})


def occasion(message: str = "m", name: str = "a") -> Occasion:
    return Occasion(Key("ImageBucket", "shop", name), "uid", Event(Reason.READY, message))


def test_equal_notes_are_one_series() -> None:
    ledger = SeriesLedger(0.0)
    first = ledger.note(occasion(), "e1", "shop", 0.0)
    assert first is not None
    assert ledger.note(occasion(), "e2", "shop", 1.0) is None
    assert ledger.due(1.0) == [], "the first is not posted yet"
    first.posted = 1
    assert ledger.due(1.0) == [(occasion(), first)]
    first.posted, first.told = 2, 1.0
    ledger.note(occasion(), "e3", "shop", 2.0)
    assert ledger.due(3.0) == []
    assert ledger.due(1.0 + REPEAT) == [(occasion(), first)]
    assert first.count == 3
    assert ledger.note(occasion("other"), "e4", "shop", 3.0) is not None


def test_a_series_ends_when_nothing_happens() -> None:
    ledger = SeriesLedger(0.0)
    ledger.note(occasion(), "e1", "shop", 0.0)
    assert ledger.note(occasion(), "e2", "shop", FORGET + 1) is not None


def test_nobody_floods_the_api_server() -> None:
    ledger = SeriesLedger(0.0, rate=1.0, burst=3)
    for n in range(3):
        ledger.note(occasion(name=str(n)), "e", "shop", 0.0)
    with pytest.raises(Flood):
        ledger.note(occasion(name="x"), "e", "shop", 0.0)
    assert ledger.note(occasion(name="x"), "e", "shop", 1.0) is not None


def test_kopf_gives_up_after_about_five_minutes_each_time() -> None:
    pauses = Backoffs()
    for _ in range(2):
        assert 200 < sum(pauses) < 400


def test_a_part_without_a_heartbeat_is_a_problem() -> None:
    clock = Clock()
    health, beat = Health(clock), clock.now
    health.beats("dispatcher", lambda: beat, 60)
    assert health.check() == []
    clock.now += 61
    assert health.check() == ["dispatcher: no sign of life for 61 s"]
    assert health.check(ready=True) == []


def test_kopf_watches_from_our_own_listing_on_and_lists_itself_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def theirs(**_: Any) -> AsyncIterator[Any]:
        yield ["everything"], "9"

    async def told(listing: Any, plural: str) -> list[Any]:
        resource = kopf.Resource(group="imagestore.dev", version="v1alpha1", plural=plural)
        return [page async for page in listing(resource=resource)]

    monkeypatch.setattr(kopf_internals, "_LISTING", theirs)
    listing = kopf_internals._listing(subscription(versions={"imagebuckets": "7"}))
    assert asyncio.run(told(listing, "storagebackends")) == [(["everything"], "9")]
    assert asyncio.run(told(listing, "imagebuckets")) == [([], "7")]
    assert asyncio.run(told(listing, "imagebuckets")) == [(["everything"], "9")]


@pytest.mark.parametrize(
    ("type_", "version", "echo"),
    [(None, "5", True), ("MODIFIED", "5", True), ("ADDED", "6", False), ("DELETED", "5", False)],
)
def test_only_what_is_known_is_kept_from_kopf(type_: str | None, version: str, *, echo: bool) -> None:
    item = {"type": type_, "object": {"metadata": {"resourceVersion": version}}}
    knows = lambda _kind, raw: raw["metadata"]["resourceVersion"] == "5"  # noqa: E731
    assert kopf_internals._is_echo(IMAGE_BUCKET, item, knows) is echo
