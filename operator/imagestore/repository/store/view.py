"""What is in a repository: its backups, condemned files, and entries that were moved."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from imagestore.repository.errors import DamagedFile, RepositoryProblem
from imagestore.repository.format.documents import Document, opened_document
from imagestore.repository.format.leaves import leaf_lines, leaf_rows
from imagestore.repository.format.names import BACKUPS, ENDED, MOVED, RUNS, TRASH, backup_file, leaf_file
from imagestore.repository.format.roots import BackupRoot, root_fields, root_of
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.runs import document_bytes


@dataclass(frozen=True)
class CondemnedFiles:
    """A list of condemned files. ``since``: when it was written, by the store's clock. ``forgotten``: backups that retention removed."""

    name: str
    since: int
    files: frozenset[str]
    forgotten: frozenset[str] = frozenset()


def condemned(repository: Repository) -> list[CondemnedFiles]:
    """All lists that the key proves, the oldest first."""
    found = []
    for listed in repository.files.ever(TRASH):
        try:
            content = document(repository, listed.name)
        except DamagedFile:
            continue
        files, forgotten = frozenset(content.get("files", ())), frozenset(content.get("forgotten", ()))
        found.append(CondemnedFiles(listed.name, listed.modified, files, forgotten))
    return sorted(found, key=lambda one: one.since)


def document(repository: Repository, name: str) -> Document:
    """A document that the key proves. DamagedFile."""
    return repository.files.genuine(name, lambda data: opened_document(repository.vault, name, data))


@dataclass(frozen=True)
class Backups:
    """The backups of a repository, the oldest due time first. ``rejected``: files that look like a backup and do not count, and why."""

    roots: tuple[BackupRoot, ...]
    rejected: Mapping[str, str] = field(default_factory=dict)

    def named(self, name: str) -> BackupRoot:
        """The backup of a name, of a unique beginning of it, or ``latest``. RepositoryProblem."""
        if name == "latest" and self.roots:
            return self.roots[-1]
        found = [root for root in self.roots if root.name.startswith(name)]
        exact = [root for root in found if root.name == name]
        if len(exact or found) == 1:
            return (exact or found)[0]
        if found:
            raise RepositoryProblem(f"{len(found)} backups begin with {name}; give more of the name")
        raise RepositoryProblem(f"there is no backup {name}; imagestore backup list shows them")

    def as_of(self, time: int) -> BackupRoot:
        """The last one that began at or before a time, in milliseconds. RepositoryProblem."""
        found = [root for root in self.roots if root.started <= time]
        if not found:
            raise RepositoryProblem("no backup is that old; imagestore backup list shows them")
        return max(found, key=lambda root: root.started)


def backups(repository: Repository) -> Backups:
    """Read all roots. Those of a run that was declared dead, and those that the key does not prove, do not count."""
    listed = list(repository.files.ever(BACKUPS))
    forgotten = frozenset[str]().union(*(lost.forgotten for lost in condemned(repository)))
    ended = {
        f.name.removeprefix(RUNS).removesuffix(ENDED)
        for f in repository.files.ever(RUNS)
        if f.name.endswith(ENDED) and _is_proven(repository, f.name)
    }
    roots, rejected = [], {}
    for file in listed:
        if file.name.removeprefix(BACKUPS) in forgotten:
            continue
        try:
            root = _root(repository, file.name)
        except DamagedFile as damaged:
            rejected[file.name] = str(damaged)
            continue
        if root.run in ended:
            rejected[file.name] = f"{file.name}: its run was declared dead before it was written"
        else:
            roots.append(root)
    return Backups(tuple(sorted(roots, key=lambda r: (r.due, r.started, r.sequence, r.name))), rejected)


def _root(repository: Repository, name: str) -> BackupRoot:
    content = document(repository, name)
    try:
        return root_of(content)
    except (KeyError, TypeError, ValueError):
        raise DamagedFile(name, "lacks a field") from None


def _is_proven(repository: Repository, name: str) -> bool:
    try:
        document(repository, name)
    except DamagedFile:
        return False
    return True


def rows_of_leaf(repository: Repository, leaf: str) -> Iterator[BackupRow]:
    """The rows of a leaf. DamagedFile, before the first one."""
    vault = repository.vault
    return repository.files.genuine(leaf_file(leaf), lambda data: leaf_rows(vault, leaf, data))


def lines_of_leaf(repository: Repository, leaf: str) -> Iterator[bytes]:
    """The lines of a report. DamagedFile, before the first one."""
    vault = repository.vault
    return repository.files.genuine(leaf_file(leaf), lambda data: leaf_lines(vault, leaf, data))


def rows_of(repository: Repository, root: BackupRoot) -> Iterator[BackupRow]:
    """All rows of a backup, by their keys' bytes. DamagedFile."""
    for ref in root.leaves:
        yield from rows_of_leaf(repository, ref.name)


@dataclass
class MovedEntries:
    """Where repacking and healing put entries. Lists the names at once, and reads a document when its container is met."""

    repository: Repository
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
            content = document(self.repository, name)
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


def write_root(repository: Repository, root: BackupRoot) -> None:
    """Write a root and read it back. RepositoryProblem: it is not what was written."""
    name = backup_file(root.name)
    repository.files.write_once(name, document_bytes(repository, name, root_fields(root)))
    if root_of(document(repository, name)) != root:
        raise RepositoryProblem(f"{name} is not read back as it was written")
