"""From a StorageBackend (or from coordinates on a command line) to a backend that can be called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from imagestore.api.credentials import Credentials
from imagestore.api.storagebackend import Admin, Provider, S3Endpoint, StorageBackendSpec
from imagestore.backends.base import Backend, Remotes
from imagestore.backends.decorators import (
    REAL,
    Breaker,
    Call,
    Limiter,
    Observer,
    Timing,
    measured,
    retried,
)
from imagestore.backends.s3 import admin as s3_admin
from imagestore.backends.s3 import declared
from imagestore.backends.s3 import transport as s3_transport
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.client import Keys, Target
from imagestore.backends.s3.learned import Learned
from imagestore.backends.s3.profile import Profile
from imagestore.backends.s3.profiles import PROFILES
from imagestore.backends.s3.remote_tiers import RemoteTiers
from imagestore.backends.s3.tiers import mapped
from imagestore.core.fencing import Permit, permitted
from imagestore.metrics import StoreMetrics

__all__ = ["ConfigError", "Keys", "connect", "connect_with_keys"]

Secrets = Callable[[str], Mapping[str, bytes] | None]

ADMIN_PROVIDERS = frozenset(s3_admin.OPERATIONS)


class ConfigError(Exception):
    """Why a StorageBackend cannot be used, as a sentence for its owner. Never holds a secret."""


@dataclass(frozen=True)
class _Resolved:
    """A StorageBackend with its Secrets read."""

    keys: Keys | None
    admin_keys: Keys | None
    ca: bytes | None
    tier_keys: Mapping[str, Keys | str] = field(default_factory=dict)  # or why there are none
    permit: Permit = permitted


def connect(
    name: str,
    spec: StorageBackendSpec,
    secrets: Secrets,
    permit: Permit = permitted,
    *,
    timing: Timing = REAL,
    observer: Observer | None = None,
) -> Backend:
    """The backend that ``spec`` describes; nothing is sent yet. ``permit`` is asked before each write.

    ``secrets(name)`` gives the data of a Secret in the operator's own namespace (None: there is none):
    ``accessKeyId``, ``secretAccessKey``, optionally ``sessionToken``; ``ca.crt``. One limiter and one
    breaker belong to what is returned: keep it for as long as spec and Secrets are the same.
    Raises ConfigError.
    """
    found = _Resolved(
        keys=_keys(spec.credentials, secrets, "spec.credentials"),
        admin_keys=_keys(spec.admin.credentials, secrets, "spec.admin.credentials") if spec.admin else None,
        ca=_value(_secret(spec.tls.ca_secret_ref.name, secrets, "spec.tls.caSecretRef"),
                  spec.tls.ca_secret_ref.name, "ca.crt") if spec.tls else None,
        tier_keys=_tier_keys(spec, secrets),
        permit=permit,
    )  # fmt: skip
    return _build(name, spec, found, timing, observer)


def connect_with_keys(
    name: str,
    spec: StorageBackendSpec,
    keys: Keys | None,
    *,
    admin_keys: Keys | None = None,
    ca: bytes | None = None,
    timing: Timing = REAL,
    observer: Observer | None = None,
) -> Backend:
    """The same with credentials at hand, for the command line without a cluster.

    ``keys`` None: the surroundings' (environment, profile, instance role), as botocore finds them.
    """
    return _build(name, spec, _Resolved(keys, admin_keys or keys, ca), timing, observer)


def _build(
    name: str,
    spec: StorageBackendSpec,
    found: _Resolved,
    timing: Timing,
    observer: Observer | None,
) -> Backend:
    if spec.s3.endpoint is None and spec.provider != "AWS":
        raise ConfigError(
            f"spec.s3.endpoint is missing; only provider AWS has endpoints of its own, {spec.provider} has none"
        )
    admin = _admin_target(spec, spec.admin, found, timing) if spec.admin else None
    administered = admin is not None and spec.provider in ADMIN_PROVIDERS
    raw = s3_transport.connected(_target(spec, found, timing))
    if admin is not None and administered:
        raw = _routed(raw, s3_admin.connected(spec.provider, admin))
    observer = observer or StoreMetrics(name)
    call = _guarded(measured(raw, observer, timing), spec, timing, observer)
    return S3Backend(
        name=name,
        provider=spec.provider,
        endpoint=_endpoint(spec.s3),
        region=spec.s3.region,
        call=call,
        admin=administered,
        declared=_declared(spec),
        tiers=mapped(PROFILES[spec.provider].tiering, _tiers(spec)),
        remotes=_remotes(spec, found, call, admin) if admin else None,
        learned=Learned(timing.clock),
    )


def _remotes(spec: StorageBackendSpec, found: _Resolved, call: Call, admin: Target) -> Remotes | None:
    if not any(t.remote for t in spec.tiers or ()):
        return None
    return RemoteTiers(call, found.tier_keys, lambda: s3_admin.secret_key(admin))


def _declared(spec: StorageBackendSpec) -> Profile | None:
    if spec.provider != "S3":
        return None
    try:
        return declared.profile(spec.s3.profile)
    except ValueError as error:
        raise ConfigError(f"spec.s3.profile: {error}") from None


def _tiers(spec: StorageBackendSpec) -> dict[str, str] | None:
    return None if spec.tiers is None else {t.tier: t.storage_class for t in spec.tiers}


def _guarded(raw: Call, spec: StorageBackendSpec, timing: Timing, observer: Observer) -> Call:
    rate, burst = (spec.limits.requests_per_second, spec.limits.burst) if spec.limits else (100, 200)
    limited = Limiter(rate, burst, timing, observer).limited(raw)
    # A Secret that is put right connects anew: the last connection's open circuit would be told for ever.
    observer.circuit(opened=False)
    return retried(Breaker(timing, observer=observer).guarded(limited), timing)


def _routed(s3: Call, admin: Call) -> Call:
    return lambda operation, parameters: (admin if operation.startswith("admin:") else s3)(
        operation, parameters
    )


def _target(spec: StorageBackendSpec, found: _Resolved, timing: Timing) -> Target:
    return Target(
        endpoint=_endpoint(spec.s3),
        region=spec.s3.region,
        keys=found.keys,
        addressing=_addressing(spec.provider, spec.s3),
        ca=found.ca,
        connections=_connections(spec),
        connect=timing.connect,
        read=timing.read,
        permit=found.permit,
    )


def _admin_target(spec: StorageBackendSpec, admin: Admin, found: _Resolved, timing: Timing) -> Target:
    target = _target(spec, found, timing)
    return replace(target, endpoint=admin.endpoint, keys=found.admin_keys, addressing="path")


def _connections(spec: StorageBackendSpec) -> int:
    return spec.limits.concurrency if spec.limits else 8


def _addressing(provider: Provider, s3: S3Endpoint) -> str:
    """AWS is asked at host names, everybody else by path: few have DNS for every bucket."""
    if s3.addressing:
        return s3.addressing.lower()
    return "virtual" if provider == "AWS" and s3.endpoint is None else "path"


def _endpoint(s3: S3Endpoint) -> str:
    """The store's address; without one in the spec, Amazon's own for the region."""
    domain = _AWS_DOMAINS.get(s3.region.partition("-")[0], "amazonaws.com")
    return s3.endpoint or f"https://s3.{s3.region}.{domain}"


_AWS_DOMAINS = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}


def _tier_keys(spec: StorageBackendSpec, secrets: Secrets) -> dict[str, Keys | str]:
    """A missing Secret of one tier is no trouble of the store's."""
    found: dict[str, Keys | str] = {}
    for tier in spec.tiers or ():
        if tier.remote is not None:
            where = f"spec.tiers[tier={tier.tier}].remote.credentials"
            try:
                found[tier.storage_class] = _of_secret(
                    tier.remote.credentials.secret_ref.name, secrets, where
                )
            except ConfigError as error:
                found[tier.storage_class] = str(error)
    return found


def _keys(credentials: Credentials, secrets: Secrets, where: str) -> Keys | None:
    return _of_secret(credentials.secret_ref.name, secrets, where) if credentials.secret_ref else None


def _of_secret(name: str, secrets: Secrets, where: str) -> Keys:
    data = _secret(name, secrets, f"{where}.secretRef")
    token = data.get("sessionToken")
    return Keys(
        _text(_value(data, name, "accessKeyId"), name, "accessKeyId"),
        _text(_value(data, name, "secretAccessKey"), name, "secretAccessKey"),
        _text(token, name, "sessionToken") if token else None,
    )


def _secret(name: str, secrets: Secrets, where: str) -> Mapping[str, bytes]:
    data = secrets(name)
    if data is None:
        raise ConfigError(f"{where} names the Secret {name}, which is not in the operator's namespace")
    return data


def _value(data: Mapping[str, bytes], secret: str, key: str) -> bytes:
    value = data.get(key)
    if not value:
        raise ConfigError(f"the Secret {secret} has no key {key}, or it is empty")
    return value


def _text(value: bytes, secret: str, key: str) -> str:
    try:
        # A newline at the end is what `echo` into a file leaves; no key of any store has one.
        text = value.decode("ascii").strip()
    except UnicodeDecodeError:
        raise ConfigError(f"the key {key} of the Secret {secret} is not plain text") from None
    if not text:
        raise ConfigError(f"the Secret {secret} has no key {key}, or it is empty")
    if not text.isprintable():
        # In a header it broke the client, whose message had the header, signature and all, in it.
        raise ConfigError(
            f"the key {key} of the Secret {secret} has a line break or control character inside"
        )
    return text
