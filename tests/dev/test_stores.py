"""Every store takes and gives an object, refuses strangers, and comes back with what it held."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from dev.stores import FACTORIES, Store, aws
from dev.wait import eventually

ROOT = Path(__file__).parents[2]
REAL = ["minio", "ceph", "seaweedfs", "versitygw", "rclone"]


@pytest.fixture(scope="module", params=REAL)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store of this module's own: it is stopped and frozen here."""
    factory: Callable[[Path], AbstractContextManager[Store]] = FACTORIES[request.param]
    with factory(tmp_path_factory.mktemp(request.param)) as running:
        yield running


def put(client: Any, bucket: str, body: bytes) -> None:
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="a/picture.jpg", Body=body)


def got(client: Any, bucket: str) -> bytes:
    body: bytes = client.get_object(Bucket=bucket, Key="a/picture.jpg")["Body"].read()
    return body


def test_an_object_is_given_back_after_a_restart(store: Store) -> None:
    body = os.urandom(300_000)
    put(store.s3(), "kept", body)
    assert got(store.s3(), "kept") == body
    store.stop()
    with pytest.raises(EndpointConnectionError):
        store.s3().list_buckets()
    store.start()
    assert got(store.s3(), "kept") == body
    store.s3().put_object(Bucket="kept", Key="another", Body=b"written after the restart")


def test_a_wrong_key_is_refused(store: Store) -> None:
    stranger = boto3.client(
        "s3",
        endpoint_url=store.endpoint,
        region_name=store.region,
        aws_access_key_id=store.access_key,
        aws_secret_access_key="not the secret",
        config=Config(s3={"addressing_style": "path"}),
    )
    with pytest.raises(ClientError, match=r"SignatureDoesNotMatch|AccessDenied"):
        stranger.list_buckets()


def test_a_frozen_store_answers_when_it_goes_on(store: Store) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=store.endpoint,
        region_name=store.region,
        aws_access_key_id=store.access_key,
        aws_secret_access_key=store.secret_key,
        config=Config(read_timeout=0.5, retries={"total_max_attempts": 1}),
    )
    store.pause()
    with pytest.raises(ReadTimeoutError):
        client.list_buckets()
    store.resume()
    eventually(store.lists, 60, f"{store.name} answers again")


@pytest.mark.parametrize("name", ["minio_store", "ceph_store"])
def test_a_key_named_images_encrypts(name: str, request: pytest.FixtureRequest) -> None:
    client = request.getfixturevalue(name).s3()
    client.create_bucket(Bucket="encrypted")
    key = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "images"}
    answer = client.put_object(Bucket="encrypted", Key="a", Body=b"secret", **key)
    assert answer["ServerSideEncryption"] == "aws:kms"
    assert client.get_object(Bucket="encrypted", Key="a")["Body"].read() == b"secret"


def test_aws_forgets_at_a_restart(tmp_path: Path) -> None:
    with aws(tmp_path) as store:
        put(store.s3(), "forgotten", b"x")
        assert got(store.s3(), "forgotten") == b"x"
        store.stop()
        store.start()
        assert store.s3().list_buckets()["Buckets"] == []


def test_the_command_runs_a_store_until_it_is_interrupted(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "dev.stores", "seaweedfs"],
        cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, text=True,
    ) as command:  # fmt: skip
        assert command.stdout is not None
        lines = iter(command.stdout.readline, "}\n")
        store = Store(**json.loads("".join(lines) + "}"))
        put(store.s3(), "foreground", b"x")
        command.send_signal(signal.SIGINT)
        assert command.wait(60) == 0
    with pytest.raises(EndpointConnectionError):
        store.s3().list_buckets()
    assert not list(tmp_path.glob("imagestore-*")), "its files are removed"


def test_cephs_administrator_reads_users(ceph_store: Store) -> None:
    url = f"{ceph_store.admin_endpoint}/admin/user?uid=imagestore&format=json"
    credentials = Credentials(ceph_store.admin_access_key, ceph_store.admin_secret_key)
    request = AWSRequest("GET", url)
    S3SigV4Auth(credentials, "s3", ceph_store.region).add_auth(request)
    signed = urllib.request.Request(url, headers=dict(request.headers))  # noqa: S310 - it is our own server
    with urllib.request.urlopen(signed, timeout=60) as answer:  # noqa: S310
        assert json.load(answer)["user_id"] == "imagestore"
