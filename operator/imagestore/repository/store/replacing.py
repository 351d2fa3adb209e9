"""Documents of which a later one says all that earlier ones said: a reader needs few, however long the repository lives."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.documents import Document, opened_document
from imagestore.repository.store.opening import Repository


class StandingDocument(NamedTuple):
    """A document that no other replaces. ``since``: when it was written, by the store's clock, milliseconds."""

    name: str
    since: int
    content: Document


def proven_document(repository: Repository, name: str) -> Document:
    """A document that the key proves. DamagedFile."""
    return repository.files.genuine(name, lambda data: opened_document(repository.vault, name, data))


def standing(
    repository: Repository, below: str, read: Callable[[Repository, str], Document] = proven_document
) -> list[StandingDocument]:
    """The documents that count, the oldest first. One that the key does not prove does not count, and replaces none."""
    found: list[StandingDocument] = []
    replaced: set[str] = set()
    for file in sorted(repository.files.ever(below), key=lambda f: f.modified, reverse=True):
        if file.name in replaced:
            continue
        try:
            content = read(repository, file.name)
        except DamagedFile:
            continue
        replaced.update(content.get("replaces", ()))
        found.append(StandingDocument(file.name, file.modified, content))
    return [one for one in reversed(found) if one.name not in replaced]


def replaced_by(repository: Repository, below: str, merged: Iterable[StandingDocument]) -> list[str]:
    """What a document has to name that says all that these say: them, and what they replaced and is still listed."""
    names: set[str] = set()
    for one in merged:
        names |= {one.name, *one.content.get("replaces", ())}
    return sorted(names & {file.name for file in repository.files.ever(below)})


def superseded(repository: Repository, below: str) -> list[str]:
    """The documents that are there and count no more."""
    replaced = {name for one in standing(repository, below) for name in one.content.get("replaces", ())}
    return [file.name for file in repository.files.current(below) if file.name in replaced]
