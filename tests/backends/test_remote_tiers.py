"""Remote tiers as MinIO tells of them and wants to be told; what is secret stays so."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dev.stores import Store
from dev.stores.tiers import tiers_of
from dev.stores.users import add_user
from imagestore.api.tiers import Remote, TierClass, TierPlace
from imagestore.backends.s3.client import Keys, StoreTarget
from imagestore.backends.s3.profiles.servers import PROFILES
from imagestore.backends.s3.server.remote_tiers import RemoteTiers, decode, encode
from imagestore.backends.s3.transport import admin
from imagestore.backends.s3.transport.sealed import sealed
from imagestore.core.errors import Denied, Rejected, Unavailable, Unexpected
from imagestore.reconcile.backend.remote_tiers import tier_differences
from tests.backends.listener import Heard, listening

REDACTED = "REDACTED"
# As RELEASE.2026-02 answered, one of each type that it has.
TOLD: Mapping[str, tuple[dict[str, Any], TierPlace, str]] = {
    "minio": (
        {
            "Version": "v1", "Type": "minio", "Name": "WARM", "S3": {}, "Azure": {"SPAuth": {}}, "GCS": {},
            "MinIO": {"Endpoint": "http://127.0.0.1:9000", "AccessKey": "a", "SecretKey": REDACTED, "Bucket": "tier"},
        },
        TierPlace(type="MinIO", endpoint="http://127.0.0.1:9000", bucket="tier"),
        "a",
    ),
    "s3": (
        {
            "Version": "v1", "Type": "s3", "Name": "WARM", "Azure": {"SPAuth": {}}, "GCS": {}, "MinIO": {},
            "S3": {
                "Endpoint": "https://s3.example/", "AccessKey": "a", "SecretKey": REDACTED, "Bucket": "tier",
                "Prefix": "cold/", "Region": "eu", "StorageClass": "GLACIER_IR",
            },
        },
        TierPlace(
            type="S3", endpoint="https://s3.example", bucket="tier", prefix="cold", region="eu",
            storage_class="GLACIER_IR",
        ),
        "a",
    ),
    "azure": (
        {
            "Version": "v1", "Type": "azure", "Name": "WARM", "S3": {}, "GCS": {}, "MinIO": {},
            "Azure": {"Endpoint": "https://x.blob.example", "AccountName": "x", "Bucket": "tier", "SPAuth": {}},
        },
        TierPlace(type="azure", endpoint="https://x.blob.example", bucket="tier"),
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", TOLD)
def test_what_minio_tells_is_understood(kind: str) -> None:
    told, place, access = TOLD[kind]
    held = decode(told)
    assert (held.place, held.access_key) == (place, access)


@pytest.mark.parametrize("kind", ["minio", "s3"])
def test_what_it_is_told_it_would_tell(kind: str) -> None:
    told, place, _ = TOLD[kind]
    remote = Remote.model_validate({**place.to_json(), "credentials": {"secretRef": {"name": "cold"}}})
    sent = encode("WARM", remote)
    assert decode(sent).place == place
    assert set(sent) <= set(told)
    assert "Key" not in str(sent)


def opened(body: bytes, password: str) -> bytes:
    """As the server does."""
    salt, kind, nonce, rest = body[:32], body[32], body[33:41], body[41:]
    assert kind == 2
    box = AESGCM(hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 8192, 32))
    tag, found, number = box.encrypt(nonce + bytes(4), b"", None), b"", 1
    while rest:
        chunk, rest = rest[: 16384 + 16], rest[16384 + 16 :]
        mark = b"\x00" if rest else b"\x80"
        found += box.decrypt(nonce + number.to_bytes(4, "little"), chunk, mark + tag)
        number += 1
    return found


@pytest.mark.parametrize("size", [0, 1, 16383, 16384, 16385, 50000])
def test_what_is_sealed_opens_with_the_secret_key_alone(size: int) -> None:
    plain = bytes(n % 251 for n in range(size))
    body = sealed(plain, "the-secret")
    assert opened(body, "the-secret") == plain
    assert sealed(plain, "the-secret") != body
    with pytest.raises(InvalidTag):
        opened(body, "another")


def test_a_fingerprint_tells_nothing_without_the_admins_key() -> None:
    def of(access: str, secret: str, admin: str = "admin-secret", name: str = "WARM") -> str:
        return RemoteTiers(lambda *_: {}, {name: Keys(access, secret)}, lambda: admin).fingerprint(name)

    assert of("a", "b") == of("a", "b")
    assert (
        len({of("a", "b"), of("a", "c"), of("b", "b"), of("a", "b", "other"), of("a", "b", name="ICE")}) == 5
    )


def test_the_cipher_is_loaded_by_whoever_needs_it_only() -> None:
    program = "import imagestore.k8s.life.operator, imagestore.backends.registry, sys; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_what_hangs_may_be_the_remote_store() -> None:
    def silent(operation: str, _: Mapping[str, Any]) -> dict[str, Any]:
        raise Unavailable(f"{operation}: Read timeout", operation=operation)

    tiers = RemoteTiers(silent, {"WARM": Keys("a", "b")}, lambda: "admin")
    with pytest.raises(Unavailable, match="Read timeout; before it answers MinIO tries the remote store"):
        tiers.renew("WARM")


REMOTE = Remote.model_validate(
    {
        "type": "MinIO",
        "endpoint": "http://cold",
        "bucket": "cold",
        "credentials": {"secretRef": {"name": "cold"}},
    }
)


def heard_by(heard: Heard) -> RemoteTiers:
    """As a MinIO at this address would be told."""
    call = admin.admin_call("MinIO", StoreTarget(heard.endpoint, "here", Keys("admin", "the-admins-secret")))
    return RemoteTiers(call, {"WARM": Keys("theirs", "the-others-secret")}, lambda: "the-admins-secret")


def test_no_secret_is_sent_in_the_clear_or_told_by_an_error() -> None:
    quoted = {"Code": "Odd", "Message": "you sent the-others-secret and the-admins-secret"}
    with listening() as heard:
        heard.status, heard.body = 400, json.dumps(quoted).encode()
        with pytest.raises(Rejected) as added:
            heard_by(heard).add("WARM", REMOTE)
        with pytest.raises(Rejected) as renewed:
            heard_by(heard).renew("WARM")
    for error in (added, renewed):
        assert str(error.value).endswith("400 Odd: you sent *** and ***")
    (_, put, _, body), (_, post, _, _) = heard.asked
    assert (put, post.rstrip("?")) == ("/minio/admin/v3/tier?force=false", "/minio/admin/v3/tier/WARM")
    assert not [request for request in heard.asked if b"secret" in str(request).encode()]
    sent = json.loads(opened(body, "the-admins-secret"))
    assert sent["MinIO"]["SecretKey"] == "the-others-secret"


@pytest.mark.parametrize(
    "body", [b"", b"<html>sign in</html>", b"OK", b'{"status": "ok"}', b'["WARM"]', b"[{}]", b'"null"', b"{"]
)
def test_what_is_no_list_of_tiers_is_not_an_empty_one(body: bytes) -> None:
    """Else a tier that is there would be made again."""
    with listening() as heard:
        heard.body = body
        with pytest.raises((Unavailable, Unexpected)):
            heard_by(heard).held()
        heard.body = b"null"
        assert heard_by(heard).held() == {}


@pytest.mark.parametrize("fixture", ["seaweedfs_store", "ceph_store", "aws_store"])
def test_any_s3_server_can_be_the_tier(
    fixture: str, minio_store: Store, request: pytest.FixtureRequest
) -> None:
    """Made, read back, and given its credentials again; a second one in the same place is refused."""
    remote, name = request.getfixturevalue(fixture), fixture.partition("_")[0].upper()
    bucket = f"tier-of-{name.lower()}"
    remote.s3().create_bucket(Bucket=bucket)
    where = {
        "type": "S3", "endpoint": remote.endpoint, "bucket": bucket, "prefix": "cold/photos", "region": remote.region,
    }  # fmt: skip
    wish = TierClass.model_validate(
        {
            "tier": "Cool",
            "storageClass": name,
            "remote": {**where, "credentials": {"secretRef": {"name": "cold"}}},
        }
    )
    assert wish.remote is not None
    tiers = tiers_of(minio_store, remote, name)
    tiers.add(name, wish.remote)
    held = tiers.held()[name]
    assert tier_differences(wish, wish.remote, held.place) == ""
    assert held.access_key == remote.access_key
    tiers.renew(name)
    remote.s3().put_object(Bucket=bucket, Key="cold/photos/theirs", Body=b"x")
    second = tiers_of(minio_store, remote, f"{name}-2")
    with pytest.raises(Rejected, match="already in use; give it an empty bucket, or a prefix of its own"):
        second.add(f"{name}-2", wish.remote)


def test_the_rights_that_are_documented_are_enough_and_needed(minio_store: Store, aws_store: Store) -> None:
    """Somebody who may use all objects may not even read the tiers."""

    def as_somebody(*actions: str) -> RemoteTiers:
        keys = add_user(minio_store, *actions)
        asked = replace(minio_store, access_key=keys.access_key_id, secret_key=keys.secret_access_key)
        return tiers_of(asked, aws_store, "RIGHTS")

    aws_store.s3().create_bucket(Bucket="tier-of-rights")
    where = {"type": "S3", "endpoint": aws_store.endpoint, "bucket": "tier-of-rights", "region": "us-east-1"}
    remote = Remote.model_validate({**where, "credentials": {"secretRef": {"name": "cold"}}})
    with pytest.raises(Denied):
        as_somebody().held()
    reader = as_somebody("admin:ListTier")
    assert "RIGHTS" not in reader.held()
    with pytest.raises(Denied):
        reader.add("RIGHTS", remote)
    granted = as_somebody(*PROFILES["MinIO"].remote_tiers)
    granted.add("RIGHTS", remote)
    granted.renew("RIGHTS")
    assert granted.held()["RIGHTS"].place.bucket == "tier-of-rights"
