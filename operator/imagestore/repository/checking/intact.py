"""What did not come back in a drill, read once more from the repository alone: is the backup damaged, or did the scratch store fail?"""

from collections import deque
from collections.abc import Iterable, Iterator

from imagestore.repository.errors import DamagedFile
from imagestore.repository.format.names import LARGE_BYTES
from imagestore.repository.format.rows import BackupRow
from imagestore.repository.restoring.contents import ContentReader
from imagestore.repository.store.opening import Repository


def intact(repository: Repository, rows: Iterable[BackupRow]) -> Iterator[str]:
    """The keys of those that the repository has whole. StoreError: it cannot be read, which says nothing about them."""
    reader = ContentReader(repository)
    for row in rows:
        try:
            _read(reader, row)
        except DamagedFile:
            continue
        yield row.key


def _read(reader: ContentReader, row: BackupRow) -> None:
    if row.size <= LARGE_BYTES:
        reader.content(row)
    else:
        reader.blob(row, lambda blocks: deque(blocks, maxlen=0))
