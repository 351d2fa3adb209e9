"""The credentials that a StorageBackend names, read out of their Secrets. What is in them is the cloud's to understand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from imagestore.api.credentials import Credentials
from imagestore.api.storagebackend import StorageBackendSpec

ReadSecret = Callable[[str], Mapping[str, bytes] | None]
"""Gives the data of a Secret in the operator's own namespace; None: there is none of this name."""


class ConfigError(Exception):
    """Why a StorageBackend cannot be used, as a sentence for its owner. Never holds a secret."""


@dataclass(frozen=True)
class SecretFields:
    """The data of one Secret. Masked wherever it is printed."""

    name: str
    data: Mapping[str, bytes] = field(repr=False)

    def value(self, key: str) -> bytes:
        """One field as it is. Raises ConfigError."""
        value = self.data.get(key)
        if not value:
            raise ConfigError(f"the Secret {self.name} has no key {key}, or it is empty")
        return value

    def text(self, key: str) -> str:
        """One field as text on one line. Raises ConfigError."""
        try:
            # A newline at the end is what `echo` into a file leaves; no key of any store has one.
            text = self.value(key).decode("ascii").strip()
        except UnicodeDecodeError:
            raise ConfigError(f"the key {key} of the Secret {self.name} is not plain text") from None
        if not text:
            raise ConfigError(f"the Secret {self.name} has no key {key}, or it is empty")
        if not text.isprintable():
            # In a header it broke the client, whose message had the header, signature and all, in it.
            raise ConfigError(
                f"the key {key} of the Secret {self.name} has a line break or control character inside"
            )
        return text


NOT_HANDED = "spec.replication has no credentials"


@dataclass(frozen=True)
class Given:
    """All credentials of one StorageBackend.

    ``store`` and ``admin`` None: those of the surroundings (environment, pod identity, instance role). ``tiers``: by
    storage class, or why there are none: a missing Secret of one tier is no trouble of the store's. ``replication``: those
    with which other stores write here, or why there are none.
    """

    store: SecretFields | None = None
    admin: SecretFields | None = None
    ca: bytes | None = field(default=None, repr=False)
    tiers: Mapping[str, SecretFields | str] = field(default_factory=dict)
    replication: SecretFields | str = NOT_HANDED


def given(spec: StorageBackendSpec, secrets: ReadSecret) -> Given:
    """Read them. Raises ConfigError."""
    ca = _secret(spec.tls.ca_secret_ref.name, secrets, "spec.tls.caSecretRef") if spec.tls else None
    return Given(
        store=_fields(spec.credentials, secrets, "spec.credentials"),
        admin=_fields(spec.admin.credentials, secrets, "spec.admin.credentials") if spec.admin else None,
        ca=ca.value("ca.crt") if ca else None,
        tiers=tier_fields(spec, secrets),
        replication=replication_fields(spec, secrets),
    )


def replication_fields(spec: StorageBackendSpec, secrets: ReadSecret) -> SecretFields | str:
    """Those with which other stores write into this one, or why there are none."""
    named = spec.replication.credentials if spec.replication else None
    if named is None:
        return NOT_HANDED
    try:
        return _secret(named.secret_ref.name, secrets, "spec.replication.credentials.secretRef")
    except ConfigError as error:
        return str(error)


def tier_fields(spec: StorageBackendSpec, secrets: ReadSecret) -> dict[str, SecretFields | str]:
    """Of each remote tier, by storage class, or why there are none."""
    found: dict[str, SecretFields | str] = {}
    for tier in spec.tiers or ():
        if tier.remote is not None:
            where = f"spec.tiers[tier={tier.tier}].remote.credentials.secretRef"
            try:
                found[tier.storage_class] = _secret(tier.remote.credentials.secret_ref.name, secrets, where)
            except ConfigError as error:
                found[tier.storage_class] = str(error)
    return found


def _fields(credentials: Credentials, secrets: ReadSecret, where: str) -> SecretFields | None:
    named = credentials.secret_ref
    return _secret(named.name, secrets, f"{where}.secretRef") if named else None


def _secret(name: str, secrets: ReadSecret, where: str) -> SecretFields:
    data = secrets(name)
    if data is None:
        raise ConfigError(f"{where} names the Secret {name}, which is not in the operator's namespace")
    return SecretFields(name, data)
