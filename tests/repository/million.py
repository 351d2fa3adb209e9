"""One command on a repository of many objects, in a process of its own: ``python -m tests.repository.million COUNT FOLDER ACTION``.

Prints what was done, the seconds, and the peak of the memory in MB.
"""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from dev.memory import peak
from imagestore.backends.memory_content import MemoryContent, MemoryObjectServer
from imagestore.repository.checking.drill import DrillOptions, drill
from imagestore.repository.checking.verify import VerifyLevel, VerifyOptions, verify
from imagestore.repository.format.roots import SourceName
from imagestore.repository.making.backup import back_up
from imagestore.repository.making.deciding import BackupOptions
from imagestore.repository.making.sources import listed_in_order
from imagestore.repository.removing.options import PruneOptions
from imagestore.repository.removing.prune import prune
from imagestore.repository.removing.retention import Forgetting, RetentionRules
from imagestore.repository.restoring.options import RestoreOptions
from imagestore.repository.restoring.restore import restore
from imagestore.repository.store.creating import create_repository
from imagestore.repository.store.files import RepositoryFiles
from imagestore.repository.store.opening import Repository, open_repository
from imagestore.repository.store.view import backups
from imagestore.transfer.job import TransferEnd
from tests.repository.on_disk import DiskObjects, EchoObjects, MadeObjects
from tests.repository.world import SECRET


def main(count: int, folder: Path, action: str) -> None:
    server = MemoryObjectServer({"photos": MemoryContent(), "restored": MemoryContent()})
    source = MadeObjects(server, "eu")
    MadeObjects.count = count
    (folder / "files").mkdir(exist_ok=True)
    files = RepositoryFiles(DiskObjects(server, "us", folder=folder / "files"), "backup")
    if action == "create":
        create_repository(files, SourceName("eu", "photos"), {"secret": SECRET}, os.urandom, sealed=True)
    repository = open_repository(files, SECRET, os.urandom)
    before = peak()
    began = time.monotonic()
    told: object = None
    if action in ("create", "again"):
        told = back_up(repository, TransferEnd(source, "photos"), BackupOptions(reread=0)).counts
    elif action == "list":
        told = sum(1 for _ in listed_in_order(TransferEnd(source, "photos")))
    elif action == "prune":
        told = prune(repository, PruneOptions(Forgetting(RetentionRules(last=1)))).needed
    elif action == "verify":
        told = verify(repository, backups(repository).roots, VerifyOptions(VerifyLevel.FULL))
    else:
        EchoObjects.written = bytearray(count)
        target = TransferEnd(EchoObjects(server, "eu2"), "restored", "scratch/")
        told = _brought_back(repository, target, action)
    seconds = time.monotonic() - began
    print(f"{action}: {told}\n{seconds:.1f} s, {before:.0f} MB before, {peak():.0f} MB at the peak")


def _brought_back(repository: Repository, target: TransferEnd, action: str) -> object:
    root = backups(repository).roots[-1]
    if action == "restore":
        return restore(repository, root, replace(target, prefix=""), RestoreOptions())
    return drill(repository, root, target, DrillOptions(sample=0))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
