"""A repository that lies in the bucket that is backed up is no content of it."""

from dataclasses import dataclass

import pytest

from imagestore.backends.memory_content import MemoryContent, MemoryObjectServer
from imagestore.backends.memory_objects import MemoryObjectStore
from imagestore.controller.backing_up import backup_result
from imagestore.core.errors import Unavailable
from imagestore.core.objects import ObjectAttributes
from imagestore.repository.errors import SourceUnlisted
from imagestore.repository.format.names import is_repository_file
from imagestore.repository.format.roots import BackupRoot, SourceName
from imagestore.repository.making.backup import back_up
from imagestore.repository.making.deciding import BackupOptions
from imagestore.repository.making.nested import places_of
from imagestore.repository.store.creating import create_repository
from imagestore.repository.store.files import RepositoryFiles
from imagestore.repository.store.opening import open_repository
from imagestore.repository.store.view import rows_of
from imagestore.transfer.job import TransferEnd
from tests.repository.world import SECRET, StoreClock, World


@dataclass
class Circle:
    """Each bucket is backed up into the next one, below a prefix."""

    buckets: tuple[str, ...]
    prefix: str = "backups/"

    def __post_init__(self) -> None:
        held = {name: MemoryContent() for name in self.buckets}
        self.server = MemoryObjectServer(held, clock=StoreClock())
        self.store = MemoryObjectStore(self.server, "eu")
        self.random = World().random
        for name in self.buckets:
            for n in range(5):
                self.put(name, f"images/{n}")
            files = self._files(name)
            create_repository(files, SourceName("eu", name), {"secret": SECRET}, self.random, sealed=True)

    def put(self, bucket: str, key: str) -> None:
        self.server.put(bucket, key, self.random(1000), ObjectAttributes())

    def _files(self, source: str) -> RepositoryFiles:
        into = self.buckets[(self.buckets.index(source) + 1) % len(self.buckets)]
        return RepositoryFiles(self.store, into, self.prefix)

    def back_up(self, source: str) -> BackupRoot:
        repository = open_repository(self._files(source), SECRET, self.random)
        return back_up(repository, TransferEnd(self.store, source), BackupOptions())

    def keys(self, source: str, root: BackupRoot) -> set[str]:
        repository = open_repository(self._files(source), SECRET, self.random)
        assert backup_result(repository, root).skipped == {"Repository": 1}
        return {row.key for row in rows_of(repository, root)}


IMAGES = {f"images/{n}" for n in range(5)}


@pytest.mark.parametrize("buckets", [("a", "b"), ("a", "b", "c")])
@pytest.mark.parametrize("prefix", ["backups/", ""])
def test_buckets_that_are_backed_up_into_each_other_do_not_grow(
    buckets: tuple[str, ...], prefix: str
) -> None:
    """Each night took the packs of the other one's night before, and the two doubled for ever."""
    circle = Circle(buckets, prefix)
    for _ in range(3):
        for name in buckets:
            root = circle.back_up(name)
            assert circle.keys(name, root) == IMAGES
    circle.put("a", "images/new")
    assert circle.keys("a", circle.back_up("a")) == IMAGES | {"images/new"}


def test_what_only_looks_like_a_repository_is_content() -> None:
    """Only a format.json that says so makes one; and files of other names below a repository are content, too."""
    circle = Circle(("a", "b"))
    digest = "0a" * 16
    plain = {
        f"scans/packs/0a/{digest}",
        "scans/format.json",
        f"runs/{digest}",
        "keys/one",
        "backups/own.jpg",
        "backups/keys.txt",
    }
    for key in plain:
        circle.put("a", key)
    found = circle.keys("a", circle.back_up("a"))
    assert found == IMAGES | plain


def test_a_source_that_does_not_answer_is_no_proof_of_content() -> None:
    circle = Circle(("a", "b"))
    circle.back_up("b")

    def fault(operation: str, bucket: str, key: str) -> None:
        if (operation, bucket, key) == ("Get", "a", "backups/format.json"):
            raise Unavailable("down", code="SlowDown")

    circle.server.fault = fault
    with pytest.raises(SourceUnlisted, match="down"):
        circle.back_up("a")


def test_each_file_of_a_repository_tells_where_that_would_be() -> None:
    world = World()
    world.put("a", b"a")
    world.put("large", bytes(9 * 1024**2))
    world.back_up()
    names = sorted(world.stored())
    assert all(map(is_repository_file, names))
    for place in ("", "shop/", "a//b/"):
        assert all(place in places_of(f"{place}{name}") for name in names)
    assert [*places_of("images/1.png"), *places_of(""), *places_of("/"), *places_of("packs/0a")] == []
