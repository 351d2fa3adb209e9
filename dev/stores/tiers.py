"""Remote tiers of a MinIO: added through its admin API, whose bodies are encrypted with the caller's secret key."""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from dev.stores.base import Store
from dev.stores.minio import minio

COLD_BUCKET = "tier"
_CHUNK = 16384


@contextmanager
def tiered_minio(directory: Path, *, name: str = "minio", scanner: str = "slowest") -> Iterator[Store]:
    """A MinIO whose tier WARM is a bucket of another MinIO."""
    with (
        minio(directory, name=f"{name}-tier", kms=False) as remote,
        minio(directory, name=name, scanner=scanner) as store,
    ):
        remote.s3().create_bucket(Bucket=COLD_BUCKET)
        add_tier(store, "WARM", remote, COLD_BUCKET)
        yield replace(store, tiers={"Cool": "WARM"}, servers=(*remote.servers, *store.servers), behind=remote)


def add_tier(store: Store, tier: str, remote: Store, bucket: str) -> None:
    """Make a bucket of another MinIO a tier of this one."""
    target = {
        "Endpoint": remote.endpoint,
        "AccessKey": remote.access_key,
        "SecretKey": remote.secret_key,
        "Bucket": bucket,
    }
    wanted: Mapping[str, Any] = {"Version": "v1", "Type": "minio", "MinIO": {"Name": tier, **target}}
    body = encrypted(json.dumps({**wanted, "Name": tier}).encode(), store.secret_key)
    url = f"{store.endpoint}/minio/admin/v3/tier"
    request = AWSRequest("PUT", url, data=body)
    request.context["payload_signing_enabled"] = True
    S3SigV4Auth(Credentials(store.access_key, store.secret_key), "s3", store.region).add_auth(request)
    answer = URLLib3Session(timeout=(2, 20)).send(request.prepare())
    if answer.status_code >= 300:
        raise RuntimeError(f"the tier {tier} was refused with {answer.status_code}: {answer.text}")


def encrypted(plain: bytes, password: str) -> bytes:
    """As MinIO's admin API reads it: ``salt[32] | 0 | nonce[8]``, then chunks sealed with AES-256-GCM.

    Each chunk's nonce ends in its number, from 1 on; all are bound to the tag of nothing under number 0, with a byte in
    front that marks the last.
    """
    salt, nonce = secrets.token_bytes(32), secrets.token_bytes(8)
    key = Argon2id(salt=salt, length=32, iterations=1, lanes=4, memory_cost=65536).derive(password.encode())
    box = AESGCM(key)
    tag = box.encrypt(nonce + bytes(4), b"", None)
    chunks = [plain[i : i + _CHUNK] for i in range(0, len(plain), _CHUNK)] or [b""]
    sealed = (
        box.encrypt(
            nonce + number.to_bytes(4, "little"),
            chunk,
            (b"\x80" if number == len(chunks) else b"\x00") + tag,
        )
        for number, chunk in enumerate(chunks, 1)
    )
    return salt + b"\x00" + nonce + b"".join(sealed)
