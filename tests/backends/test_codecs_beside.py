"""What a document holds besides a facet goes back with it."""

from contextlib import suppress
from typing import Any

import pytest

from imagestore.backends.s3.protection import encryption, policy
from imagestore.backends.s3.settings.setting import S3Setting, Setting
from imagestore.core.errors import StoreError
from imagestore.core.reading import NotRepresentable
from imagestore.facets.encryption import Encryption
from tests.contract.samples import SAMPLES


def test_what_an_encryption_refuses_is_kept() -> None:
    """The document is written as a whole: a change of the algorithm let in SSE-C, which AWS had blocked."""
    sent: list[dict[str, Any]] = []
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BucketKeyEnabled": True,
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
    }
    answer = {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}

    def store(operation: str, parameters: Any) -> dict[str, Any]:
        if operation.startswith("Put"):
            sent.append(parameters)
        return answer

    driver = S3Setting(encryption.ENCRYPTION, store)
    with suppress(StoreError):  # what is read back is the old answer
        driver.write("b", Encryption(algorithm="SSE-KMS", key_id="k"), driver.read("b"))
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}
    written = {
        "ApplyServerSideEncryptionByDefault": default,
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
    }
    assert sent[0]["ServerSideEncryptionConfiguration"] == {"Rules": [written]}


def opaque(row: Setting[Any], answer: dict[str, Any], value: Any) -> dict[str, Any]:
    """What is sent in place of what no value can say, as the reconcile has it sent."""
    sent: list[dict[str, Any]] = []

    def store(operation: str, parameters: Any) -> dict[str, Any]:
        if operation == row.write:
            sent.append(parameters)
        return answer

    there = NotRepresentable("it cannot be represented")
    S3Setting(row, store).write("b", value, there)
    return sent[0]


def test_what_one_refuses_that_no_value_can_say_is_kept_too() -> None:
    """It was written as if nothing was there."""
    blocked = {"EncryptionType": ["SSE-C"]}
    default = {"SSEAlgorithm": "aws:kms:dsse", "KMSMasterKeyID": "k"}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BlockedEncryptionTypes": blocked}
    answer = {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}
    sent = opaque(encryption.ENCRYPTION, answer, Encryption(algorithm="SSE-S3"))
    (written,) = sent["ServerSideEncryptionConfiguration"]["Rules"]
    assert written["BlockedEncryptionTypes"] == blocked
    assert written["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


@pytest.mark.parametrize("held", ["no JSON", '"Id"', "[]", '{"Statement": 1}'])
def test_a_policy_that_cannot_be_read_is_replaced(held: str) -> None:
    wish, *_ = SAMPLES["policy"].values()
    assert "Statement" in opaque(policy.POLICY, {"Policy": held}, wish)["Policy"]
