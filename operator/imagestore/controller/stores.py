"""One connection for each backend, made when it is first needed and again when anything in it changes."""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from pydantic import ValidationError

from imagestore.api.storagebackend import StorageBackendSpec, StorageBackendStatus
from imagestore.backends.base import Backend
from imagestore.controller.state.cache import Cache
from imagestore.controller.state.objects import Key, Stored, lenient
from imagestore.core.fencing import Permit, permitted
from imagestore.reconcile.backend.identity import store_standing
from imagestore.reconcile.backend.remote_tiers import remote_tiers, unready
from imagestore.reconcile.shared.digests import inputs_hash
from imagestore.reconcile.shared.situation import Store, StoreStanding

log = logging.getLogger(__name__)
SecretData = Callable[[str], Mapping[str, bytes] | None]
JOBS_SHARE = 0.5  # of a StorageBackend's limits, for all pods of the one Job that uses it
Connect = Callable[[str, StorageBackendSpec, SecretData, Permit], Backend]


def unkept(_: str) -> None:
    """Where no Secret is."""


@dataclass(frozen=True)
class Connecting:
    """How to make a Backend (blocking), and which of its errors are sentences for the user."""

    connect: Connect
    refusals: tuple[type[Exception], ...] = ()


@dataclass(frozen=True)
class StoreKind:
    """The kind whose objects are backends. ``silent``: whether the last probe of one was not answered."""

    name: str
    silent: Callable[[Stored], bool]


@dataclass(frozen=True)
class Named:
    """A backend as it was remembered at one moment. ``epoch`` changes with its Secrets; ``raw`` None: none."""

    name: str
    epoch: int = 0
    raw: bytes | None = None
    spec: StorageBackendSpec | None = None
    status: bytes = b""  # of one with remote tiers: for others it does not matter
    silent: bool = False  # its last probe was not answered
    standing: StoreStanding = field(default_factory=StoreStanding)


@dataclass(frozen=True)
class _Connection:
    spec: bytes
    store: Store


@lru_cache(maxsize=256)
def _unready(spec: bytes, status: bytes) -> dict[str, str]:
    return unready(StorageBackendSpec.model_validate_json(spec), lenient(StorageBackendStatus, status))


@lru_cache(maxsize=256)
def _standing(status: bytes) -> StoreStanding:
    return store_standing(lenient(StorageBackendStatus, status))


class BackendConnections:
    """What is remembered is looked up in the event loop; ``store`` alone is called in worker threads."""

    def __init__(
        self,
        cache: Cache,
        kind: StoreKind,
        secrets: SecretData,
        connecting: Connecting,
        permit: Permit = permitted,
    ) -> None:
        self._cache, self._kind = cache, kind
        self._secrets, self._connecting, self._permit = secrets, connecting, permit
        self._known: dict[str, _Connection] = {}
        self._epochs: defaultdict[str, int] = defaultdict(int)
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._turn = threading.Lock()  # held while a connection is kept or dropped, never for long
        self._specs: dict[bytes, StorageBackendSpec | None] = {}
        self._inputs: dict[bytes, str] = {}
        self._shared = frozenset[str]()

    def share(self, names: frozenset[str]) -> None:
        """Pods of Jobs use these backends now, and no others: of their limits the operator uses its share. From any thread."""
        with self._turn:
            self._shared = names
            for name, known in self._known.items():
                self._divide(name, known.store)

    def _divide(self, name: str, store: Store) -> None:
        if store.backend is not None:
            store.backend.divide(1 - JOBS_SHARE if name in self._shared else 1.0)

    def key(self, name: str) -> Key:
        """The key of the backend with this name."""
        return Key(self._kind.name, "", name)

    def spec(self, name: str) -> StorageBackendSpec | None:
        """The spec of a backend, None if there is none that can be understood."""
        obj = self._cache.get(self.key(name))
        return self._parsed(obj.spec) if obj else None

    def inputs(self, name: str) -> str:
        """The hash of what the backend decides about its buckets."""
        obj = self._cache.get(self.key(name))
        raw = obj.spec if obj else b""
        if raw not in self._inputs:
            self._inputs[raw] = inputs_hash(self.spec(name))
        return self._inputs[raw]

    def named(self, name: str) -> Named:
        """The backend as it is remembered now; for ``store``."""
        obj = self._cache.get(self.key(name))
        if obj is None:
            return Named(name)
        spec = self._parsed(obj.spec)
        status = obj.status if spec is not None and spec.tiers and any(remote_tiers(spec)) else b""
        told = _standing(obj.status)
        return Named(name, self._epochs[name], obj.spec, spec, status, self._kind.silent(obj), told)

    def store(self, named: Named) -> Store:
        """It, connected if it can be. Blocking: for a worker thread."""
        if named.raw is None:
            return Store()
        with self._locks[named.name]:
            known = self._known.get(named.name)
            current = known is not None and known.spec == named.raw
            store = known.store if known and current else self._connect(named.name, named.raw, named.spec)
        told = replace(store, standing=named.standing, silent=named.silent)
        return replace(told, unready=_unready(named.raw, named.status)) if named.status else told

    def drop(self, name: str) -> None:
        """Connect anew the next time. What runs now keeps the connection that it has."""
        with self._turn:
            self._epochs[name] += 1
            self._known.pop(name, None)

    def _connect(self, name: str, raw: bytes, spec: StorageBackendSpec | None) -> Store:
        epoch = self._epochs[name]
        if spec is None:
            return Store(None, None, "its spec cannot be understood by this version of the operator")
        try:
            store = Store(spec, self._connecting.connect(name, spec, self._secrets, self._permit))
        except self._connecting.refusals as error:
            store = Store(spec, None, str(error))
        except Exception:  # a bug in one driver must not stop the others
            log.exception("cannot connect to the backend %s", name)
            return Store(spec, None, "the operator met an error that it does not know; its log has it")
        with self._turn:
            self._divide(name, store)
            if epoch == self._epochs[name]:  # else a Secret changed meanwhile: what was made is old already
                self._known[name] = _Connection(raw, store)
        return store

    def _parsed(self, raw: bytes) -> StorageBackendSpec | None:
        if raw not in self._specs:
            if len(self._specs) > 1000:  # one for each edit of each backend
                self._specs.clear()
                self._inputs.clear()
            self._specs[raw] = _understood(raw)
        return self._specs[raw]


def _understood(raw: bytes) -> StorageBackendSpec | None:
    """None for a newer version's: a restriction that is not understood would not be kept."""
    try:
        return StorageBackendSpec.model_validate_json(raw, extra="forbid")
    except ValidationError:
        return None
