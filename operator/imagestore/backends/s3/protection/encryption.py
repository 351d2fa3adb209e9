"""Default encryption at rest."""

from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.facets.encryption import Encryption

_NAMES = {"AES256": "SSE-S3", "aws:kms": "SSE-KMS"}


def decode(answer: StoreAnswer, _at: BucketPlace) -> Encryption | None:
    """The first rule's default; AWS reports SSE-S3 for every bucket, and a bucket key even where it is moot."""
    rules = (answer.get("ServerSideEncryptionConfiguration") or {}).get("Rules") or []
    default = rules[0].get("ApplyServerSideEncryptionByDefault") if rules else None
    if not default:
        return None
    if default["SSEAlgorithm"] not in _NAMES:
        raise ValueError(f"the algorithm {default['SSEAlgorithm']} is not known here")
    if default["SSEAlgorithm"] == "AES256":
        return Encryption.from_store(algorithm="SSE-S3")
    key, derived = default.get("KMSMasterKeyID") or None, rules[0].get("BucketKeyEnabled")
    return Encryption.from_store(algorithm="SSE-KMS", key_id=key, bucket_key=derived)


def encode(value: Encryption, _at: BucketPlace) -> Parameters:
    """One rule; a key and a bucket key only with SSE-KMS."""
    if value.algorithm == "SSE-S3":
        return _rule({"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}})
    key = {"KMSMasterKeyID": value.key_id} if value.key_id else {}
    derived = {} if value.bucket_key is None else {"BucketKeyEnabled": value.bucket_key}
    return _rule({"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", **key}, **derived})


def _rule(rule: Parameters) -> Parameters:
    return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


def beside(answer: StoreAnswer, sent: Parameters) -> Parameters:
    """What the rule holds besides: which encryptions of the writer's own are refused (AWS blocks SSE-C so).

    The document is written as a whole, and without it they would be let in again.
    """
    held = (answer.get("ServerSideEncryptionConfiguration") or {}).get("Rules") or [{}]
    mine = sent["ServerSideEncryptionConfiguration"]["Rules"][0]
    return _rule({k: v for k, v in held[0].items() if k not in _OURS} | mine)


_OURS = frozenset({"ApplyServerSideEncryptionByDefault", "BucketKeyEnabled"})


ENCRYPTION = Setting(
    facet="encryption",
    read="GetBucketEncryption",
    write="PutBucketEncryption",
    clear="DeleteBucketEncryption",
    decode=decode,
    encode=encode,
    permissions=("s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration"),
    absent=frozenset({"ServerSideEncryptionConfigurationNotFoundError"}),
    beside=beside,
)
