"""Who is asked, as whom, and when: keys, clocks, regions, certificates, and buckets of somebody else."""

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from dev.stores import Store as Server
from tests.faults import faults
from tests.faults.certificates import Issuer
from tests.faults.proxy import Answer, Proxy, proxied
from tests.faults.world import SPEC, Make, StoreWorld, make, names, plain, settings_of


@pytest.mark.parametrize(
    ("secret", "word"),
    [
        ({"accessKeyId": b"imagestore", "secretAccessKey": b"not-the-right-canary"}, "SignatureDoesNotMatch"),
        ({"accessKeyId": b"nobody", "secretAccessKey": b"not-the-right-canary"}, "InvalidAccessKeyId"),
    ],
)
def test_wrong_keys(made: StoreWorld, proxy: Proxy, secret: dict[str, bytes], word: str) -> None:
    right, before = made.secrets, made.snapshot()
    made.secrets = secret
    made.connect()
    made.later(minutes=10)
    made.go(3)
    assert made.ready == ("False", "AccessDenied")
    assert word in made.ready_message
    made.secrets = right
    made.connect()
    made.recover()
    assert (made.snapshot(), proxy.writes()) == (before, [])


class Late(S3SigV4Auth):  # type: ignore[misc]
    """Signs as a client whose clock stands in 2020."""

    def add_auth(self, request: Any) -> None:
        """As the parent's, which reads the clock first."""
        request.context["timestamp"] = "20200101T000000Z"
        self._modify_request_before_signing(request)
        text = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(text, request))


def skewed(server: Server) -> Answer:
    """What the store itself answers to a clock that is years off."""
    request = AWSRequest("GET", f"{server.endpoint}/any-bucket?tagging=")
    Late(Credentials(server.access_key, server.secret_key), "s3", server.region).add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(server.endpoint).netloc, timeout=10)
    connection.request("GET", "/any-bucket?tagging=", headers=dict(request.headers))
    answer = connection.getresponse()
    kept = tuple((n, v) for n, v in answer.getheaders() if n.lower() not in ("content-length", "connection"))
    return Answer(answer.status, answer.read(), kept)


@pytest.mark.parametrize("fixture", ["minio_store", "seaweedfs_store"])
def test_clock_skew(made: StoreWorld, proxy: Proxy, request: pytest.FixtureRequest, fixture: str) -> None:
    answer = skewed(request.getfixturevalue(fixture))
    assert b"RequestTimeTooSkewed" in answer.body
    with proxy.failing(lambda _asked, _forward: answer):
        made.later(minutes=10)
        made.go(3)
        assert "the clocks of the operator and the store differ" in made.ready_message
    made.recover()
    assert proxy.writes() == []


def test_another_region(made: StoreWorld, minio_store: Server, proxy: Proxy, worlds: Make) -> None:
    """MinIO minds; botocore would have followed it to the right one, and status have named the wrong one."""
    before, s3 = names(minio_store), {"endpoint": proxy.endpoint, "region": "eu-west-1"}
    lost = worlds(backend_spec=settings_of(minio_store, proxy.endpoint, s3=s3)).apply(**SPEC)
    lost.go(3)
    assert "check spec.s3.region" in lost.ready_message
    assert lost.ready[0] == "False"
    made.backend_spec = lost.backend_spec
    made.connect()
    made.later(minutes=10)
    made.go(3)
    assert "check spec.s3.region" in made.ready_message
    assert (names(minio_store), proxy.writes()) == (before, [])


def test_a_redirect_is_not_followed(made: StoreWorld, proxy: Proxy) -> None:
    """Wherever it points to: credentials go to spec.s3.endpoint only."""
    with proxied(proxy.upstream) as elsewhere:
        body = f"<Error><Code>PermanentRedirect</Code><Endpoint>127.0.0.1:{elsewhere.port}</Endpoint></Error>"
        headers = (
            ("Content-Type", "application/xml"), ("Location", elsewhere.endpoint), ("x-amz-bucket-region", "eu-west-1")
        )  # fmt: skip
        for status in (301, 302, 307):
            with proxy.failing(faults.always(status, body.encode(), headers)):
                made.later(minutes=10)
                made.go(2)
        assert elsewhere.seen == []
    made.recover()


@contextmanager
def secured(server: Server, context: ssl.SSLContext, ca: bytes) -> Iterator[StoreWorld]:
    """A world that reaches its store by TLS and trusts ``ca``."""
    with proxied(server.endpoint, context) as proxy:
        spec = settings_of(server, proxy.endpoint, tls={"caSecretRef": {"name": "ca"}})
        secrets = {
            "accessKeyId": server.access_key.encode(), "secretAccessKey": server.secret_key.encode(), "ca.crt": ca
        }  # fmt: skip
        yield make(server, proxy, backend_spec=spec, secrets=secrets).apply(**SPEC)


def test_a_ca_of_our_own(minio_store: Server, tmp_path: Path) -> None:
    issuer = Issuer()
    with secured(minio_store, issuer.context(tmp_path), issuer.ca) as world:
        world.recover()
        assert world.status["endpoint"].startswith("https://")


@pytest.mark.parametrize("wrong", ["expired", "of another CA", "for another host"])
def test_a_certificate_that_is_not_to_be_trusted(minio_store: Server, tmp_path: Path, wrong: str) -> None:
    issuer, before = Issuer(), names(minio_store)
    signer = Issuer() if wrong == "of another CA" else issuer
    host = "store.example" if wrong == "for another host" else "127.0.0.1"
    context = signer.context(tmp_path, host=host, expired=wrong == "expired")
    with secured(minio_store, context, issuer.ca) as world:
        world.go(8)
        assert world.ready == ("Unknown", "StoreUnreachable")
        assert "certificate" in world.ready_message
        assert world.proxy is not None
        assert world.proxy.seen == [], "nothing was sent before the server had proven who it is"
    assert names(minio_store) == before


def test_a_bucket_of_somebody_else(minio_store: Server, proxy: Proxy, worlds: Make) -> None:
    """The keys may do everything, but nothing with this bucket."""
    world = worlds().apply(**SPEC)
    plain(minio_store).create_bucket(Bucket=world.bucket_name)
    plain(minio_store).put_object(Bucket=world.bucket_name, Key="theirs.jpg", Body=b"x")
    before = world.snapshot()
    world.secrets = restricted(minio_store, world.bucket_name)
    spec = settings_of(minio_store, proxy.endpoint, admin=None)
    world.backend_spec = spec
    world.connect()
    world.go(4)
    assert world.ready == ("False", "AccessDenied")
    assert (world.snapshot(), proxy.writes()) == (before, [])


def restricted(server: Server, bucket: str) -> dict[str, bytes]:
    """Keys from MinIO's STS that may not touch ``bucket``."""
    sts = boto3.client(
        "sts",
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
    )
    theirs = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statements = [
        {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]},
        {"Effect": "Deny", "Action": ["s3:*"], "Resource": theirs},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    role = "arn:minio:iam:::role/unused"
    got = sts.assume_role(RoleArn=role, RoleSessionName="tenant", Policy=policy)["Credentials"]
    return {
        "accessKeyId": got["AccessKeyId"].encode(),
        "secretAccessKey": got["SecretAccessKey"].encode(),
        "sessionToken": got["SessionToken"].encode(),
    }
