"""What a run opens when it begins: buckets that are still their ImageBuckets', and repositories with the key of a Secret."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from imagestore.backends.base import Backend
from imagestore.backends.objects import ObjectStore
from imagestore.controller.jobs import JobBoard
from imagestore.controller.keys import FetchSecret, SecretUnread, opening_secret_of
from imagestore.controller.services import AskLoop
from imagestore.controller.stores import BackendConnections, SecretData, unkept
from imagestore.core.errors import StoreError
from imagestore.core.fencing import Permit
from imagestore.core.reasons import Reason
from imagestore.reconcile.shared.repositories import RepositoryEnd
from imagestore.reconcile.shared.runs import JobEnd, RunSide, RunTrouble
from imagestore.reconcile.shared.situation import Store
from imagestore.repository.checking.scratch import ScratchLocks
from imagestore.repository.errors import (
    DamagedFile,
    NewerFormat,
    NoRepository,
    NotARepository,
    OtherSource,
    RepositoryProblem,
    SameBucketAsSource,
    SourceUnlisted,
    SourceUnreadable,
    WrongKey,
)
from imagestore.repository.format.roots import SourceName
from imagestore.repository.format.slots import OpeningSecret
from imagestore.repository.store.creating import create_repository
from imagestore.repository.store.files import FileLock, RepositoryFiles
from imagestore.repository.store.opening import (
    Repository,
    open_repository,
    refuse_other_source,
)
from imagestore.transfer.job import TransferEnd
from imagestore.transfer.pace import MovingLimits
from imagestore.transfer.paced_store import RunPace, run_pace


class Unready(Exception):
    """What a run needs cannot be used now."""

    def __init__(self, trouble: RunTrouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble


@dataclass(frozen=True)
class RunParts:
    """What runs are made of. ``clock`` counts the seconds that reports have; ``permit`` is asked before each write to a store.

    ``jobs``: where runs can be carried out, with the ``keys`` of Secrets of the operator's namespace; None: by this process only.
    """

    stores: BackendConnections
    ask: AskLoop
    installation: str
    permit: Permit
    clock: Callable[[], float]
    secret: FetchSecret
    jobs: JobBoard | None = None
    keys: SecretData = unkept
    pace: RunPace = field(default_factory=run_pace)
    counted: frozenset[RunSide] = frozenset()

    def paced(self, limits: MovingLimits, stop: Callable[[], bool], *counted: RunSide) -> "RunParts":
        """The same for one run that keeps to limits. ``counted``: the sides of which bytes count, too."""
        return replace(self, pace=run_pace(limits, stop), counted=frozenset(counted))

    def end(self, side: RunSide, end: JobEnd) -> TransferEnd:
        """The bucket, which must be there and still be its ImageBucket's: a status is older than a run. Raises Unready."""
        store = self.stores.store(self.ask(lambda: self.stores.named(end.backend)))
        backend = _usable(side, end, store)
        try:
            seen = backend.check(end.bucket)
        except StoreError as error:
            raise Unready(RunTrouble(side, error.reason, str(error))) from error
        if seen is None:
            raise Unready(RunTrouble(side, Reason.NOT_FOUND, f"there is no bucket {end.bucket}"))
        place = backend.mark_place
        mine = place.encode(f"{self.installation}/{end.owner}") if place is not None and end.owner else None
        # A status can be forged: one of mode Observe read another namespace's bucket, whose name the backend lets all use.
        if mine is not None and seen.owner != mine and (end.marked or seen.owner is not None):
            message = f"the bucket {end.bucket} does not have the owner mark of its ImageBucket"
            raise Unready(RunTrouble(side, Reason.ANOTHER_OWNER, message))
        objects = self.pace.store(_objects(side, backend), counted=side in self.counted)
        return TransferEnd(objects, end.bucket, end.prefix)

    def repository(self, place: RepositoryEnd) -> Repository:
        """The repository, opened with its key. Raises Unready, RepositoryProblem and StoreError; see ``troubled``."""
        return open_repository(self._files(place), self._key(place), os.urandom)

    def repository_for(
        self, place: RepositoryEnd, source: TransferEnd, lock: FileLock | None = None
    ) -> Repository:
        """The repository of a source's backups; it is created if there is none. Raises as ``repository`` does.

        ``lock``: what all files of a new one get.
        """
        files, name = self._files(place), SourceName(source.store.name, source.bucket, source.prefix)
        if (source.store.name, source.bucket) == (files.store.name, files.bucket):
            raise SameBucketAsSource(f"{files} lies in the bucket that it backs up; give another bucket")
        key = self._key(place)
        try:
            repository = open_repository(files, key, os.urandom)
        except NoRepository:
            slots, sealed = {key.kind.value: key}, bool(key.value)
            return create_repository(files, name, slots, os.urandom, sealed=sealed, lock=lock)
        refuse_other_source(repository, name)
        return repository

    def _files(self, place: RepositoryEnd) -> RepositoryFiles:
        end = self.end("repository", place.end)
        prefix = end.prefix.rstrip("/")
        return RepositoryFiles(end.store, end.bucket, f"{prefix}/" if prefix else "")

    def _key(self, place: RepositoryEnd) -> OpeningSecret:
        if not place.secret:
            return OpeningSecret()
        try:
            return opening_secret_of(place.secret, self.secret(place.namespace, place.secret))
        except SecretUnread as error:
            raise Unready(RunTrouble("repository", error.reason, str(error))) from None


def _usable(side: RunSide, end: JobEnd, store: Store) -> Backend:
    if store.backend is None:
        message = store.trouble or f"there is no StorageBackend {end.backend}"
        raise Unready(RunTrouble(side, Reason.BACKEND_UNUSABLE, message))
    if store.standing.another:
        message = f"another account or server answers for the StorageBackend {end.backend} than before"
        raise Unready(RunTrouble(side, Reason.ANOTHER_STORE, message))
    return store.backend


def _objects(side: RunSide, backend: Backend) -> ObjectStore:
    if backend.objects is None:
        message = f"the operator cannot move objects of the StorageBackend {backend.name}"
        raise Unready(RunTrouble(side, Reason.UNSUPPORTED, message))
    return backend.objects


_REASONS = (
    (WrongKey, Reason.WRONG_KEY, False),
    (NewerFormat, Reason.NEWER_FORMAT, False),
    (OtherSource, Reason.OTHER_SOURCE, True),
    (SameBucketAsSource, Reason.SAME_BUCKET, True),
    (NotARepository, Reason.NO_REPOSITORY, False),
    (DamagedFile, Reason.REPOSITORY_DAMAGED, False),
)


def troubled(
    error: Unready | RepositoryProblem | StoreError, side: RunSide | None = "repository"
) -> RunTrouble:
    """Why a run ended. ``side``: where a StoreError comes from."""
    if isinstance(error, Unready):
        return error.trouble
    if isinstance(error, StoreError):
        return RunTrouble(side, error.reason, str(error))
    if isinstance(error, SourceUnlisted):
        return RunTrouble("source", error.error.reason, str(error))
    if isinstance(error, ScratchLocks):
        return RunTrouble("destination", Reason.LOCKED_DESTINATION, str(error))
    if isinstance(error, SourceUnreadable):
        return RunTrouble("source", Reason.UNAVAILABLE, str(error))
    found = ((reason, final) for kind, reason, final in _REASONS if isinstance(error, kind))
    reason, final = next(found, (Reason.REPOSITORY_FAILED, False))
    return RunTrouble("repository", reason, str(error), final)
