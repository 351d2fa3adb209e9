"""``python -m tests.transfer.memory KEYS [sorted]``: a run over generated listings; prints its peak memory, seconds and counts.

``sorted``: the source lists in the order of directories, so that it is sorted on disk.
"""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from dev.memory import peak
from imagestore.backends.memory_content import CAPABLE, MemoryContent, MemoryObjectServer
from imagestore.backends.memory_objects import MemoryObjectStore
from imagestore.core.keys import RESERVED_PREFIX
from imagestore.core.objects import KeyOrder, ListedObject, ObjectsPage
from imagestore.transfer.job import TransferEnd, TransferHooks, TransferJob
from imagestore.transfer.run import transfer

FOLDER = 1000  # keys


@dataclass(frozen=True)
class Generated(MemoryObjectStore):
    """Lists so many keys that nothing holds; the journal is in memory as in a store."""

    count: int = 0

    def key(self, number: int) -> str:
        """In the order of the store's listing: ``d/…`` comes before ``d-…`` in that of directories only."""
        folder, place = divmod(number, FOLDER)
        halves = ("/", "-") if self.traits.order is KeyOrder.DIRECTORY else ("-", "/")
        return f"photos/{folder:06}{halves[place >= FOLDER // 2]}{place % (FOLDER // 2):04}.jpg"

    def objects(
        self, bucket: str, after: Mapping[str, str], *, prefix: str = "", limit: int = 1000
    ) -> ObjectsPage:
        begin = int(after.get("number", 0))
        end = min(begin + limit, self.count)
        items = tuple(
            ListedObject(self.key(i), 16384, f"{hash(self.key(i)) & 0xFFFF:032x}", 1)
            for i in range(begin, end)
        )
        return ObjectsPage(items, {"number": str(end)} if end < self.count else None)


def main(count: int, *, by_directory: bool) -> dict[str, float]:
    """The first and the second run."""
    order = KeyOrder.DIRECTORY if by_directory else KeyOrder.BYTES
    near = MemoryObjectServer({"b": MemoryContent()}, replace(CAPABLE, order=order))
    far = MemoryObjectServer({"b": MemoryContent()})
    source, destination = Generated(near, "near", "near", count), Generated(far, "far", "far", count)
    job = TransferJob("job", TransferEnd(source, "b"), TransferEnd(destination, "b"))
    seconds = []
    for number in range(2):
        began = time.perf_counter()
        report = transfer(job, TransferHooks(f"run{number}"))
        seconds.append(time.perf_counter() - began)
        assert (report.complete, report.equal) == (True, count), report
    began = time.perf_counter()
    for store in (source, destination):
        after: Mapping[str, str] | None = {}
        while after is not None:
            after = store.objects("b", after).after
    journal = sum(len(v[-1].data) for k, v in far.buckets["b"].keys.items() if k.startswith(RESERVED_PREFIX))
    return {
        "keys": count,
        "first": seconds[0],
        "second": seconds[1],
        "listing": time.perf_counter() - began,
        "journal": journal / count,
        "megabytes": peak(),
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), by_directory="sorted" in sys.argv)))
