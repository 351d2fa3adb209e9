"""Connections to the stores, each made once and only when it is needed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from imagestore.api.credentials import Credentials
from imagestore.api.providers import PROVIDERS
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.registry import connect_given, connect_objects
from imagestore.backends.secrets import ConfigError, Given, SecretFields, replication_fields, tier_fields
from imagestore.cli.gathering.credentials import CredentialSources, Values, contents
from imagestore.controller.logs import REDACTOR
from imagestore.core.fencing import Permit, permitted

if TYPE_CHECKING:
    from imagestore.backends.base import Backend
    from imagestore.backends.objects import ObjectStore
    from imagestore.reconcile.shared.situation import Store


@dataclass
class StoreConnections:
    """By the StorageBackend's name."""

    specs: Mapping[str, StorageBackendSpec]
    sources: CredentialSources = field(repr=False)
    _made: "dict[str, Store]" = field(default_factory=dict, init=False)
    _objects: "dict[str, ObjectStore | None]" = field(default_factory=dict, init=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def get(self, name: str) -> "Store":
        """The store as the reconcile takes it; without a connection, with the reason."""
        with self._lock:
            if name not in self._made:
                self._made[name] = self._make(name)
            return self._made[name]

    def _make(self, name: str) -> "Store":
        from imagestore.reconcile.shared.situation import Store

        spec = self.specs.get(name)
        if spec is None:
            return Store()
        try:
            return Store(spec, self.connect(name, spec))
        except (ConfigError, OSError) as error:
            return Store(spec, None, str(error))

    def connect(self, name: str, spec: StorageBackendSpec, permit: Permit = permitted) -> "Backend":
        """Connect to the store of a backend. ``permit`` is asked before each write. Raises ConfigError and OSError."""
        return connect_given(name, spec, self._given(name, spec), permit)

    def objects(self, name: str, spec: StorageBackendSpec) -> "ObjectStore | None":
        """The objects of a store, connected alone and once; None: its provider moves none. Raises ConfigError and OSError.

        Both ends of a copy within a store share its limits.
        """
        with self._lock:
            if name not in self._objects:
                self._objects[name] = connect_objects(name, spec, self._given(name, spec))
            return self._objects[name]

    def _given(self, name: str, spec: StorageBackendSpec) -> Given:
        admin = self._fields(name, spec, spec.admin.credentials, "admin") if spec.admin else None
        store, ca = self._fields(name, spec, spec.credentials), self._authority(name, spec)
        tiers = tier_fields(spec, self._of_secret)
        replication = replication_fields(spec, self._of_secret)
        for each in (store, admin, *tiers.values(), replication):
            if isinstance(each, SecretFields):
                REDACTOR.learn(each.data)
        return Given(store, admin or store, ca, tiers, replication)

    def _of_secret(self, name: str) -> Mapping[str, bytes] | None:
        secret = self.sources.secrets.get(name)
        return None if secret is None else {k: v.encode() for k, v in contents(secret).items()}

    def _fields(
        self, name: str, spec: StorageBackendSpec, credentials: Credentials, part: str = ""
    ) -> SecretFields | None:
        """None stands for ambient credentials, which only a backend with ``ambient`` gets."""
        secret = credentials.secret_ref.name if credentials.secret_ref else ""
        needed = PROVIDERS[spec.provider].credentials
        found = self.sources.keys(name, secret, needed, part)
        if found is not None:
            return _fields(secret or name, found)
        if not secret:
            return None
        raise ConfigError(
            f"no credentials for {name}: give {self.sources.missing(name, secret, needed, part)}"
        )

    def _authority(self, name: str, spec: StorageBackendSpec) -> bytes | None:
        if spec.tls is None:
            return None
        secret = spec.tls.ca_secret_ref.name
        found = self.sources.authority(name, secret)
        if found is None:
            raise ConfigError(
                f"no ca.crt for {name}: set {self.sources.ca_variable(name)}, or give the Secret {secret}"
            )
        return found


def _fields(name: str, values: Values) -> SecretFields:
    """As a Secret has them."""
    return SecretFields(name, {key: value.encode() for key, value in values.items()})
