"""What stores have and botocore's model of S3 has not: operations and elements of their own."""

from typing import Any


def extended(raw: Any) -> Any:
    """The model with them. ``raw`` is changed."""
    _ceph(raw)
    _minio(raw)
    return raw


def _ceph(raw: Any) -> None:
    """The removal of one notification.

    A server that does not know it deletes the bucket: only Ceph's profile has a row with it, and that sends it
    for a notification that the same server has just told of.
    """
    raw["operations"]["DeleteBucketNotification"] = {
        "name": "DeleteBucketNotification",
        "http": {"method": "DELETE", "requestUri": "/{Bucket}", "responseCode": 200},
        "input": {"shape": "DeleteBucketNotificationRequest"},
    }
    identity = {"shape": "NotificationId", "location": "querystring", "locationName": "notification"}
    raw["shapes"]["DeleteBucketNotificationRequest"] = _request(raw, Id=identity)


def _minio(raw: Any) -> None:
    """Replication of permanent deletes, and what MinIO tells of replication.

    A server that does not know StartResync would take it for CreateBucket: it is sent to MinIO alone, for a target that the
    same server has just told of.
    """
    shapes = raw["shapes"]
    status = {"type": "structure", "members": {"Status": {"shape": "ReplicationRuleStatus"}}}
    shapes["DeleteReplication"] = status
    shapes["ReplicationRule"]["members"]["DeleteReplication"] = {"shape": "DeleteReplication"}
    shapes["MinioAnswer"] = {"type": "structure", "members": {"Body": {"shape": "Body"}}, "payload": "Body"}
    arn = {"shape": "BucketName", "location": "querystring", "locationName": "arn"}
    shapes["MinioBucketRequest"] = _request(raw)
    shapes["MinioTargetRequest"] = _request(raw, Arn=arn)
    for name, method, query, request in (
        ("CheckReplication", "GET", "replication-check", "MinioBucketRequest"),
        ("TellReplication", "GET", "replication-metrics=2", "MinioBucketRequest"),
        ("TellResync", "GET", "replication-reset-status", "MinioTargetRequest"),
        ("StartResync", "PUT", "replication-reset", "MinioTargetRequest"),
    ):
        raw["operations"][name] = {
            "name": name,
            "http": {"method": method, "requestUri": f"/{{Bucket}}?{query}", "responseCode": 200},
            "input": {"shape": request},
            "output": {"shape": "MinioAnswer"},
        }


def _request(raw: Any, **more: Any) -> dict[str, Any]:
    """The shape of a request about one bucket."""
    bucket = raw["shapes"]["DeleteBucketCorsRequest"]["members"]["Bucket"]
    return {"type": "structure", "required": ["Bucket", *more], "members": {"Bucket": bucket, **more}}
