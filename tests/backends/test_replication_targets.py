"""What is remembered of MinIO's targets, and how they are told apart."""

import itertools
from typing import Any

import pytest

from imagestore.backends.s3.client import Keys
from imagestore.backends.s3.replication.targets import TRUSTED, HandedKeys, targets_of, told_target, with_port

KEYS = Keys("access", "a-secret-that-nobody-may-read")
# As RELEASE.2026-02 answered.
TOLD: dict[str, Any] = {
    "sourcebucket": "src", "endpoint": "127.0.0.1:9000", "targetbucket": "dst", "secure": False, "type": "replication",
    "credentials": {"accessKey": "imagestore", "expiration": "0001-01-01T00:00:00Z"},
    "arn": "arn:minio:replication::7250e831-d88c-449b-9013-4ea3572f6fdd:dst", "bandwidthlimit": 200000000,
    "replicationSync": True, "disableProxy": False, "resetBeforeDate": "2026-11-29T17:37:09.649030357Z",
    "resetID": "a3bb5460-3ff3-4f10-b872-16e6600f10c9", "lastOnline": "0001-01-01T00:00:00Z", "isOnline": False,
}  # fmt: skip


def test_what_minio_tells_of_a_target_is_understood() -> None:
    [(arn, target)] = targets_of(lambda *_: {"Targets": [TOLD]}, "src").items()
    assert arn == TOLD["arn"]
    assert (target.endpoint, target.bucket, target.access_key) == (
        "http://127.0.0.1:9000",
        "dst",
        "imagestore",
    )
    assert (target.synchronous, target.bandwidth, target.reset) == (True, 200000000, TOLD["resetID"])
    assert (target.online, target.last_online) == (False, None), "it was never asked"


@pytest.mark.parametrize(
    ("endpoint", "same"),
    [
        ("https://far.example", "https://far.example:443"),
        ("http://far.example/", "http://far.example:80"),
        ("https://FAR.example:9000", "https://far.example:9000"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_an_address_is_compared_with_its_port(endpoint: str, same: str) -> None:
    assert with_port(endpoint) == same
    told = told_target(endpoint, "dst", synchronous=False, bandwidth=0)
    assert ("https" if told["secure"] else "http") + "://" + told["endpoint"] == same


def test_credentials_are_current_until_they_change_or_an_hour_is_over() -> None:
    now = itertools.count(0.0, TRUSTED * 0.6)
    handed = HandedKeys(clock=lambda: next(now))
    assert handed.verdict("arn", KEYS) is None, "not known yet"
    handed.remember("arn", KEYS)
    assert handed.verdict("arn", KEYS) is True
    assert handed.verdict("arn", Keys("access", "another")) is False
    assert handed.verdict("arn", KEYS) is None, "to be asked again"
    handed.forget("arn")
    assert handed.verdict("arn", Keys("access", "another")) is None


def test_no_secret_is_remembered() -> None:
    handed = HandedKeys()
    handed.remember("arn", KEYS)
    assert KEYS.secret_access_key not in repr(handed)
    assert KEYS.secret_access_key not in repr(vars(handed))
