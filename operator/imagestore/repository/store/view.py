"""What is in a repository: its backups, condemned files, and entries that were moved."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace

from imagestore.core.errors import StoreError
from imagestore.repository.errors import BackupNotGiven, DamagedFile, FileNotGiven, RepositoryProblem
from imagestore.repository.format.documents import Document
from imagestore.repository.format.leaves import leaf_lines, leaf_rows
from imagestore.repository.format.names import (
    BACKUPS,
    ENDED,
    FORMAT_FILE,
    MOVED,
    RUNS,
    TRASH,
    backup_file,
    ended_file,
    leaf_file,
)
from imagestore.repository.format.roots import BackupRoot, root_fields, root_of
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.replacing import proven_document, standing
from imagestore.repository.store.runs import document_bytes, time_name


@dataclass(frozen=True)
class CondemnedFiles:
    """A list of condemned files. ``since``: when it was written, by the store's clock. ``forgotten``: backups that retention removed."""

    name: str
    since: int
    files: frozenset[str]
    forgotten: frozenset[str] = frozenset()


def condemned(
    repository: Repository, read: Callable[[Repository, str], Document] = proven_document
) -> list[CondemnedFiles]:
    """All lists that the key proves, the oldest first."""
    return [
        CondemnedFiles(
            one.name,
            one.since,
            frozenset(one.content.get("files", ())),
            frozenset(one.content.get("forgotten", ())),
        )
        for one in standing(repository, TRASH, read)
    ]


@dataclass(frozen=True)
class Backups:
    """The backups of a repository, the oldest first by the store's own times. ``rejected``: files that look like a backup and do not count,
    and why. ``refused``: those of them that the store does not give, so that they may be one.
    """

    roots: tuple[BackupRoot, ...]
    rejected: Mapping[str, str] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()

    def named(self, name: str) -> BackupRoot:
        """The backup of a name, of a unique beginning of it, or ``latest``. RepositoryProblem."""
        if name == "latest" and (self.roots or self.refused):
            return self._latest(self.roots)
        found = [root for root in self.roots if root.name.startswith(name)]
        exact = [root for root in found if root.name == name]
        hidden = [n for n in self.refused if n.startswith(backup_file(name))]
        if not exact and hidden:
            raise self._not_given(hidden[0])
        if len(exact or found) == 1:
            return (exact or found)[0]
        if found:
            raise RepositoryProblem(f"{len(found)} backups begin with {name}; give more of the name")
        raise RepositoryProblem(f"there is no backup {name}; imagestore backup list shows them")

    def has(self, name: str) -> bool:
        """Whether there is a backup of exactly this name."""
        return backup_file(name) in self.refused or any(root.name == name for root in self.roots)

    def as_of(self, time: int) -> BackupRoot:
        """The last one that began at or before a time, in milliseconds. RepositoryProblem."""
        found = [root for root in self.roots if root.started <= time]
        if not found and not self._hidden(0, time):
            raise RepositoryProblem("no backup is that old; imagestore backup list shows them")
        return self._latest(found, time)

    def _latest(self, roots: Sequence[BackupRoot], until: int | None = None) -> BackupRoot:
        """The one that began last. BackupNotGiven: it may be another one, and an older state would be taken for the newest."""
        newest = max(roots, key=lambda root: root.order, default=None)
        hidden = self._hidden(newest.started if newest is not None else 0, until)
        if hidden or newest is None:
            raise self._not_given(max(hidden))
        return newest

    def _hidden(self, since: int, until: int | None) -> list[str]:
        """What the store does not give, and began between two moments. Names begin with the time, in seconds."""
        last = backup_file(time_name(until)) if until is not None else backup_file("9")
        return [n for n in self.refused if backup_file(time_name(since)) <= n.partition("-")[0] <= last]

    def _not_given(self, name: str) -> BackupNotGiven:
        """Which may be restored by name all the same says ``imagestore backup list``."""
        return BackupNotGiven(f"{self.rejected[name]}; let its store give it, or name another backup")


@dataclass
class _Given:
    """Documents of which one that the store refuses is lost for now, as if the key did not prove it. ``refused``: why, by name."""

    refused: dict[str, str] = field(default_factory=dict)

    def __call__(self, repository: Repository, name: str) -> Document:
        try:
            with one_file_given(repository, name):
                return proven_document(repository, name)
        except FileNotGiven as lost:
            self.refused[name] = str(lost)
            raise


def backups(repository: Repository) -> Backups:
    """Read all roots. Those of a run that was declared dead, and those that the key does not prove, do not count.

    For what reads backups, and adds some: a file that the store refuses concerns its backup alone. See ``all_backups``.
    """
    listed, given = list(repository.files.ever(BACKUPS)), _Given()
    forgotten = frozenset[str]().union(*(lost.forgotten for lost in condemned(repository, given)))
    ended = {
        f.name.removeprefix(RUNS).removesuffix(ENDED)
        for f in repository.files.ever(RUNS)
        if f.name.endswith(ENDED) and _is_proven(repository, f.name, given)
    }
    roots, rejected = [], {}
    for file in listed:
        if file.name.removeprefix(BACKUPS) in forgotten:
            continue
        try:
            root = _root(repository, file.name, given)
        except DamagedFile as damaged:
            rejected[file.name] = str(damaged)
            continue
        if root.run in ended:
            rejected[file.name] = f"{file.name}: its run was declared dead before it was written"
        elif (why := given.refused.get(ended_file(root.run))) is not None:
            given.refused[file.name] = rejected[file.name] = (
                f"{file.name}: whether its run was declared dead is not known: {why}"
            )
        else:
            roots.append(root)
    ordered = tuple(sorted(roots, key=lambda root: root.order))
    return Backups(ordered, rejected | given.refused, frozenset(given.refused))


def all_backups(repository: Repository) -> Backups:
    """The same for what decides about deletes: what a backup needs of which the store does not give the root is not known. BackupNotGiven."""
    found = backups(repository)
    for name in sorted(found.refused):
        raise BackupNotGiven(f"{found.rejected[name]}; nothing is removed before its store gives it")
    return found


def _root(repository: Repository, name: str, given: _Given) -> BackupRoot:
    content = given(repository, name)
    try:
        return root_of(content)
    except (KeyError, TypeError, ValueError):
        raise DamagedFile(name, "lacks a field") from None


def _is_proven(repository: Repository, name: str, given: _Given) -> bool:
    try:
        given(repository, name)
    except DamagedFile:
        return False
    return True


def rows_of_leaf(repository: Repository, leaf: str) -> Iterator[BackupRow]:
    """The rows of a leaf. DamagedFile, before the first one."""
    vault = repository.vault
    return repository.files.genuine(leaf_file(leaf), lambda data: leaf_rows(vault, leaf, data))


@contextmanager
def one_file_given(repository: Repository, name: str) -> Iterator[None]:
    """Within it one file is read. FileNotGiven: the store refuses this file and gives another one. StoreError: it gives none.

    For what reads backups. What decides about deletes must not take a file for lost that its store refuses today.
    """
    try:
        yield
    except StoreError as error:
        repository.files.read(FORMAT_FILE)
        raise FileNotGiven(name, error) from error


def leaf_given(repository: Repository, leaf: str) -> Iterator[BackupRow]:
    """As ``rows_of_leaf``, and FileNotGiven, which is a DamagedFile, where the store refuses this leaf."""
    with one_file_given(repository, leaf_file(leaf)):
        return rows_of_leaf(repository, leaf)


def lines_of_leaf(repository: Repository, leaf: str) -> Iterator[bytes]:
    """The lines of a report. DamagedFile, before the first one."""
    vault = repository.vault
    return repository.files.genuine(leaf_file(leaf), lambda data: leaf_lines(vault, leaf, data))


def rows_of(repository: Repository, root: BackupRoot) -> Iterator[BackupRow]:
    """All rows of a backup, by their keys' bytes. DamagedFile, also for a leaf that the store refuses."""
    for ref in root.leaves:
        yield from leaf_given(repository, ref.name)


@dataclass
class MovedEntries:
    """Where repacking and healing put entries. Lists the names at once, and reads a document when its container is met.

    ``reading``: a document that the store refuses tells nothing, as a damaged one.
    """

    repository: Repository
    reading: bool = False
    _names: dict[str, list[str]] | None = field(default=None, init=False)
    _known: dict[str, Mapping[int, list[tuple[str, str, int, int]]]] = field(default_factory=dict, init=False)

    @property
    def containers(self) -> Mapping[str, list[str]]:
        """The names of the documents of each container."""
        if self._names is None:
            self._names = {}
            for listed in self.repository.files.ever(MOVED):
                container = listed.name.removeprefix(MOVED).partition("-")[0]
                self._names.setdefault(container, []).append(listed.name)
        return self._names

    def entries(self, container: str) -> Mapping[int, list[tuple[str, str, int, int]]]:
        """By offset in the container: (pack, blob, offset, length) of each place that it was moved to, the newest last."""
        if container not in self._known:
            found: dict[int, list[tuple[str, str, int, int]]] = {}
            for name in self.containers.get(container, ()):
                for offset, place in self._read(name):
                    found.setdefault(offset, []).append(place)
            self._known[container] = found
        return self._known[container]

    def _read(self, name: str) -> Iterator[tuple[int, tuple[str, str, int, int]]]:
        try:
            with one_file_given(self.repository, name) if self.reading else nullcontext():
                content = proven_document(self.repository, name)
        except DamagedFile:
            return
        for offset, pack, blob, to, length in content.get("entries", ()):
            yield offset, (pack, blob, to, length)

    def places(self, row: BackupRow) -> Iterator[BackupRow]:
        """The row at each place where its content may stand, the latest one first, its own last."""
        if row.container in self.containers:
            for pack, blob, offset, length in reversed(self.entries(row.container).get(row.offset, [])):
                yield from self.places(replace(row, pack=pack, blob=blob, offset=offset, length=length))
        yield row

    def kept(self, row: BackupRow) -> list[BackupRow]:
        """The places that a removal keeps: those that nothing was moved away from. The old place of a moved entry will be deleted."""
        if row.container not in self.containers:
            return [row]
        places = list(self.places(row))
        return [place for place in places[:-1] or places if not self._was_moved(place)]

    def _was_moved(self, place: BackupRow) -> bool:
        container = place.container
        return container in self.containers and place.offset in self.entries(container)


def write_root(repository: Repository, root: BackupRoot) -> None:
    """Write a root and read it back. RepositoryProblem: it is not what was written."""
    name = backup_file(root.name)
    repository.files.write_once(name, document_bytes(repository, name, root_fields(root)))
    if root_of(proven_document(repository, name)) != root:
        raise RepositoryProblem(f"{name} is not read back as it was written")
