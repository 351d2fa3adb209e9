"""The keys whose tags are read: a listing does not have tags, and reading those of an object costs one call.

The sample consists of the keys with the smallest hashes, so every order and every interruption give the same keys.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from imagestore.core.stored import StoredVersion

Group = tuple[StoredVersion, ...]


@dataclass
class KeySample:
    """``most``: keys that are kept. ``seen``: keys that were offered."""

    most: int
    seen: int = 0
    _kept: list[tuple[int, Group]] = field(default_factory=list)

    def offer(self, group: Sequence[StoredVersion]) -> None:
        """Offer a key. It is kept if its hash is among the smallest."""
        self.seen += 1
        entry = (-_hash(group[0].key), tuple(group))
        if len(self._kept) < self.most:
            heapq.heappush(self._kept, entry)
        elif self._kept and entry[0] > self._kept[0][0]:
            heapq.heapreplace(self._kept, entry)

    @property
    def groups(self) -> list[Group]:
        """What was kept, by key."""
        return sorted((g for _, g in self._kept), key=lambda g: g[0].key)

    def to_json(self) -> Any:
        """For a checkpoint."""
        return {"seen": self.seen, "groups": self.groups}

    @classmethod
    def from_json(cls, most: int, said: Any) -> "KeySample":
        """What ``to_json`` wrote."""
        sample = cls(most)
        for group in said["groups"]:
            sample.offer([StoredVersion(*item) for item in group])
        sample.seen = said["seen"]
        return sample


def _hash(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(errors="surrogatepass")).digest())
