"""Create a repository: slots of a new key, then format.json."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from imagestore.repository.errors import RepositoryProblem, SlotTaken
from imagestore.repository.format.names import BACKUPS, BLOBS, FOLDERS, FORMAT_FILE, LEAVES, PACKS
from imagestore.repository.format.roots import SourceName
from imagestore.repository.format.slots import KEY_BYTES, OpeningSecret
from imagestore.repository.format.vault import Vault
from imagestore.repository.removing.locks import prove_lock
from imagestore.repository.store.files import FileLock, RepositoryFiles
from imagestore.repository.store.opening import (
    DEFAULT_GRACE,
    FORMAT_VERSION,
    Random,
    Repository,
    add_slot,
    canonical,
)


def create_repository(
    files: RepositoryFiles,
    source: SourceName,
    secrets: Mapping[str, OpeningSecret],
    random: Random,
    *,
    sealed: bool,
    grace: int = DEFAULT_GRACE,
    lock: FileLock | None = None,
) -> Repository:
    """Create it, with a slot for each secret. ``lock``: what each file gets; the store must prove that it enforces it.

    The key is written first: format.json is what makes a repository, and without a slot it could never be opened.
    RepositoryProblem: one is there, or files of one.
    """
    _refuse_remains(files)
    if lock is not None:
        files.lock = lock
        prove_lock(files, files.store.now(files.bucket), f"proof/{random(8).hex()}")
    vault = Vault(random(16), random(KEY_BYTES), sealed)
    for slot, secret in secrets.items():
        _add_first_slot(files, vault, slot, secret, random)
    if not files.write_once(FORMAT_FILE, _format(vault, source, grace, files.lock)):
        raise RepositoryProblem(f"{files}: another program created a repository at this moment; try again")
    return Repository(files, vault, source, grace, random)


def _refuse_remains(files: RepositoryFiles) -> None:
    """A rule of the bucket that expires old objects takes format.json first; a new one would give up all backups for good."""
    _refuse_inside(files)
    if any(files.ever(FORMAT_FILE)):
        raise RepositoryProblem(f"{files} has a repository already")
    if any(any(files.ever(below)) for below in (BACKUPS, LEAVES, PACKS, BLOBS)):
        raise RepositoryProblem(
            f"{files} holds backups of a repository whose format.json is gone; bring format.json and keys/ back from a copy,"
            " or give another prefix; nothing was written"
        )


def _refuse_inside(files: RepositoryFiles) -> None:
    """The folders of a repository are its own: below keys/ it would try each file of the inner one as a slot."""
    *parts, _ = files.prefix.split("/")
    for depth, folder in enumerate(parts):
        outer = replace(files, prefix="".join(f"{part}/" for part in parts[:depth]))
        if f"{folder}/" in FOLDERS and outer.exists(FORMAT_FILE):
            raise RepositoryProblem(
                f"{files} lies in the folder {folder} of the repository {outer}; give another prefix"
            )


def _add_first_slot(
    files: RepositoryFiles, vault: Vault, slot: str, secret: OpeningSecret, random: Random
) -> None:
    """Add it under another name where a creation that was killed left a slot of its own key, which opens nothing."""
    try:
        add_slot(files, vault, slot, secret, random)
    except SlotTaken:
        add_slot(files, vault, f"{slot}-{random(4).hex()}", secret, random)


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
    return json.dumps({**content, "check": vault.check(canonical(content))}, indent=1).encode() + b"\n"
