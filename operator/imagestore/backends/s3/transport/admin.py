"""MinIO's and Ceph's admin APIs behind the same ``call`` as S3: operations begin with ``admin:``.

Both are signed like S3. Answers have one shape for both stores, so that one codec serves them:
``admin:GetBucketQuota {Bucket} -> {Size}`` (bytes, 0 without), ``admin:SetBucketQuota {Bucket, Size}``,
``admin:ClearBucketQuota {Bucket}``, and of Ceph ``admin:GetBucketUsage {Bucket} -> {Objects, Bytes}``.
MinIO alone has ``admin:GetUsage -> {Buckets: {name: (objects, bytes)}, At: moment}``, ``admin:GetDeployment -> {Id}``,
``admin:ListTiers -> {Tiers}``, ``admin:AddTier {Tier, Keys}``, ``admin:EditTier {Name, Keys}``,
``admin:ListRemoteTargets {Bucket} -> {Targets}``, ``admin:SetRemoteTarget {Bucket, Target, Keys, Update} -> {Arn}`` and
``admin:RemoveRemoteTarget {Bucket, Arn}``.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from botocore.exceptions import ClientError

from imagestore.api.providers import Provider
from imagestore.backends.guard.call import Call
from imagestore.backends.http.client import HttpClient
from imagestore.backends.http.messages import Response
from imagestore.backends.s3.client import Keys, StoreTarget
from imagestore.backends.s3.errors import translate
from imagestore.backends.s3.server import genuine
from imagestore.backends.s3.transport.address import USER_AGENT, S3Request, StoreAddress, http_target
from imagestore.backends.s3.transport.sealed import sealed
from imagestore.backends.s3.transport.signing import Signer, ambient_keys
from imagestore.core.errors import Rejected, Unexpected
from imagestore.core.fencing import Fenced


class Send(Protocol):
    """Sends one signed request. ``seal`` encrypts the body, which holds secrets."""

    def __call__(
        self, method: str, path: str, query: Mapping[str, str], body: bytes = b"", *, seal: bool = False
    ) -> Any:
        """The answer's JSON."""


Operation = Callable[[Send, Mapping[str, Any]], dict[str, Any]]


def admin_call(provider: Provider, target: StoreTarget) -> Call:
    """``call`` for the admin operations of this provider."""
    operations, secrets = OPERATIONS[provider], target.keys.secrets if target.keys else ()
    client, address, signer = HttpClient(http_target(target)), StoreAddress.of(target), Signer(target.region)

    def call(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        def send(
            method: str, path: str, query: Mapping[str, str], body: bytes = b"", *, seal: bool = False
        ) -> Any:
            body = sealed(body, secret_key(target)) if seal else body
            request = _request(address, method, path, query, body)
            signed = signer.signed(request, target.keys or ambient_keys(), datetime.now(UTC))
            return _answer(client.send(signed), operation)

        try:
            return operations[operation](send, parameters)
        except Fenced:
            raise
        except Exception as error:  # noqa: BLE001  translate knows them all
            raise translate(error, operation, (*secrets, *_handed(parameters))) from None

    return call


def _handed(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """The secrets of another store that the call sends: the server may quote them back."""
    keys = parameters.get("Keys")
    return keys.secrets if isinstance(keys, Keys) else ()


def secret_key(target: StoreTarget) -> str:
    """The secret key that admin requests are signed with."""
    return (target.keys or ambient_keys()).secret_access_key


def _request(
    address: StoreAddress, method: str, path: str, query: Mapping[str, str], body: bytes
) -> S3Request:
    headers = {"Host": address.authority, "User-Agent": USER_AGENT}
    return S3Request(method, address.authority, address.prefix + quote(path), urlencode(query), headers, body)


def _answer(response: Response, operation: str) -> Any:
    """The answer's JSON. Raises ClientError, as S3's calls do, for a refusal.

    Unavailable if it is not the store's at all: a sign-in page with status 200 was read as "no quota".
    """
    told, body = None, response.body
    with suppress(ValueError):
        told = json.loads(body or b"null")
    if isinstance(told, str) and told.startswith("arn:"):  # all that MinIO says of a new target
        told = {"Arn": told}
    lists = operation.startswith("admin:List")
    reads = lists or operation.startswith("admin:Get")
    wrong = genuine.admin_answer(response.status, body, told, reads=reads, lists=lists)
    if wrong:
        raise genuine.foreign(operation, response.status, response.headers, wrong)
    if response.status < 300:
        return told
    told = told if isinstance(told, dict) else {}
    answer: Any = {
        "Error": {"Code": told.get("Code", ""), "Message": told.get("Message", "")},
        "ResponseMetadata": {
            "HTTPStatusCode": response.status,
            "HTTPHeaders": response.headers,
        },
    }
    raise ClientError(answer, operation)


def _minio_get(send: Send, parameters: Mapping[str, Any]) -> dict[str, Any]:
    told = send("GET", "/minio/admin/v3/get-bucket-quota", {"bucket": parameters["Bucket"]}, b"") or {}
    return {"Size": told.get("size") or told.get("quota") or 0}


def _minio_set(send: Send, parameters: Mapping[str, Any]) -> dict[str, Any]:
    size = parameters.get("Size", 0)
    # Older servers read "quota", newer ones "size".
    body = json.dumps({"quota": size, "size": size, "quotatype": "hard"}).encode()
    send("PUT", "/minio/admin/v3/set-bucket-quota", {"bucket": parameters["Bucket"]}, body)
    return {}


def _ceph_bucket(send: Send, parameters: Mapping[str, Any]) -> dict[str, Any]:
    query = {"bucket": parameters["Bucket"], "stats": "true", "format": "json"}
    told: dict[str, Any] = send("GET", "/admin/bucket", query, b"")
    return told


def _ceph_get(send: Send, parameters: Mapping[str, Any]) -> dict[str, Any]:
    quota = _ceph_bucket(send, parameters)["bucket_quota"]
    return {"Size": max(0, quota["max_size"]) if quota["enabled"] else 0}


def _ceph_set(send: Send, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Sends query parameters: a JSON body gets 501. Not max-size, which RGW 16.2 reads as 0 and so stops all writes."""
    size = parameters.get("Size", 0)
    if size % 1024:
        raise Rejected(f"Ceph counts a quota in KiB; {size} bytes are none", code="InvalidArgument")
    query = {
        "quota": "",
        "uid": _ceph_bucket(send, parameters)["owner"],
        "bucket": parameters["Bucket"],
        "max-size-kb": str(size // 1024 or -1),
        "max-objects": "-1",
        "enabled": "true" if size else "false",
    }
    send("PUT", "/admin/bucket", query, b"")
    return {}


def _ceph_usage(send: Send, parameters: Mapping[str, Any]) -> dict[str, Any]:
    used = _ceph_bucket(send, parameters)["usage"].get("rgw.main", {})
    return {"Objects": used.get("num_objects", 0), "Bytes": used.get("size", 0)}


def _minio_usage(send: Send, _: Mapping[str, Any]) -> dict[str, Any]:
    """Usage of the whole server. A bucket that MinIO's scanner has not reached yet is missing."""
    told = send("GET", "/minio/admin/v3/datausageinfo", {}, b"") or {}
    buckets, at = told.get("bucketsUsageInfo") or {}, None
    used = {name: (each.get("objectsCount", 0), each.get("size", 0)) for name, each in buckets.items()}
    with suppress(ValueError):
        at = datetime.fromisoformat(str(told.get("lastUpdate")))
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return {"Buckets": used, "At": at}


def _minio_deployment(send: Send, _: Mapping[str, Any]) -> dict[str, Any]:
    told = send("GET", "/minio/admin/v3/info", {}) or {}
    return {"Id": told.get("deploymentID")}


def _minio_tiers(send: Send, _: Mapping[str, Any]) -> dict[str, Any]:
    """The tiers. Anything but a list is an error: taken for an empty list, it would make an existing tier be added."""
    told = send("GET", _TIER, {}) or []
    if not isinstance(told, list) or not all(isinstance(t, dict) and t.get("Name") for t in told):
        raise Unexpected("admin:ListTiers was answered with something else than tiers")
    return {"Tiers": told}


def _minio_add_tier(send: Send, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Adds the tier without ``force``, which would let two servers keep objects in one place."""
    keys, tier = parameters["Keys"], parameters["Tier"]
    member = next(name for name, said in tier.items() if isinstance(said, dict))
    place = {**tier[member], "AccessKey": keys.access_key_id, "SecretKey": keys.secret_access_key}
    body = json.dumps({**tier, member: place}).encode()
    send("PUT", _TIER, {"force": "false"}, body, seal=True)
    return {}


def _minio_edit_tier(send: Send, parameters: Mapping[str, Any]) -> dict[str, Any]:
    keys = parameters["Keys"]
    body = json.dumps({"access": keys.access_key_id, "secret": keys.secret_access_key}).encode()
    send("POST", f"{_TIER}/{parameters['Name']}", {}, body, seal=True)
    return {}


def _minio_targets(send: Send, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The remote targets of a bucket's replication, without their secrets."""
    query = {"bucket": parameters["Bucket"], "type": "replication"}
    told = send("GET", f"{_ADMIN}/list-remote-targets", query) or []
    if not isinstance(told, list) or not all(isinstance(t, dict) and t.get("arn") for t in told):
        raise Unexpected("admin:ListRemoteTargets was answered with something else than targets")
    return {"Targets": told}


def _minio_set_target(send: Send, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Make a target, or correct one: MinIO tries its credentials out first."""
    keys, update = parameters["Keys"], parameters["Update"]
    held = {"accessKey": keys.access_key_id, "secretKey": keys.secret_access_key}
    body = json.dumps({**parameters["Target"], "credentials": held}).encode()
    more = dict.fromkeys(("update", "creds", "sync", "bandwidth"), "true") if update else {}
    query = {"bucket": parameters["Bucket"], **more}
    made = send("PUT", f"{_ADMIN}/set-remote-target", query, body, seal=True) or {}
    if not made.get("Arn"):
        raise Unexpected("admin:SetRemoteTarget was answered with something else than an ARN")
    return {"Arn": made["Arn"]}


def _minio_remove_target(send: Send, parameters: Mapping[str, Any]) -> dict[str, Any]:
    query = {"bucket": parameters["Bucket"], "arn": parameters["Arn"]}
    send("DELETE", f"{_ADMIN}/remove-remote-target", query)
    return {}


_ADMIN = "/minio/admin/v3"
_TIER = f"{_ADMIN}/tier"

OPERATIONS: Mapping[Provider, Mapping[str, Operation]] = {
    "MinIO": {
        "admin:GetBucketQuota": _minio_get,
        "admin:SetBucketQuota": _minio_set,
        "admin:ClearBucketQuota": _minio_set,
        "admin:GetUsage": _minio_usage,
        "admin:GetDeployment": _minio_deployment,
        "admin:ListTiers": _minio_tiers,
        "admin:AddTier": _minio_add_tier,
        "admin:EditTier": _minio_edit_tier,
        "admin:ListRemoteTargets": _minio_targets,
        "admin:SetRemoteTarget": _minio_set_target,
        "admin:RemoveRemoteTarget": _minio_remove_target,
    },
    "Ceph": {
        "admin:GetBucketQuota": _ceph_get,
        "admin:SetBucketQuota": _ceph_set,
        "admin:ClearBucketQuota": _ceph_set,
        "admin:GetBucketUsage": _ceph_usage,
    },
}
