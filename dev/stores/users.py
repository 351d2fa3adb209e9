"""Users of a MinIO, so that credentials can be rotated: added and removed through its admin API."""

import json
import secrets
from typing import Any

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from dev.stores.base import Store, new_secret
from imagestore.backends.s3.client import Keys
from imagestore.backends.s3.sealed import sealed


def add_user(store: Store, *actions: str) -> Keys:
    """Somebody new who may do this, or without any word everything with objects."""
    keys = Keys(f"user-{secrets.token_hex(6)}", new_secret())
    body = json.dumps({"secretKey": keys.secret_access_key, "status": "enabled"}).encode()
    _ask(store, "PUT", f"add-user?accessKey={keys.access_key_id}", sealed(body, store.secret_key))
    policy = _policy(store, keys.access_key_id, actions) if actions else "readwrite"
    who = f"userOrGroup={keys.access_key_id}&isGroup=false"
    _ask(store, "PUT", f"set-user-or-group-policy?policyName={policy}&{who}")
    return keys


def _policy(store: Store, name: str, actions: tuple[str, ...]) -> str:
    statement = {"Effect": "Allow", "Action": list(actions)}
    body = json.dumps({"Version": "2012-10-17", "Statement": [statement]}).encode()
    _ask(store, "PUT", f"add-canned-policy?name={name}", body)
    return name


def remove_user(store: Store, keys: Keys) -> None:
    """From now on these credentials are nobody's."""
    _ask(store, "DELETE", f"remove-user?accessKey={keys.access_key_id}")


def _ask(store: Store, method: str, what: str, body: bytes = b"") -> Any:
    request = AWSRequest(method, f"{store.endpoint}/minio/admin/v3/{what}", data=body)
    request.context["payload_signing_enabled"] = True
    S3SigV4Auth(Credentials(store.access_key, store.secret_key), "s3", store.region).add_auth(request)
    answer = URLLib3Session(timeout=(2, 20)).send(request.prepare())
    if answer.status_code >= 300:
        raise RuntimeError(f"{what.split('?')[0]} was refused with {answer.status_code}: {answer.text}")
