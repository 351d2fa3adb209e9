"""Restore what a bucket held at a moment from its own versions: inside the store where it can copy, else as a stream."""

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace

from imagestore.core.errors import Conflict, NotFound, StoreError
from imagestore.core.objects import ListedObject
from imagestore.repository.format.names import LARGE_BYTES
from imagestore.repository.history.listing import BucketHistory
from imagestore.repository.history.moments import KeyAt, KeyState
from imagestore.repository.restoring.options import RestoreOptions, RestoreReport, RestoreState
from imagestore.repository.restoring.outcomes import (
    WRITE_TRIES,
    RestoreOutcome,
    again_absent,
    store_refused,
    told_error,
)
from imagestore.repository.restoring.planning import (
    LaterObjects,
    PlannedPass,
    later_objects,
    restore_passes,
)
from imagestore.repository.restoring.reading_back import listed_now, stored_digest
from imagestore.repository.restoring.running import run_restore
from imagestore.repository.restoring.selection import ExistingPolicy, restored_key
from imagestore.repository.restoring.writing import RestoredObject
from imagestore.transfer.attributes import differ
from imagestore.transfer.budget import ByteBudget
from imagestore.transfer.copies import CopiedObject, NotCopied, SourceChanged
from imagestore.transfer.copying import Copier
from imagestore.transfer.equality import Evidence, evidence
from imagestore.transfer.job import MEGABYTE, TransferEnd

BUDGET = 64 * MEGABYTE  # of bodies in memory at once


def restore_history(history: BucketHistory, end: TransferEnd, options: RestoreOptions) -> RestoreReport:
    """Restore a bucket's objects of a moment. Failed also where the versions do not tell all: ``why`` says it.

    Objects that came after the moment stay. As ``run_restore``.
    """
    begun = options.begun(end.store.now(end.bucket))
    report = run_restore(_VersionSource(history, end, begun), end, begun)
    if report.state is not RestoreState.SUCCEEDED:
        return report
    why = history.survey(options.selection).why
    return replace(report, state=RestoreState.FAILED, why=why) if why else report


def plan_history(
    history: BucketHistory, end: TransferEnd, options: RestoreOptions
) -> tuple[PlannedPass, ...]:
    """What a restore of a bucket's versions would do, by pass. StoreError."""
    return restore_passes(_VersionSource(history, end, options), end, options)


def later_than_counted(
    history: BucketHistory, end: TransferEnd, options: RestoreOptions, moment: int
) -> LaterObjects:
    """What a restore of a bucket's versions that goes on would overwrite of what came after a moment. StoreError."""
    return later_objects(_VersionSource(history, end, options), end, options, moment)


@dataclass(frozen=True)
class _VersionSource:
    history: BucketHistory
    end: TransferEnd
    options: RestoreOptions
    copier: Copier = field(init=False)

    def __post_init__(self) -> None:
        source = self.history.end
        copier = Copier(
            source.store,
            source.bucket,
            self.end.store,
            self.end.bucket,
            ByteBudget(BUDGET),
            self.options.uploads,
        )
        object.__setattr__(self, "copier", copier)

    @property
    def prefix(self) -> str:
        return self.history.end.prefix

    def items(self, number: int, after: str) -> Iterator[KeyAt]:
        """See ``RestoreSource``. Keys of which nothing is known are counted by the survey."""
        behind = after.encode("utf-8", "surrogateescape")
        for key in self.history.keys(self.options.selection):
            chosen = key.state is KeyState.PRESENT and self.options.selection.of_pass(number, key.key)
            if chosen and (not after or key.key.encode("utf-8", "surrogateescape") > behind):
                yield key

    def begin(
        self, batch: list[tuple[KeyAt, ListedObject | None]], small: Executor, large: Executor
    ) -> list[Future[list[RestoreOutcome[KeyAt]]]]:
        """See ``RestoreSource``."""
        return [
            (large if row.size > LARGE_BYTES else small).submit(self._restored, row, there)
            for row, there in batch
        ]

    def _restored(self, row: KeyAt, there: ListedObject | None) -> list[RestoreOutcome[KeyAt]]:
        try:
            return [self._decided(row, there) or self._tried(row, there)]
        except NotCopied as error:
            return [RestoreOutcome(row, why=f"{error.reason}: {error}")]
        except SourceChanged:
            return [RestoreOutcome(row, why="Changing: the version changed while it was copied")]
        except (Conflict, NotFound) as error:  # of the latter: the version is gone
            return [RestoreOutcome(row, why=told_error(error))]
        except StoreError as error:
            return [store_refused(row, error)]

    def _tried(
        self, row: KeyAt, there: ListedObject | None, tries: int = WRITE_TRIES
    ) -> RestoreOutcome[KeyAt]:
        try:
            return self._copied(row, there)
        except Conflict as error:
            return self._met(row, there, error, tries - 1)

    def _met(
        self, row: KeyAt, there: ListedObject | None, error: Conflict, tries: int
    ) -> RestoreOutcome[KeyAt]:
        """Another program wrote or deleted this key since the listing, or what came is ours: the answer to a write may be lost."""
        now = listed_now(self.end, self._key(row))
        if now is None:
            again = again_absent(there, error, tries)
            return self._tried(row, None, tries) if again else store_refused(row, error)
        if not self.options.keeps(now) and self._is_equal(row, now):
            return RestoreOutcome(row, equal=True)
        if self.options.existing is ExistingPolicy.SKIP:
            return RestoreOutcome(row, kept=True)
        return RestoreOutcome(row, why=self.options.met_because(error))

    def _key(self, row: KeyAt) -> str:
        return restored_key(row.key, self.prefix, self.end.prefix)

    def _decided(self, row: KeyAt, there: ListedObject | None) -> RestoreOutcome[KeyAt] | None:
        """What becomes of a key without a copy; None: it is copied."""
        verdict = self.end.store.key_verdict(self._key(row))
        if verdict.problem is not None:
            return RestoreOutcome(
                row, why=f"{verdict.problem}: {verdict.why or 'the store cannot hold this key'}"
            )
        if there is None:
            return None
        if self._in_place and _version(row).latest:
            return RestoreOutcome(row, equal=True)
        if self.options.keeps(there):
            return RestoreOutcome(row, kept=True)
        if self._is_equal(row, there):
            return RestoreOutcome(row, equal=True)
        why, skips = self.options.kept_because(there), self.options.existing is ExistingPolicy.SKIP
        kept = (why or skips) and not self.holds(row, there)
        return RestoreOutcome(row, why=why, kept=skips) if kept else None

    @property
    def _in_place(self) -> bool:
        source = self.history.end
        same = (source.store.account, source.bucket, source.prefix)
        return same == (self.end.store.account, self.end.bucket, self.end.prefix)

    def _is_equal(self, row: KeyAt, there: ListedObject) -> bool:
        version, source = _version(row), self.history.end
        if evidence(version, source.store.traits, there, self.end.store.traits) is not Evidence.EQUAL:
            return False
        wanted = source.store.head(source.bucket, row.key, version.version)
        found = self.end.store.head(self.end.bucket, self._key(row))
        given = self.copier.given(row.key, wanted).attributes
        tags = self.end.store.tags(self.end.bucket, self._key(row)) if found.tag_count else {}
        same = not differ(given, found.attributes) and dict(tags) == dict(given.tags or {})
        return same and (found.attributes.lock == given.lock or not self.options.may_be_ours(there))

    def _copied(self, row: KeyAt, there: ListedObject | None) -> RestoreOutcome[KeyAt]:
        version, key = _version(row), self._key(row)
        condition = self.options.condition(there)
        copied = self.copier.copy(
            row.key, key, size=version.size, version=version.version, condition=condition
        )
        if not self._is_proven(version, copied) and not self.has_come_back(
            row, RestoredObject(key, row.size, "")
        ):
            return RestoreOutcome(row, why="Mismatched: it was read back with other bytes than were copied")
        return RestoreOutcome(row, written=RestoredObject(key, row.size, copied.etag, copied.lost))

    def _is_proven(self, version: ListedObject, copied: CopiedObject) -> bool:
        """Whether the ETags of the version and of its copy prove that they are equal. Otherwise both are read."""
        made = ListedObject("", copied.size, copied.etag, 0)
        traits = self.history.end.store.traits, self.end.store.traits
        return evidence(version, traits[0], made, traits[1]) is Evidence.EQUAL

    def holds(self, row: KeyAt, there: ListedObject) -> bool:
        """See ``RestoreSource``."""
        if there.size != row.size:
            return False
        traits = self.history.end.store.traits, self.end.store.traits
        if evidence(_version(row), traits[0], there, traits[1]) is Evidence.EQUAL:
            return True
        return self.has_come_back(row, RestoredObject(there.key, there.size, there.etag))

    def has_come_back(self, row: KeyAt, written: RestoredObject) -> bool:
        """See ``RestoreSource``: both are read."""
        wanted = stored_digest(self.history.end, row.key, _version(row).version)
        return stored_digest(self.end, written.key) == wanted


def _version(row: KeyAt) -> ListedObject:
    assert row.version is not None, "only what was there is restored"  # noqa: S101
    return row.version
