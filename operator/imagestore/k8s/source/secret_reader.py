"""Secrets of users' namespaces, read by name when a run needs one. None is watched, and none is kept."""

import asyncio
import base64
import binascii
from collections.abc import Mapping

from imagestore.controller.keys import KEYS_RIGHT, SecretUnread
from imagestore.core.reasons import Reason
from imagestore.k8s.api.client import ApiError, Client
from imagestore.k8s.api.resources import SECRETS

_ANSWERED_IN = 30.0  # seconds that a thread waits


class ApiSecrets:
    """Asked from threads while the event loop ``loop`` runs."""

    def __init__(self, client: Client, loop: asyncio.AbstractEventLoop) -> None:
        self._client, self._loop = client, loop

    def __call__(self, namespace: str, name: str) -> Mapping[str, bytes]:
        """See ``FetchSecret``."""
        asked = asyncio.run_coroutine_threadsafe(self._client.get(SECRETS, namespace, name), self._loop)
        try:
            found = asked.result(_ANSWERED_IN)
        except ApiError as error:
            raise _unread(namespace, name, error) from None
        except TimeoutError:
            asked.cancel()
            raise SecretUnread(Reason.UNAVAILABLE, "the API server does not answer") from None
        return dict(_decoded(found.get("data") or {}))


def _unread(namespace: str, name: str, error: ApiError) -> SecretUnread:
    if error.status == 403:
        message = (
            f"the operator may not read the Secret {name}; the administrator adds the namespace {namespace} to the"
            f" chart's {KEYS_RIGHT}"
        )
        return SecretUnread(Reason.SECRET_DENIED, message)
    if error.status == 404:
        message = f"there is no Secret {name} in this namespace; create it from your copy of the key"
        return SecretUnread(Reason.SECRET_NOT_FOUND, message)
    return SecretUnread(Reason.UNAVAILABLE, f"the Secret {name}: the API server answered {error.status}")


def _decoded(data: Mapping[str, str]) -> Mapping[str, bytes]:
    found = {}
    for key, text in data.items():
        try:
            found[key] = base64.b64decode(text, validate=True)
        except binascii.Error:
            continue
    return found
