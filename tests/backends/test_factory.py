"""From a StorageBackend and its Secrets to a backend: what is missing is said in one sentence."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.base import Observation
from imagestore.backends.registry import connect
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.client import Keys
from imagestore.backends.s3.connecting import connect_with_keys
from imagestore.backends.secrets import ConfigError
from imagestore.core.errors import Rejected
from imagestore.core.fields import fields
from imagestore.core.reading import Level
from imagestore.facets.object_lock import ObjectLock
from imagestore.metrics import REGISTRY, StoreMetrics
from tests.contract.stores import FIXTURES

GOOD = {"accessKeyId": b"key", "secretAccessKey": b"the-secret\n"}
SECRETS: dict[str, dict[str, bytes]] = {
    "good": GOOD,
    "empty": {},
    "half": {"accessKeyId": b"key"},
    "binary": {"accessKeyId": b"key", "secretAccessKey": b"\xff\xfe"},
    "ca": {"ca.crt": b"-----BEGIN CERTIFICATE-----"},
}


def spec(**more: Any) -> StorageBackendSpec:
    raw = {
        "provider": "MinIO",
        "s3": {"endpoint": "http://127.0.0.1:1", "region": "r"},
        "credentials": {"secretRef": {"name": "good"}},
        **more,
    }
    return StorageBackendSpec.model_validate(raw)


def named(name: str) -> dict[str, Any]:
    return {"secretRef": {"name": name}}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"credentials": named("nowhere")}, "spec.credentials.secretRef names the Secret nowhere, which is not"),
    ({"credentials": named("empty")}, "the Secret empty has no key accessKeyId"),
    ({"credentials": named("half")}, "the Secret half has no key secretAccessKey"),
    ({"credentials": named("binary")}, "the key secretAccessKey of the Secret binary is not plain text"),
    ({"tls": {"caSecretRef": {"name": "good"}}}, "the Secret good has no key ca.crt"),
    ({"tls": {"caSecretRef": {"name": "nowhere"}}}, "spec.tls.caSecretRef names the Secret nowhere"),
    (
        {"admin": {"endpoint": "http://127.0.0.1:1", "credentials": named("half")}},
        "the Secret half has no key secretAccessKey",
    ),
    ({"s3": {"region": "r"}}, "spec.s3.endpoint is missing"),
]


@pytest.mark.parametrize(("more", "sentence"), WRONG)
def test_what_is_missing_is_said(more: Mapping[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        connect("x", spec(**more), SECRETS.get)


def test_connecting_sends_nothing_and_shows_no_secret() -> None:
    backend = connect("x", spec(tls={"caSecretRef": {"name": "ca"}}), SECRETS.get)
    assert backend.name == "x"
    assert "the-secret" not in repr(backend)


def test_aws_has_endpoints_of_its_own() -> None:
    raw = spec(provider="AWS", s3={"region": "eu-central-1"}, credentials={"ambient": {}})
    backend = connect("x", raw, SECRETS.get)
    assert backend.endpoint == "https://s3.eu-central-1.amazonaws.com"
    chinese = spec(provider="AWS", s3={"region": "cn-north-1"}, credentials={"ambient": {}})
    assert connect("x", chinese, SECRETS.get).endpoint == "https://s3.cn-north-1.amazonaws.com.cn"


def test_quota_comes_with_an_admin_api() -> None:
    admin = {"endpoint": "http://127.0.0.1:1", "credentials": named("good")}
    assert connect("x", spec(), SECRETS.get).support["quota"].level is Level.NONE
    assert connect("x", spec(admin=admin), SECRETS.get).support["quota"].level is Level.FULL
    seaweed = connect("x", spec(provider="SeaweedFS", admin=admin), SECRETS.get)
    assert seaweed.support["quota"].level is Level.NONE, "an admin API that is not there does no harm"


COLD = {"type": "MinIO", "endpoint": "http://127.0.0.1:1", "bucket": "cold"}


def test_a_missing_secret_of_a_tier_is_no_trouble_of_the_stores() -> None:
    admin = {"endpoint": "http://127.0.0.1:1", "credentials": named("good")}
    tiers = [
        {
            "tier": tier,
            "storageClass": name,
            "remote": COLD | {"credentials": named(secret), "prefix": secret},
        }
        for tier, name, secret in (("Cool", "WARM", "good"), ("Cold", "ICE", "nowhere"))
    ]
    remotes = connect("x", spec(admin=admin, tiers=tiers), SECRETS.get).remotes
    assert remotes is not None
    assert remotes.access_key("WARM") == "key"
    with pytest.raises(Rejected, match="the Secret nowhere, which is not"):
        remotes.fingerprint("ICE")
    assert "the-secret" not in repr(remotes)
    mapped = [{"tier": "Cool", "storageClass": "WARM"}]
    assert connect("x", spec(admin=admin, tiers=mapped), SECRETS.get).remotes is None


DOCUMENTED = {
    "IBM": ("https://s3.eu-de.cloud-object-storage.appdomain.cloud", {"versioning", "cors", "lifecycle"}),
    "Oracle": ("https://acme.compat.objectstorage.eu-frankfurt-1.oraclecloud.com", set[str]()),
}


@pytest.mark.parametrize("provider", DOCUMENTED)
def test_a_store_that_is_known_by_its_documents_only(provider: str) -> None:
    """It cannot be asked here: that it is reached as its vendor says, and that nothing uncertain is sent."""
    endpoint, held = DOCUMENTED[provider]
    backend = connect("x", spec(provider=provider, s3={"endpoint": endpoint, "region": "eu-de"}), SECRETS.get)
    assert isinstance(backend, S3Backend)
    assert backend.endpoint == endpoint
    assert set(backend.drivers) == held
    assert list(backend.support) == list(FACETS)
    assert all(s.reason for s in backend.support.values() if s.level is not Level.FULL)
    assert all(field in fields(FACETS[f]) for f, s in backend.support.items() for field in s.lost)
    assert all(url.startswith("https://") for url in backend.profile.documents)
    sent: list[tuple[str, dict[str, Any]]] = []
    asked = replace(backend, call=lambda o, p: sent.append((o, dict(p))) or {})  # type: ignore[func-returns-value]
    asked.create("new", {"objectLock": ObjectLock()})
    assert sent == [("CreateBucket", {"Bucket": "new"})], "no location, and no lock that is not certain"


@pytest.mark.parametrize("provider", DOCUMENTED)
def test_without_bucket_tags_nothing_is_known_of_an_owner(provider: str) -> None:
    """So a rebuilt cluster needs the administrator's grant to take its buckets over again."""
    endpoint, _ = DOCUMENTED[provider]
    backend = connect("x", spec(provider=provider, s3={"endpoint": endpoint, "region": "eu-de"}), SECRETS.get)
    assert isinstance(backend, S3Backend)
    answer = {"ResponseMetadata": {"HTTPHeaders": {"x-amz-request-id": "1"}, "HTTPStatusCode": 200}}
    assert replace(backend, call=lambda *_: answer).check("photos") == Observation()
    assert backend.mark_place is None


@pytest.mark.parametrize("wrong", ["rules[].match.minsize", "rules[].nothing", "bucketKey"])
def test_a_misspelt_loss_in_a_profile_would_protect_nothing(wrong: str) -> None:
    profile = {"settings": [{"facet": "lifecycle", "support": "Partial", "lost": [wrong]}]}
    raw = spec(provider="S3", s3={"endpoint": "http://127.0.0.1:1", "region": "r", "profile": profile})
    with pytest.raises(
        ConfigError, match=r"spec.s3.profile: lifecycle has no field .*rules\[\].match.minSize"
    ):
        connect("x", raw, SECRETS.get)


def test_a_profile_is_all_that_is_held() -> None:
    settings = [
        {"facet": "tags", "support": "Full"},
        {"facet": "lifecycle", "support": "Partial", "lost": ["rules[].match.minSize"]},
        {"facet": "website", "support": "None", "reason": "PutBucketWebsite: 501"},
    ]
    s3 = {"endpoint": "http://127.0.0.1:1", "region": "r", "profile": {"settings": settings}}
    backend = connect("x", spec(provider="S3", s3=s3), SECRETS.get)
    assert set(backend.drivers) == {"tags", "lifecycle"}
    assert backend.support["lifecycle"].lost == ("rules[].match.minSize",)
    assert backend.support["website"].reason == "PutBucketWebsite: 501"
    assert "imagestore backend probe" in backend.support["versioning"].reason


@pytest.mark.parametrize("provider", FIXTURES)
def test_secrets_reach_the_store(provider: str, request: pytest.FixtureRequest) -> None:
    store = request.getfixturevalue(FIXTURES[provider])
    secret = {"accessKeyId": store.access_key.encode(), "secretAccessKey": store.secret_key.encode() + b"\n"}
    raw = spec(provider=store.provider, s3={"endpoint": store.endpoint, "region": store.region})
    assert connect("x", raw, {"good": secret}.get).probe().product


def test_the_surroundings_credentials_are_used_and_their_endpoint_is_not(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS_ENDPOINT_URL in the environment would send credentials to another address."""
    store = request.getfixturevalue("minio_store")
    monkeypatch.setattr("imagestore.backends.s3.client.SHARED.session", None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", store.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", store.secret_key)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    raw = spec(s3={"endpoint": store.endpoint, "region": store.region}, credentials={"ambient": {}})
    assert connect("x", raw, SECRETS.get).probe().product == "MinIO"


def test_calls_are_counted_and_forgotten_with_their_backend(request: pytest.FixtureRequest) -> None:
    store = request.getfixturevalue("minio_store")
    raw = spec(s3={"endpoint": store.endpoint, "region": store.region})
    backend = connect_with_keys("counted", raw, Keys(store.access_key, store.secret_key))
    backend.check("never-was-there")
    labels = {"backend": "counted", "operation": "HeadBucket", "outcome": "NotFound"}
    assert REGISTRY.get_sample_value("imagestore_store_calls_total", labels) == 1
    StoreMetrics("counted").forget()
    assert REGISTRY.get_sample_value("imagestore_store_calls_total", labels) is None
