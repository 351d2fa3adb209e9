"""Users of a MinIO, so that credentials can be rotated, and of a Ceph: added and removed through their admin APIs."""

import json
import secrets
from typing import Any
from urllib.parse import urlencode

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

from dev.stores.base import Store, new_secret
from imagestore.backends.s3.client import Keys
from imagestore.backends.s3.transport.sealed import sealed


def add_user(store: Store, *actions: str, keys: Keys | None = None) -> Keys:
    """Somebody new who may do this, or without any word everything with objects."""
    keys = keys or Keys(f"user-{secrets.token_hex(6)}", new_secret())
    body = json.dumps({"secretKey": keys.secret_access_key, "status": "enabled"}).encode()
    _ask(store, "PUT", f"add-user?accessKey={keys.access_key_id}", sealed(body, store.secret_key))
    policy = _policy(store, keys.access_key_id, actions) if actions else "readwrite"
    who = f"userOrGroup={keys.access_key_id}&isGroup=false"
    _ask(store, "PUT", f"set-user-or-group-policy?policyName={policy}&{who}")
    return keys


def _policy(store: Store, name: str, actions: tuple[str, ...]) -> str:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions)}
    if all(action.startswith("s3:") for action in actions):  # those of the admin API are about no bucket
        statement["Resource"] = ["arn:aws:s3:::*"]
    body = json.dumps({"Version": "2012-10-17", "Statement": [statement]}).encode()
    _ask(store, "PUT", f"add-canned-policy?name={name}", body)
    return name


def remove_user(store: Store, keys: Keys) -> None:
    """From now on these credentials are nobody's."""
    _ask(store, "DELETE", f"remove-user?accessKey={keys.access_key_id}")


def knows_users(store: Store) -> bool:
    """Whether a MinIO can answer for users: it lists buckets before, and then refuses to add one (503, under load)."""
    try:
        _ask(store, "GET", "list-users")
    except (RuntimeError, BotoCoreError):
        return False
    return True


def add_ceph_user(store: Store, tenant: str) -> Keys:
    """Somebody new in a tenant of a Ceph: with a name space of buckets of its own."""
    keys = Keys(f"user-{secrets.token_hex(6)}", new_secret())
    said = {
        "uid": f"{tenant}${keys.access_key_id}",
        "display-name": tenant,
        "access-key": keys.access_key_id,
        "secret-key": keys.secret_access_key,
    }
    administrator = (store.admin_access_key or "", store.admin_secret_key or "")
    _send(store, "PUT", f"admin/user?{urlencode(said)}", administrator)
    return keys


def _ask(store: Store, method: str, what: str, body: bytes = b"") -> Any:
    return _send(store, method, f"minio/admin/v3/{what}", (store.access_key, store.secret_key), body)


def _send(store: Store, method: str, what: str, keys: tuple[str, str], body: bytes = b"") -> Any:
    request = AWSRequest(method, f"{store.endpoint}/{what}", data=body)
    request.context["payload_signing_enabled"] = True
    S3SigV4Auth(Credentials(*keys), "s3", store.region).add_auth(request)
    answer = URLLib3Session(timeout=(2, 20)).send(request.prepare())
    if answer.status_code >= 300:
        raise RuntimeError(f"{what.split('?')[0]} was refused with {answer.status_code}: {answer.text}")
