"""Open a repository: format.json and the slots of its key."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from heapq import nsmallest
from itertools import islice
from typing import Any

from imagestore.backends.objects import ObjectStore
from imagestore.core.errors import NotFound, StoreError
from imagestore.repository.errors import (
    DamagedFile,
    MissingFile,
    NewerFormat,
    NoRepository,
    NotARepository,
    OtherSource,
    RepositoryProblem,
    SameBucketAsSource,
    SlotTaken,
    SourceUnlisted,
    WrongKey,
)
from imagestore.repository.format.names import FORMAT_FILE, KEYS, PACK_BYTES, most_bytes
from imagestore.repository.format.roots import SourceName
from imagestore.repository.format.slots import KEY_BYTES, NONCE_BYTES, SALT_BYTES, OpeningSecret, unwrap, wrap
from imagestore.repository.format.vault import Vault
from imagestore.repository.store.files import FileLock, RepositoryFiles, bounded

FORMAT_VERSION = 1
MOST_TRIED = 64  # versions of slots
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


def canonical(content: Mapping[str, Any]) -> bytes:
    """The fields of format.json as its check covers them."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def open_repository(files: RepositoryFiles, secret: OpeningSecret, random: Random) -> Repository:
    """Open it. NoRepository, NotARepository, NewerFormat or WrongKey say why not."""
    try:
        return files.genuine(FORMAT_FILE, lambda data: _opened(files, data, secret, random))
    except MissingFile:
        raise NoRepository(f"{files} has no repository; create one with imagestore backup create") from None
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


def is_format(data: bytes) -> bool:
    """Whether this is the format.json of a repository, of whatever version and key."""
    try:
        _understood(data)
    except DamagedFile:
        return False
    return True


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
    fields = canonical({name: value for name, value in content.items() if name != "check"})
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
    """What the oldest slots give for this secret.

    Files below keys/ prove nothing before they open, and each that claims a passphrase costs 128 MiB and a second: a program
    that can write to the bucket must not keep every reader busy.
    """
    oldest = nsmallest(MOST_TRIED, files.ever(KEYS), key=lambda slot: slot.modified)
    versions = ((slot.name, version) for slot in oldest for version in files.versions_of(slot.name) or [""])
    found = []
    for name, version in islice(versions, MOST_TRIED):
        with suppress(DamagedFile):  # it is no slot
            found.append(unwrap(repository, files.read(name, version=version), secret))
    return [key for key in found if key is not None and len(key) == KEY_BYTES]


def add_slot(files: RepositoryFiles, vault: Vault, slot: str, secret: OpeningSecret, random: Random) -> None:
    """Wrap the key once more. SlotTaken."""
    data = wrap(vault.repository, slot, secret, vault.key, random(SALT_BYTES), random(NONCE_BYTES))
    if not files.write_once(f"{KEYS}{slot}", data):
        raise SlotTaken(f"{files} has a slot {slot} already")


def slot_names(files: RepositoryFiles) -> list[str]:
    """The slots that are there now."""
    return [listed.name.removeprefix(KEYS) for listed in files.current(KEYS)]


def remove_slot(repository: Repository, slot: str, secret: OpeningSecret) -> None:
    """Remove a slot. RepositoryProblem: it is not there, or ``secret`` opens no other one.

    Files below keys/ prove nothing: one may be a stranger's, or open with a key that is lost.
    """
    files, names = repository.files, slot_names(repository.files)
    if slot not in names:
        raise RepositoryProblem(f"{files} has no slot {slot}; it has {', '.join(names)}")
    if not any(_opens(repository, other, secret) for other in names if other != slot):
        raise RepositoryProblem(
            f"the key that was given opens no other slot of {files} than {slot}; give a key that opens one that stays"
        )
    kept = files.delete([f"{KEYS}{slot}"])
    if kept:
        raise RepositoryProblem(f"the store keeps the slot {slot}: {', '.join(kept.values())}")


def _opens(repository: Repository, slot: str, secret: OpeningSecret) -> bool:
    vault = repository.vault
    return unwrap(vault.repository, repository.files.read(f"{KEYS}{slot}"), secret) == vault.key


def refuse_other_source(repository: Repository, source: SourceName) -> None:
    """OtherSource: two schedules share this prefix, and each would take the other's objects for deleted ones."""
    if repository.source != source:
        raise OtherSource(
            f"{repository.files} holds the backups of {repository.source}, not of {source}; give another prefix"
        )


def refuse_same_bucket(files: RepositoryFiles, store: ObjectStore, bucket: str) -> None:
    """SameBucketAsSource: the repository lies in the bucket that it backs up, and would be lost with it. SourceUnlisted: the source does
    not answer, which was told as a trouble of the repository.

    Two StorageBackends may be one store, so that names prove nothing: the source is asked for the repository's format.json.
    """
    try:
        with store.read(bucket, files.prefix + FORMAT_FILE) as body:
            there = bounded(body, most_bytes(FORMAT_FILE), FORMAT_FILE)
    except (NotFound, DamagedFile):
        return
    except StoreError as error:
        raise SourceUnlisted(error) from error
    if there == files.read(FORMAT_FILE):
        raise SameBucketAsSource(f"{files} lies in the bucket that it backs up; give another bucket")
