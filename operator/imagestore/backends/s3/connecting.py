"""How an S3 store is connected: its address, its credentials, and the guard in front of each call."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from imagestore.api.providers import PROVIDERS
from imagestore.api.storagebackend import Admin, StorageBackendSpec
from imagestore.backends.base import Backend, Remotes
from imagestore.backends.cloud import ConnectionRequest
from imagestore.backends.guard.call import REAL_TIMING, Call, Observer, Timing
from imagestore.backends.guard.guarded import Guard
from imagestore.backends.http.errors import HttpError
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.client import Keys, StoreTarget
from imagestore.backends.s3.lifecycle.tiers import mapped
from imagestore.backends.s3.objects.store import S3Objects
from imagestore.backends.s3.objects.wire import ObjectWire
from imagestore.backends.s3.profiles import declared
from imagestore.backends.s3.profiles.profile import Profile
from imagestore.backends.s3.profiles.servers import PROFILES
from imagestore.backends.s3.reaching import endpoint_of, given_keys, keys_of, s3_of, store_target
from imagestore.backends.s3.replication.replicator import ReplicationSide
from imagestore.backends.s3.replication.targets import HandedKeys
from imagestore.backends.s3.server.remote_tiers import RemoteTiers
from imagestore.backends.s3.settings.learned import Learned
from imagestore.backends.s3.transport.admin import OPERATIONS, admin_call, secret_key
from imagestore.backends.s3.transport.call import s3_call
from imagestore.backends.secrets import NOT_HANDED, ConfigError, Given, SecretFields
from imagestore.core.fencing import permitted
from imagestore.metrics import StoreMetrics

ADMIN_PROVIDERS = frozenset(OPERATIONS)
# Repeated after an answer that was lost, it would be told that the name is taken, by itself. Before it answers for a
# remote tier or target, MinIO tries the other store for as long as that takes.
ONCE = frozenset({"CreateBucket", "admin:AddTier", "admin:EditTier", "admin:SetRemoteTarget"})


@dataclass(frozen=True)
class _Resolved:
    """The credentials as S3 has them: an access key and a secret."""

    keys: Keys | None
    admin_keys: Keys | None
    tier_keys: Mapping[str, Keys | str] = field(default_factory=dict)  # or why there are none
    replication_keys: Keys | str = NOT_HANDED  # or why there are none


def connect_s3(request: ConnectionRequest) -> Backend:
    """See ``cloud.Cloud.connect``."""
    credentials = request.given
    admin = keys_of(credentials.admin) if request.spec.admin else None
    try:
        handed = _handed(credentials.replication)
        return _build(request, _Resolved(keys_of(credentials.store), admin, _tier_keys(credentials), handed))
    except HttpError as error:
        raise ConfigError(str(error)) from None


def connect_with_keys(
    name: str,
    spec: StorageBackendSpec,
    keys: Keys | None,
    *,
    admin_keys: Keys | None = None,
    replication_keys: Keys | str = NOT_HANDED,
    ca: bytes | None = None,
    timing: Timing = REAL_TIMING,
    observer: Observer | None = None,
) -> Backend:
    """The same with keys at hand. ``keys`` None: the surroundings' (environment, profile, instance role)."""
    request = ConnectionRequest(name, spec, Given(ca=ca), permitted, timing, observer or StoreMetrics(name))
    return _build(request, _Resolved(keys, admin_keys or keys, replication_keys=replication_keys))


def _build(request: ConnectionRequest, found: _Resolved) -> Backend:
    spec, timing = request.spec, request.timing
    s3 = s3_of(spec)
    admin = _admin_target(request, spec.admin, found) if spec.admin else None
    administered = admin is not None and spec.provider in ADMIN_PROVIDERS
    target = store_target(request, found.keys)
    raw = s3_call(target)
    if admin is not None and administered:
        raw = _routed(raw, admin_call(spec.provider, admin))
    guard = Guard.of(spec.limits, timing, request.observer)
    call, declared_profile = guard.around(raw, ONCE), _declared(spec)
    dialect = (declared_profile or PROFILES[spec.provider]).objects
    return S3Backend(
        name=request.name,
        provider=spec.provider,
        endpoint=endpoint_of(s3),
        region=s3.region,
        call=call,
        admin=administered,
        declared=declared_profile,
        tiers=mapped(PROFILES[spec.provider].tiering, named_tiers(spec)),
        remotes=_remotes(spec, found, call, admin) if admin else None,
        learned=Learned(timing.clock),
        side=_side(spec, found, timing),
        objects=S3Objects(request.name, target, dialect, guard.perform(ONCE, background=True)),
        wire=ObjectWire(target, guard.perform(ONCE)),
        divide=guard.limiter.divide,
    )


def _side(spec: StorageBackendSpec, found: _Resolved, timing: Timing) -> ReplicationSide:
    told, s3 = spec.replication, s3_of(spec)
    return ReplicationSide(
        endpoint=(told.endpoint if told else None) or s3.endpoint or "",
        handed=found.replication_keys,
        role=(told.role if told else None) or "",
        known=HandedKeys(timing.clock),
    )


def _remotes(spec: StorageBackendSpec, found: _Resolved, call: Call, admin: StoreTarget) -> Remotes | None:
    if not any(t.remote for t in spec.tiers or ()):
        return None
    return RemoteTiers(call, found.tier_keys, lambda: secret_key(admin))


def _declared(spec: StorageBackendSpec) -> Profile | None:
    if not PROVIDERS[spec.provider].profile:
        return None
    try:
        return declared.profile(s3_of(spec).profile)
    except ValueError as error:
        raise ConfigError(f"spec.s3.profile: {error}") from None


def named_tiers(spec: StorageBackendSpec) -> dict[str, str] | None:
    """The class of each tier that the StorageBackend names; None: it names none."""
    return None if spec.tiers is None else {t.tier: t.storage_class for t in spec.tiers}


def _routed(s3: Call, admin: Call) -> Call:
    return lambda operation, parameters: (admin if operation.startswith("admin:") else s3)(
        operation, parameters
    )


def _admin_target(request: ConnectionRequest, admin: Admin, found: _Resolved) -> StoreTarget:
    return replace(store_target(request, found.admin_keys), endpoint=admin.endpoint, addressing="path")


def _tier_keys(credentials: Given) -> dict[str, Keys | str]:
    return {name: _handed(held) for name, held in credentials.tiers.items()}


def _handed(held: SecretFields | str) -> Keys | str:
    """Credentials for another store, or why there are none."""
    try:
        return held if isinstance(held, str) else given_keys(held)
    except ConfigError as error:
        return str(error)
