"""Create a repository, or open one: format.json and the slots of its key."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from imagestore.backends.objects import ObjectStore
from imagestore.core.errors import NotFound
from imagestore.repository.errors import (
    DamagedFile,
    MissingFile,
    NewerFormat,
    NotARepository,
    OtherSource,
    RepositoryProblem,
    WrongKey,
)
from imagestore.repository.format.names import FORMAT_FILE, KEYS, PACK_BYTES
from imagestore.repository.format.roots import SourceName
from imagestore.repository.format.slots import KEY_BYTES, NONCE_BYTES, SALT_BYTES, OpeningSecret, unwrap, wrap
from imagestore.repository.format.vault import Vault
from imagestore.repository.store.files import FileLock, RepositoryFiles

FORMAT_VERSION = 1
DEFAULT_GRACE = 48 * 3600 * 1000  # milliseconds
Random = Callable[[int], bytes]


@dataclass(frozen=True)
class Repository:
    """An open repository. ``grace``: how long a condemned file stays, milliseconds. ``pack_bytes``: when a pack is closed."""

    files: RepositoryFiles
    vault: Vault
    source: SourceName
    grace: int
    random: Random
    pack_bytes: int = PACK_BYTES

    @property
    def id(self) -> str:
        """Its id, in hex."""
        return self.vault.repository.hex()

    def new_id(self) -> str:
        """A random name for a file."""
        return self.random(16).hex()


def create_repository(
    files: RepositoryFiles,
    source: SourceName,
    secrets: Mapping[str, OpeningSecret],
    random: Random,
    *,
    sealed: bool,
    grace: int = DEFAULT_GRACE,
) -> Repository:
    """Create it, with a slot for each secret, and with ``files.lock`` for all files. RepositoryProblem where one is there.

    The key is written first: format.json is what makes a repository, and without a slot it could never be opened.
    """
    if files.exists(FORMAT_FILE):
        raise RepositoryProblem(f"{files} has a repository already")
    vault = Vault(random(16), random(KEY_BYTES), sealed)
    for slot, secret in secrets.items():
        add_slot(files, vault, slot, secret, random)
    if not files.write_once(FORMAT_FILE, _format(vault, source, grace, files.lock)):
        raise RepositoryProblem(f"{files}: another program created a repository at this moment; try again")
    return Repository(files, vault, source, grace, random)


def _format(vault: Vault, source: SourceName, grace: int, lock: FileLock | None) -> bytes:
    content: dict[str, Any] = {
        "format": "imagestore-repository",
        "version": FORMAT_VERSION,
        "id": vault.repository.hex(),
        "encryption": "aes-256-gcm" if vault.sealed else "none",
        "source": {"backend": source.backend, "bucket": source.bucket, "prefix": source.prefix},
        "graceMilliseconds": grace,
    }
    if lock is not None:
        content["lock"] = {"mode": lock.mode, "days": lock.days}
    return json.dumps({**content, "check": vault.check(_canonical(content))}, indent=1).encode() + b"\n"


def _canonical(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def open_repository(files: RepositoryFiles, secret: OpeningSecret, random: Random) -> Repository:
    """Open it. NotARepository, NewerFormat or WrongKey say why not."""
    try:
        return files.genuine(FORMAT_FILE, lambda data: _opened(files, data, secret, random))
    except MissingFile:
        raise NotARepository(f"{files} has no repository; create one with imagestore backup create") from None
    except DamagedFile as damaged:
        raise NotARepository(f"{files}: {damaged}") from None


def _opened(files: RepositoryFiles, data: bytes, secret: OpeningSecret, random: Random) -> Repository:
    content = _understood(data)
    try:
        if content["version"] > FORMAT_VERSION:
            raise NewerFormat(
                f"{files} has format version {content['version']}; this imagestore knows {FORMAT_VERSION}; use a newer one"
            )
        vault = _unlocked(files, content, secret)
        source = SourceName(**content["source"])
        lock = content.get("lock")
        files.lock = None if lock is None else FileLock(lock["mode"], lock["days"])
        return Repository(files, vault, source, content["graceMilliseconds"], random)
    except (KeyError, TypeError, ValueError):
        raise DamagedFile(FORMAT_FILE, "lacks a field") from None


def _understood(data: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(data)
    except ValueError:
        raise DamagedFile(FORMAT_FILE, "is not JSON") from None
    if not isinstance(content, dict) or content.get("format") != "imagestore-repository":
        raise DamagedFile(FORMAT_FILE, "is not the format of a repository")
    return content


def _unlocked(files: RepositoryFiles, content: Mapping[str, Any], secret: OpeningSecret) -> Vault:
    """The vault, proven by the check in format.json. WrongKey; DamagedFile: the key is right, the fields were changed."""
    repository, sealed = bytes.fromhex(content["id"]), content["encryption"] != "none"
    fields = _canonical({name: value for name, value in content.items() if name != "check"})
    unwrapped = [Vault(repository, key, sealed) for key in _keys(files, repository, secret)]
    for vault in unwrapped:
        if vault.check(fields) == content["check"]:
            return vault
    if unwrapped:
        raise DamagedFile(FORMAT_FILE, "its check is wrong: its fields were changed")
    raise WrongKey(
        f"no slot of {files} opens with this key; give the key that the repository was created with, or the recovery key"
    )


def _keys(files: RepositoryFiles, repository: bytes, secret: OpeningSecret) -> list[bytes]:
    found = []
    for slot in files.ever(KEYS):
        for version in files.versions_of(slot.name) or [""]:
            key = unwrap(repository, files.read(slot.name, version=version), secret)
            if key is not None and len(key) == KEY_BYTES:
                found.append(key)
    return found


def add_slot(files: RepositoryFiles, vault: Vault, slot: str, secret: OpeningSecret, random: Random) -> None:
    """Wrap the key once more. RepositoryProblem: the slot is taken."""
    data = wrap(vault.repository, slot, secret, vault.key, random(SALT_BYTES), random(NONCE_BYTES))
    if not files.write_once(f"{KEYS}{slot}", data):
        raise RepositoryProblem(f"{files} has a slot {slot} already")


def slot_names(files: RepositoryFiles) -> list[str]:
    """The slots that are there now."""
    return [listed.name.removeprefix(KEYS) for listed in files.current(KEYS)]


def remove_slot(files: RepositoryFiles, slot: str) -> None:
    """Remove a slot. RepositoryProblem: it is not there, or the last one."""
    names = slot_names(files)
    if slot not in names:
        raise RepositoryProblem(f"{files} has no slot {slot}; it has {', '.join(names)}")
    if names == [slot]:
        raise RepositoryProblem(f"{slot} is the last slot of {files}; add another one first")
    kept = files.delete([f"{KEYS}{slot}"])
    if kept:
        raise RepositoryProblem(f"the store keeps the slot {slot}: {', '.join(kept.values())}")


def refuse_other_source(repository: Repository, source: SourceName) -> None:
    """OtherSource: two schedules share this prefix, and each would take the other's objects for deleted ones."""
    if repository.source != source:
        raise OtherSource(
            f"{repository.files} holds the backups of {repository.source}, not of {source}; give another prefix"
        )


def refuse_same_bucket(files: RepositoryFiles, store: ObjectStore, bucket: str) -> None:
    """RepositoryProblem: the repository lies in the bucket that it backs up, and would be lost with it.

    Two StorageBackends may be one store, so that names prove nothing: the source is asked for the repository's format.json.
    """
    try:
        with store.read(bucket, files.prefix + FORMAT_FILE) as body:
            there = b"".join(body)
    except NotFound:
        return
    if there == files.read(FORMAT_FILE):
        raise RepositoryProblem(f"{files} lies in the bucket that it backs up; give another bucket")
