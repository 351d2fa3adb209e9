"""What a document holds besides a facet goes back with it."""

from contextlib import suppress
from typing import Any

from imagestore.backends.s3 import encryption
from imagestore.backends.s3.setting import S3Setting
from imagestore.core.errors import StoreError
from imagestore.facets.encryption import Encryption


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
