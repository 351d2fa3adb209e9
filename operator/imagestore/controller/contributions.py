"""What objects give to others of their namespace, out of what is remembered: LifecyclePolicies' rules to buckets, say."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from imagestore.controller.state.cache import Cache
from imagestore.controller.state.objects import Key, Stored
from imagestore.reconcile.shared.contribution import Contribution, digest_with

_MOST = 5000  # receivers of a namespace of which it is kept
_SPACES = 1000  # namespaces of which it is kept: those of previews come and go
_Receiver = tuple[str, tuple[tuple[str, str], ...]]  # its name and its labels


@dataclass(frozen=True)
class Contributes:
    """What a kind gives to objects of another kind in the same namespace.

    ``includes``: whether the first object is for the second, by name and labels alone. ``given``: what the first gives to the
    second, by its spec and by ``beside``, a part of its status. ``unknown``: what stands for that of a kind that could not be
    listed, on a receiver: what is in force of it stays. ``foretold``: for a preview, the status that an object is about to
    have, with the receivers of its namespace by name as its kind sees them. ``outlives``: also while the kind's CRD is missing, as during a
    restore of the cluster.
    """

    to: str
    includes: Callable[[Stored[Any], Stored[Any]], bool]
    given: Callable[[Stored[Any], Stored[Any]], Iterable[Contribution]]
    unknown: Callable[[Stored[Any]], Iterable[Contribution]]
    beside: Callable[[Stored[Any]], object] = lambda _: None
    outlives: bool = False
    foretold: Callable[[Stored[Any], Callable[[str], Any]], object] = lambda *_: {}


@dataclass(frozen=True)
class _Found:
    """What one receiver is given, and what the hash of that is together with that of its other inputs."""

    given: tuple[Contribution, ...]
    inputs: dict[str, str] = field(default_factory=dict)


class Contributions:
    """Asked in the event loop. ``contributors``: by kind."""

    def __init__(self, cache: Cache, contributors: Mapping[str, Contributes]) -> None:
        self._cache, self._contributors = cache, contributors
        self._found: dict[tuple[str, str], tuple[tuple[int, ...], dict[_Receiver, _Found]]] = {}

    def of(self, receiver: Stored) -> tuple[Contribution, ...]:
        """What is given to it, in the order of the givers' kinds and names."""
        return self._of(receiver).given

    def inputs(self, receiver: Stored, told: str) -> str:
        """The hash of all inputs besides its own spec. ``told``: the hash of those that are no contributions."""
        found = self._of(receiver)
        if told not in found.inputs:
            found.inputs[told] = digest_with(told, found.given)
        return found.inputs[told]

    def receives(self, kind: str) -> bool:
        """Whether anything is given to objects of this kind."""
        return any(c.to == kind for c in self._contributors.values())

    def gives(self, kind: str) -> bool:
        """Whether objects of this kind give anything."""
        return kind in self._contributors

    def differ(self, before: Stored, after: Stored) -> bool:
        """Whether two versions of an object may give something else."""
        contributes = self._contributors.get(after.key.kind)
        if contributes is None:
            return False
        beside = contributes.beside(before) != contributes.beside(after)
        return beside or (before.spec, before.deleting) != (after.spec, after.deleting)

    def receivers(self, *givers: Stored | None) -> set[Key]:
        """The objects to which any of these givers, there or gone, contributes."""
        return {r.key for g in givers if g is not None for r in self.matched(g)}

    def matched(self, giver: Stored) -> list[Stored]:
        """The objects to which this giver, there or gone, contributes."""
        contributes = self._contributors[giver.key.kind]
        there = self._cache.found(self._cache.inside(contributes.to, giver.key.namespace))
        return [obj for obj in there if contributes.includes(giver, obj)]

    def givers(self, *receivers: Stored | None) -> set[Key]:
        """The objects that contribute to any of these receivers."""
        return {g.key for r in receivers if r is not None for g in self._matching(r)}

    def _of(self, receiver: Stored) -> _Found:
        """Kept until a giver's spec changes: a policy asks this about all its buckets, each time."""
        kind, namespace = receiver.key.kind, receiver.key.namespace
        kinds = self._kinds(kind)
        if any(map(self._is_unknown, kinds)):
            return self._look(receiver)
        editions = tuple(self._cache.edition(name, namespace) for name in kinds)
        if not any(editions):
            return _Found(())
        if self._found.get((kind, namespace), ((),))[0] != editions:
            if len(self._found) >= _SPACES:
                self._found.clear()
            self._found[kind, namespace] = editions, {}
        known = self._found[kind, namespace][1]
        if len(known) > _MOST:  # receivers that come and go
            known.clear()
        which = receiver.key.name, receiver.labels
        if which not in known:
            known[which] = self._look(receiver)
        return known[which]

    def _look(self, receiver: Stored) -> _Found:
        return _Found(
            tuple(d for name in self._kinds(receiver.key.kind) for d in self._given(name, receiver))
        )

    def _given(self, kind: str, receiver: Stored) -> Iterator[Contribution]:
        contributes = self._contributors[kind]
        if self._is_unknown(kind):
            yield from contributes.unknown(receiver)
            return
        for giver in self._givers(kind, receiver):
            if not giver.deleting:
                yield from contributes.given(giver, receiver)

    def _is_unknown(self, kind: str) -> bool:
        kept = self._contributors[kind].outlives and kind in self._cache.absent
        return kept or kind in self._cache.unknown

    def _givers(self, kind: str, receiver: Stored) -> Iterator[Stored]:
        """By name, also those that are being deleted."""
        there = self._cache.found(sorted(self._cache.inside(kind, receiver.key.namespace)))
        return (giver for giver in there if self._contributors[kind].includes(giver, receiver))

    def _matching(self, receiver: Stored) -> Iterator[Stored]:
        return (g for kind in self._kinds(receiver.key.kind) for g in self._givers(kind, receiver))

    def _kinds(self, receiver: str) -> list[str]:
        return [kind for kind, contributes in self._contributors.items() if contributes.to == receiver]
