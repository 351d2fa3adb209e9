"""Who points at this? One inverted index over the edges of all objects, each list of them by age."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from imagestore.controller.state.objects import Key, Stored

Age = tuple[datetime, str]
Rank = tuple[datetime, str, Key]


class Edge(NamedTuple):
    """What an object points at, and how. The target need not be there, nor be one of our kinds: a Secret, a namespace, a
    bucket in a store.
    """

    relation: str
    target: Key


class Index:
    """By edge, the objects that have it, oldest first. One list an edge, and one rank an object in all its lists."""

    def __init__(self) -> None:
        self._ranks: dict[Edge, list[Rank]] = {}

    def __len__(self) -> int:
        """How many edges there are."""
        return len(self._ranks)

    def add(self, obj: Stored, edges: Iterable[Edge]) -> None:
        """The object has these edges."""
        rank = (*obj.age, obj.key)
        for edge in edges:
            insort(self._ranks.setdefault(edge, []), rank)

    def drop(self, obj: Stored, edges: Iterable[Edge]) -> None:
        """It has them no more."""
        rank = (*obj.age, obj.key)
        for edge in edges:
            ranks = self._ranks[edge]
            position = bisect_left(ranks, rank)
            if position < len(ranks) and ranks[position] == rank:
                del ranks[position]
            if not ranks:
                del self._ranks[edge]

    def all(self, edge: Edge) -> tuple[Key, ...]:
        """Every object with this edge."""
        return tuple(rank[2] for rank in self._ranks.get(edge, ()))

    def count(self, edge: Edge) -> int:
        """How many objects have this edge."""
        return len(self._ranks.get(edge, ()))

    def older(self, edge: Edge, age: Age) -> Iterator[Key]:
        """Those that were there before this age, oldest first."""
        for rank in self._ranks.get(edge, ()):
            if rank[:2] >= age:
                return
            yield rank[2]

    def count_older(self, edge: Edge, obj: Stored) -> int:
        """How many were there before an object, which need not have the edge itself."""
        return bisect_left(self._ranks.get(edge, []), (*obj.age, obj.key))

    def younger(self, edge: Edge, obj: Stored) -> tuple[Key, ...]:
        """Those that came after an object, which need not be there any more."""
        ranks = self._ranks.get(edge, [])
        start = bisect_left(ranks, (*obj.age, obj.key))
        return tuple(r[2] for r in ranks[start:] if r[2] != obj.key)
