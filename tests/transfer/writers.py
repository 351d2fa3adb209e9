"""Writers of one side, in threads, while runs go on."""

import hashlib
import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import SystemRandom

from imagestore.core.objects import ObjectAttributes, ObjectUpload
from tests.transfer.stores import Side

MEBI = 1024**2
SECONDS = 2.0


@dataclass
class Writers:
    """Write, overwrite and delete keys of one side, and remember the hash of each body."""

    side: Side
    written: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def working(self, threads: int) -> Iterator[None]:
        """So many of them, for as long as this lasts."""
        started = [threading.Thread(target=self.work, args=(n,)) for n in range(threads)]
        for thread in started:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in started:
                thread.join()

    def work(self, number: int) -> None:
        random = SystemRandom()
        while not self.stop.is_set():
            key = f"w{number}/{random.randrange(5)}"
            if random.random() < 0.2:
                self.side.remove(key)
                continue
            # One byte all over: a mixture of two versions has two.
            data = os.urandom(1) * (9 * MEBI if random.random() < 0.2 else 1000)
            self.written[key].add(hashlib.sha256(data).hexdigest())
            if len(data) < MEBI:
                self.side.put(key, data)
            else:
                self._in_parts(key, data)

    def _in_parts(self, key: str, data: bytes) -> None:
        objects, bucket = self.side.objects, self.side.bucket
        upload = objects.begin(bucket, key, ObjectAttributes())
        blocks = (data[: 5 * MEBI], data[5 * MEBI :])
        parts = [
            objects.write_part(bucket, key, upload, n, ObjectUpload(b, len(b)))
            for n, b in enumerate(blocks, 1)
        ]
        objects.complete(bucket, key, upload, parts)


def hashes(side: Side) -> dict[str, str]:
    """The hash of each object, read back."""
    return {key: hashlib.sha256(data).hexdigest() for key, data in side.held().items()}
