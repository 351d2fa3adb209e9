"""From a provider to its cloud. The one module that knows the clouds by name: one more is one folder and one line here."""

from typing import TYPE_CHECKING

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.cloud import Cloud, ConnectionRequest
from imagestore.backends.guard.call import REAL_TIMING, Observer, Timing, Unobserved
from imagestore.backends.s3.cloud import S3_CLOUDS
from imagestore.backends.secrets import ConfigError, Given, ReadSecret, given
from imagestore.core.fencing import Permit, permitted

if TYPE_CHECKING:
    from imagestore.backends.base import Backend
    from imagestore.backends.objects import ObjectStore

CLOUDS: dict[str, Cloud] = {**S3_CLOUDS}


def cloud(provider: str) -> Cloud:
    """The provider's. Raises ConfigError."""
    if provider not in CLOUDS:
        raise ConfigError(
            f"spec.provider {provider} has no driver in this version; it has {', '.join(CLOUDS)}"
        )
    return CLOUDS[provider]


def connect(
    name: str,
    spec: StorageBackendSpec,
    secrets: ReadSecret,
    permit: Permit = permitted,
    *,
    timing: Timing = REAL_TIMING,
    observer: Observer | None = None,
) -> "Backend":
    """The backend that ``spec`` describes; nothing is sent yet. ``permit`` is asked before each write.

    One limiter and one breaker belong to what is returned: keep it for as long as spec and Secrets are the same.
    Raises ConfigError.
    """
    return connect_given(name, spec, given(spec, secrets), permit, timing=timing, observer=observer)


def connect_given(
    name: str,
    spec: StorageBackendSpec,
    credentials: Given,
    permit: Permit = permitted,
    *,
    timing: Timing = REAL_TIMING,
    observer: Observer | None = None,
) -> "Backend":
    """The same with the credentials at hand, for the command line without a cluster."""
    request = ConnectionRequest(name, spec, credentials, permit, timing, observer or _metrics(name))
    return cloud(spec.provider).connect(request)


def connect_objects(name: str, spec: StorageBackendSpec, credentials: Given) -> "ObjectStore | None":
    """The objects of a store alone, for a command that moves data; None: the provider moves none. Raises ConfigError.

    Nothing but what moves objects is imported, and no call is counted: the process ends with its command.
    """
    connect = cloud(spec.provider).objects
    if connect is None:
        return None
    return connect(ConnectionRequest(name, spec, credentials, permitted, REAL_TIMING, Unobserved()))


def _metrics(name: str) -> Observer:
    from imagestore.metrics import StoreMetrics

    return StoreMetrics(name)
