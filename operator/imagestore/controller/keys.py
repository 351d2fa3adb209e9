"""The keys of repositories: Secrets of other namespaces than the operator's. They are read when a run begins, and not kept."""

from collections.abc import Callable, Mapping

from imagestore.core.reasons import Reason
from imagestore.repository.format.slots import OpeningSecret, SlotKind, recovery_key

KEYS_RIGHT = "rbac.backupKeys"  # the chart's value that lists the namespaces
LEAST_KEY = 16  # bytes
_KINDS = {"key": SlotKind.SECRET, "passphrase": SlotKind.PASSPHRASE, "recoveryKey": SlotKind.RECOVERY}

FetchSecret = Callable[[str, str], Mapping[str, bytes]]
"""The data of a Secret, from its namespace and its name. Blocking. Raises SecretUnread."""


class SecretUnread(Exception):
    """A Secret could not be read, or holds no key; ``reason`` is that of a condition. The text is for people, without secrets."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def no_secrets(_namespace: str, name: str) -> Mapping[str, bytes]:
    """Where Secrets cannot be read."""
    raise SecretUnread(Reason.SECRET_NOT_FOUND, f"there is no Secret {name}")


def opening_secret_of(name: str, data: Mapping[str, bytes]) -> OpeningSecret:
    """What a Secret gives to open a repository. Raises SecretUnread."""
    field, value = chosen_key(name, data)
    kind = _KINDS[field]
    if kind is SlotKind.SECRET and len(value) < LEAST_KEY:
        message = f"key in the Secret {name} is shorter than {LEAST_KEY} bytes; make one with: openssl rand -base64 32"
        raise SecretUnread(Reason.SECRET_UNUSABLE, message)
    if kind is SlotKind.RECOVERY:
        key = recovery_key(value.decode(errors="replace"))
        if key is None:
            message = (
                f"recoveryKey in the Secret {name} has a typing error: its check does not agree; correct it"
            )
            raise SecretUnread(Reason.SECRET_UNUSABLE, message)
        return OpeningSecret(kind, key)
    return OpeningSecret(kind, value)


def chosen_key(name: str, data: Mapping[str, bytes]) -> tuple[str, bytes]:
    """The one field of a Secret that opens a repository, and what it holds. Raises SecretUnread."""
    found = [key for key in _KINDS if data.get(key, b"").strip()]
    if len(found) != 1:
        has = f"has {' and '.join(found)}" if found else "has none of them"
        raise SecretUnread(
            Reason.SECRET_UNUSABLE,
            f"the Secret {name} must have one of the keys {', '.join(_KINDS)}, and {has}; correct it",
        )
    return found[0], data[found[0]].strip()
