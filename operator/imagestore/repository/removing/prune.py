"""Forget backups, and delete what no backup needs. docs/repository-format.md, Removal, says why this is safe beside running backups."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from imagestore.repository.checking.records import verified_times
from imagestore.repository.errors import DamagedFile, RepositoryProblem
from imagestore.repository.format.names import (
    BLOBS,
    PACKS,
    backup_file,
    blob_file,
    ended_file,
    pack_file,
    trash_file,
)
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.removing.compacting import compact_index
from imagestore.repository.removing.extending import REMOVABLE, extend_all, extend_covered, extend_first_files
from imagestore.repository.removing.holding import clock_problem, lost_backup
from imagestore.repository.removing.live import LiveFiles, live_files
from imagestore.repository.removing.locks import extend_lock, retained_until
from imagestore.repository.removing.options import PruneOptions, PruneReport, RemovalStopped
from imagestore.repository.removing.repacking import repack
from imagestore.repository.removing.retention import RetentionPlan, retention_plan
from imagestore.repository.removing.tidying import old_runs, tidy
from imagestore.repository.store.files import ListedFile
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.runs import (
    SLACK,
    KnownRun,
    LiveRun,
    begin_run,
    dead_run,
    document_bytes,
    known_runs,
)
from imagestore.repository.store.view import Backups, CondemnedFiles, all_backups, condemned

MOST_ON_A_LIST = 10_000


def prune(repository: Repository, options: PruneOptions) -> PruneReport:
    """Forget and remove. A dry run writes nothing.

    RepositoryProblem: the store's clock cannot be trusted, or it does not give a root. StoreError: the repository cannot be read. Killed anywhere, it leaves every
    backup whole. RemovalStopped: ``options.stop`` said so.
    """
    run = None if options.dry_run else begin_run(repository, "prune")
    work = _Removal(repository, options, run)
    try:
        work.work()
    except RemovalStopped:
        if run is not None:
            run.finish()  # no backup waits for it
        raise
    if run is not None:
        run.finish()
    return work.report


@dataclass
class _Removal:
    repository: Repository
    options: PruneOptions
    run: LiveRun | None
    report: PruneReport = field(default_factory=PruneReport)
    _still: set[str] = field(default_factory=set)  # files on a list that are there

    def work(self) -> None:
        """Runs, then roots, then files: see docs/repository-format.md."""
        files = self.repository.files
        self.now = files.store.now(files.bucket) if self.run is None else self.run.beat()
        self.report.now = self.now
        runs = self._live_runs()
        found = all_backups(self.repository)
        self.report.rejected = found.rejected
        self.report.missing = self._missing(found)
        if why := clock_problem(found, runs, self.now):
            self.report.held = why
            return
        if why := self.options.held or lost_backup(self.report.missing):
            self._hold(why, found.roots)
            return
        lists = condemned(self.repository)
        kept = self._forget(found, runs)
        try:
            live = live_files(self.repository, kept)
        except DamagedFile as damaged:
            way = "run imagestore backup verify, or forget that backup with prune --forget"
            self._hold(f"{damaged}; what its backup needs is not known; {way}", kept)
            return
        if self.run is not None:
            self.report.extended += extend_first_files(files, kept, self.now)
        # First: a store that refuses these refuses all, and nothing is written in vain.
        self._delete(old_runs(self.repository, found, self.now))
        self._remove(lists, runs, live)
        if self.run is not None:
            over = [one for one in lists if self._is_ripe(one, runs) and not one.files & self._still]
            tidy(self.repository, self.run, self.report, over)

    def _hold(self, why: str, roots: Sequence[BackupRoot]) -> None:
        """Delete nothing. Immutability does not end with that."""
        self.report.held = why
        files = self.repository.files
        if self.run is not None:
            self.report.extended += extend_first_files(files, roots, self.now) + extend_all(files, self.now)

    # Runs

    def _live_runs(self) -> list[KnownRun]:
        """The runs that are alive. Those that are dead are marked first, so that what they write later does not count."""
        finished = {root.run for root in all_backups(self.repository).roots}
        own = "" if self.run is None else self.run.run
        open_runs = [
            r
            for r in known_runs(self.repository)
            if not r.done and not r.ended and r.run not in finished and r.run != own
        ]
        dead = [r for r in open_runs if dead_run(r, self.now, self.repository.grace)]
        self.report.dead_runs = tuple(r.run for r in dead)
        for each in dead if self.run is not None else ():
            self._write_document(ended_file(each.run), {"run": each.run})
        return [r for r in open_runs if r not in dead]

    def _write_document(self, name: str, content: dict[str, object]) -> None:
        self.repository.files.write(name, document_bytes(self.repository, name, content))

    # Backups

    def _missing(self, found: Backups) -> str:
        known = self.options.forgetting.known
        return "" if not known or found.has(known) else known

    def _forget(self, found: Backups, runs: list[KnownRun]) -> list[BackupRoot]:
        needed = {r.base: f"a running {r.kind} needs it" for r in runs if r.base}
        asked = self.options.forgetting
        needed |= {asked.known: "the newest that is known"} if asked.known else {}
        plan = RetentionPlan()
        if asked.rules is not None:
            plan = retention_plan(
                found.roots,
                asked.rules,
                self.now,
                verified=asked.verified | frozenset(verified_times(self.repository)),
                needed=needed,
                approved=asked.approved,
            )
        self.report.retention = plan
        by_name = [found.named(name) for name in asked.names]
        going = {root.name for root in (*plan.forgotten, *by_name)}
        if by_name and (refused := going & {*needed, *(r.name for r in found.roots[-1:])}):
            raise RepositoryProblem(f"{', '.join(sorted(refused))} is the newest backup, or in use; it stays")
        self._go_on()
        if going and self.run is not None:
            going = self._forgotten(self.run, going)
        return [root for root in found.roots if root.name not in going]

    def _forgotten(self, run: LiveRun, going: set[str]) -> set[str]:
        """The backups of which the root is gone. Only then are they named in trash/: what is named there is in no list of backups."""
        stay = self._delete(backup_file(name) for name in sorted(going))
        gone = {name for name in going if backup_file(name) not in stay}
        if gone:
            self._write_document(trash_file(f"{run.run}-forgotten"), {"files": [], "forgotten": sorted(gone)})
        return gone

    def _go_on(self) -> None:
        if self.options.stop():
            raise RemovalStopped

    def _delete(self, names: Iterator[str]) -> dict[str, str]:
        """Delete files, none of them under a lock; return those that the store keeps."""
        if self.run is None:
            return {}
        self.run.beat()
        kept = self.repository.files.delete(names)
        self.report.refused |= kept
        return kept

    # Files

    def _remove(self, lists: list[CondemnedFiles], runs: list[KnownRun], live: LiveFiles) -> None:
        files = self.repository.files
        ripe = frozenset[str]().union(*(one.files for one in lists if self._is_ripe(one, runs)))
        known = frozenset[str]().union(*(one.files for one in lists))
        going, fresh, sparse = list[ListedFile](), list[ListedFile](), list[str]()
        for kind in REMOVABLE:
            for file in files.current(kind):
                if file.name in known:
                    self._still.add(file.name)
                self._judge(file, live, known, ripe, (going, fresh, sparse))
        if self.run is not None:
            for kind in REMOVABLE:
                self.report.extended += extend_covered(files, kind, live.needs, self.now)
        self._delete_ripe(going)
        self._condemn([file.name for file in fresh if not self._may_be_of(runs, file)])
        self._repack(live, sparse)

    def _may_be_of(self, runs: list[KnownRun], file: ListedFile) -> bool:
        """Whether a backup that is running may have written a file: once condemned, the next backup would upload its content again."""
        return any(file.newest + SLACK >= r.began for r in runs if r.kind == "backup")

    def _is_ripe(self, one: CondemnedFiles, runs: list[KnownRun]) -> bool:
        """Two readings: the list is older than the grace time, and each run that may refer to its files has ended."""
        may_refer = any((r.began or r.beat) <= one.since + SLACK for r in runs)
        return self.now - one.since >= self.repository.grace and not may_refer

    def _judge(
        self,
        file: ListedFile,
        live: LiveFiles,
        known: frozenset[str],
        ripe: frozenset[str],
        found: tuple[list[ListedFile], list[ListedFile], list[str]],
    ) -> None:
        going, fresh, sparse = found
        if live.needs(file.name) or self._would_be_lost(file.name, live):
            self._judge_needed(file, live, known, sparse)
        elif file.name in ripe:
            going.append(file)
        elif file.name in known:
            self.report.waiting.add(file.size)
        else:
            self.report.condemned.add(file.size)
            fresh.append(file)

    def _would_be_lost(self, name: str, live: LiveFiles) -> bool:
        """Whether a container was moved to a place that is not there: a removal that was frozen may name a pack that is gone."""
        container = name.rpartition("/")[2]
        if container not in live.moved.containers or not name.startswith((PACKS, BLOBS)):
            return False
        places = {(p, b) for at in live.moved.entries(container).values() for p, b, _, _ in at}
        there = self.repository.files.exists
        return not all(there(pack_file(p) if p else blob_file(b)) for p, b in places)

    def _judge_needed(
        self, file: ListedFile, live: LiveFiles, known: frozenset[str], sparse: list[str]
    ) -> None:
        self.report.needed.add(file.size)
        if file.name in known:
            self.report.needed_again += 1
        elif file.name.startswith(PACKS):
            pack = file.name.rpartition("/")[2]
            if live.used(pack) < self.options.repack_below * file.size:
                sparse.append(pack)
        if self.run is not None and extend_lock(self.repository.files, file, self.now):
            self.report.extended += 1

    def _delete_ripe(self, going: list[ListedFile]) -> None:
        free = []
        for file in going:
            self._go_on()
            until = retained_until(self.repository.files, file.name, self.now)
            if until:
                self.report.retained[file.name] = until
            else:
                free.append(file)
        self._go_on()
        if self.run is not None:
            free = self._deleted(self.run, free)
        for file in free:
            self.report.deleted.add(file.size)
            self._still.discard(file.name)

    def _deleted(self, run: LiveRun, free: list[ListedFile]) -> list[ListedFile]:
        """Those of some files that are gone. The index forgets them first."""
        if not free or self.report.refused:
            return []
        names = {file.name for file in free}
        self.report.refused |= compact_index(
            self.repository, run.run, lambda c: pack_file(c) in names or blob_file(c) in names
        )
        if self.report.refused:
            return []
        kept = self._delete(file.name for file in free)
        return [file for file in free if file.name not in kept]

    def _condemn(self, names: list[str]) -> None:
        if self.run is None:
            return
        for start in range(0, len(names), MOST_ON_A_LIST):
            number = trash_file(f"{self.run.run}-{self.repository.new_id()[:8]}")
            chunk = names[start : start + MOST_ON_A_LIST]
            self._write_document(number, {"files": chunk, "forgotten": []})

    def _repack(self, live: LiveFiles, sparse: list[str]) -> None:
        packs = sparse[: self.options.repack_packs]
        self.report.repacked = len(packs)
        if not packs or self.run is None or self.report.refused:
            return
        self._go_on()
        self.run.beat()
        moved, damaged = repack(self.repository, self.run.run, live, packs)
        self.report.repacked, self.report.damaged_packs = len(moved), tuple(damaged)
        self._condemn([pack_file(pack) for pack in moved])
