"""Forget backups, and delete what no backup needs. docs/repository-format.md, Removal, says why this is safe beside running backups."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from imagestore.repository.errors import DamagedFile, RepositoryProblem
from imagestore.repository.format.names import (
    BLOBS,
    LEAVES,
    MOVED,
    PACKS,
    RUNS,
    backup_file,
    blob_file,
    ended_file,
    pack_file,
    trash_file,
)
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.removing.compacting import compact_index, index_is_scattered
from imagestore.repository.removing.live import LiveFiles, live_files, may_go
from imagestore.repository.removing.locks import extend_lock, retained_until
from imagestore.repository.removing.options import PruneOptions, PruneReport
from imagestore.repository.removing.repacking import repack
from imagestore.repository.removing.retention import RetentionPlan, retention_plan
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
from imagestore.repository.store.view import Backups, CondemnedFiles, backups, condemned

REMOVABLE = (PACKS, BLOBS, LEAVES, MOVED)
MOST_ON_A_LIST = 10_000


def prune(repository: Repository, options: PruneOptions) -> PruneReport:
    """Forget and remove. A dry run writes nothing.

    RepositoryProblem: the store's clock cannot be trusted. StoreError: the repository cannot be read. Killed anywhere, it leaves every
    backup whole.
    """
    run = None if options.dry_run else begin_run(repository, "prune")
    work = _Removal(repository, options, run)
    work.work()
    if run is not None:
        run.finish()
    return work.report


@dataclass
class _Removal:
    repository: Repository
    options: PruneOptions
    run: LiveRun | None
    report: PruneReport = field(default_factory=PruneReport)

    def work(self) -> None:
        """Runs, then roots, then files: see docs/repository-format.md."""
        files = self.repository.files
        self.now = files.store.now(files.bucket) if self.run is None else self.run.beat()
        self.report.now = self.now
        runs = self._live_runs()
        found = backups(self.repository)
        self.report.rejected = found.rejected
        if why := self._clock_problem(found, runs):
            self.report.held = why
            return
        lists = condemned(self.repository)
        kept = self._forget(found, runs)
        try:
            live = live_files(self.repository, kept)
        except DamagedFile as damaged:
            self.report.held = f"{damaged}; what its backup needs is not known; run imagestore backup verify"
            return
        self._remove(lists, runs, live)
        self._tidy(lists, runs, found)

    # Runs

    def _live_runs(self) -> list[KnownRun]:
        """The runs that are alive. Those that are dead are marked first, so that what they write later does not count."""
        finished = {root.run for root in backups(self.repository).roots}
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

    def _clock_problem(self, found: Backups, runs: list[KnownRun]) -> str:
        """A store whose clock is behind what it told before: every age would be wrong."""
        newest = max([*(root.finished for root in found.roots), *(r.beat for r in runs)], default=0)
        if newest > self.now + SLACK:
            ahead = (newest - self.now) // 60_000
            return f"the repository has a time that lies {ahead} minutes in the future; the store's clock was set back"
        return ""

    # Backups

    def _forget(self, found: Backups, runs: list[KnownRun]) -> list[BackupRoot]:
        needed = {r.base: "a running backup goes on from it" for r in runs if r.base}
        asked = self.options.forgetting
        plan = RetentionPlan()
        if asked.rules is not None:
            plan = retention_plan(found.roots, asked.rules, self.now, verified=asked.verified, needed=needed)
        self.report.retention = plan
        by_name = [found.named(name) for name in asked.names]
        going = {root.name for root in (*plan.forgotten, *by_name)}
        if by_name and (refused := going & {*needed, *(r.name for r in found.roots[-1:])}):
            raise RepositoryProblem(f"{', '.join(sorted(refused))} is the newest backup, or in use; it stays")
        if going and self.run is not None:
            self._write_document(
                trash_file(f"{self.run.run}-forgotten"), {"files": [], "forgotten": sorted(going)}
            )
            self._delete(backup_file(name) for name in sorted(going))
        return [root for root in found.roots if root.name not in going]

    def _delete(self, names: Iterator[str]) -> dict[str, str]:
        """Delete files, none of them under a lock; return those that the store keeps."""
        if self.run is not None:
            self.run.beat()
        kept = self.repository.files.delete(names)
        self.report.retained |= kept
        return kept

    # Files

    def _remove(self, lists: list[CondemnedFiles], runs: list[KnownRun], live: LiveFiles) -> None:
        ripe = frozenset[str]().union(*(one.files for one in lists if self._is_ripe(one, runs)))
        known = frozenset[str]().union(*(one.files for one in lists))
        going, fresh, sparse = list[ListedFile](), list[ListedFile](), list[str]()
        for kind in REMOVABLE:
            for file in self.repository.files.current(kind):
                if may_go(file.name):
                    self._judge(file, live, known, ripe, (going, fresh, sparse))
        self._extend_covered(live)
        self._delete_ripe(going)
        self._condemn([file.name for file in fresh if not self._may_be_of(runs, file)])
        self._repack(live, sparse)

    def _extend_covered(self, live: LiveFiles) -> None:
        """An attacker who hides a needed file behind a marker or a version waits for the end of its lock, to delete it then."""
        files = self.repository.files
        if files.lock is None or self.run is None:
            return
        for kind in REMOVABLE:
            for file, version in files.covered(kind):
                if live.needs(file.name) and extend_lock(files, file, self.now, version):
                    self.report.extended += 1

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
            until = retained_until(self.repository.files, file.name, self.now)
            if until:
                self.report.retained[file.name] = until
            else:
                free.append(file)
        if free and self.run is not None:
            names = {file.name for file in free}
            compact_index(
                self.repository, self.run.run, lambda c: pack_file(c) in names or blob_file(c) in names
            )
            kept = self._delete(file.name for file in free)
            free = [file for file in free if file.name not in kept]
        for file in free:
            self.report.deleted.add(file.size)

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
        if not packs or self.run is None:
            return
        self.run.beat()
        moved, damaged = repack(self.repository, self.run.run, live, packs)
        self.report.repacked, self.report.damaged_packs = len(moved), tuple(damaged)
        self._condemn([pack_file(pack) for pack in moved])

    # What is left over

    def _tidy(self, lists: list[CondemnedFiles], runs: list[KnownRun], found: Backups) -> None:
        if self.run is None:
            return
        files = self.repository.files
        if index_is_scattered(self.repository):
            compact_index(self.repository, f"{self.run.run}-tidy", lambda _container: False)
        self._abort_uploads()
        done = [r.run for r in known_runs(self.repository) if _is_over(r, found, self.now, self.repository)]
        there = {file.name for file in files.current(RUNS)}
        old_runs = [f"{RUNS}{run}" for run in done if f"{RUNS}{run}" in there]
        roots = (backup_file(name) for one in lists for name in one.forgotten)
        left = [name for name in roots if files.exists(name)]  # a removal was killed before it deleted them
        empty = [one.name for one in lists if self._is_ripe(one, runs) and self._is_done(one)]
        self._delete(iter([*old_runs, *left, *empty]))

    def _is_done(self, one: CondemnedFiles) -> bool:
        """Whether a list may go: nothing of it is there, and no version of a forgotten root could be taken for a backup."""
        files = self.repository.files
        if any(name in self.report.retained or files.exists(name) for name in one.files):
            return False
        return not any(True for name in one.forgotten for _ in files.ever(backup_file(name)))

    def _abort_uploads(self) -> None:
        """End uploads of runs that were killed."""
        files = self.repository.files
        for upload in files.store.uploads(files.bucket, prefix=files.prefix + BLOBS):
            if self.now - upload.started >= self.repository.grace:
                files.store.abort(files.bucket, upload.key, upload.upload)
                self.report.aborted_uploads += 1


def _is_over(run: KnownRun, found: Backups, now: int, repository: Repository) -> bool:
    """Whether the file of a run tells nothing more. The mark of a dead run stays for ever."""
    finished = run.done or run.ended or run.run in {root.run for root in found.roots}
    return finished and run.silent(now) >= repository.grace
