"""What a test needs: programs of the cache, processes; decided from its code and its fixtures' code."""

import functools
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType

import pytest

from dev import programs
from dev.node import images, packages
from dev.process import Server
from dev.prometheus import prometheus_programs
from dev.stores.ceph import ceph_programs
from dev.testing.mentions import choice, mentions, reached

# Functions that fetch or build one thing each.
_MAKERS: Mapping[object, str] = {
    programs.kubectl: "kubectl",
    programs.weed: "weed",
    ceph_programs: "ceph",
    prometheus_programs: "prometheus",
    images.store: "node",
    images.pause_archive: "node",
    packages.packages: "node",
}
_GO = frozenset(programs.GO_PROGRAMS | programs.NODE_PROGRAMS)


@dataclass(frozen=True)
class Needs:
    """The programs by the names that dev.programs.prepare knows, and whether any process is started."""

    programs: frozenset[str]
    processes: bool

    @property
    def nothing(self) -> bool:
        """Whether it runs by itself: a unit test."""
        return not self.programs and not self.processes


def needs(item: pytest.Function) -> Needs:
    """What this test needs, by the functions that it and its fixtures reach."""
    known = item._fixtureinfo.name2fixturedefs
    starts = (item.function, *_functions(known))
    chosen = _choices(reached(starts)) & set(_parameters(item))
    asked = _asked_by_name(reached(starts, chosen), set(_parameters(item)))
    more = _functions(_definitions(item, asked - set(known))) if asked else ()
    return _needs((*starts, *more), chosen, unknown=bool(asked))


@functools.cache
def _needs(starts: tuple[object, ...], chosen: frozenset[str], *, unknown: bool) -> Needs:
    met = reached(starts, chosen)
    started = any(thing is Server or thing is subprocess for thing in met)
    return Needs(frozenset(_programs(met)), started or unknown)


def _parameters(item: pytest.Function) -> Iterator[str]:
    call = getattr(item, "callspec", None)
    return (value for value in (call.params.values() if call else ()) if isinstance(value, str))


def _choices(met: Iterable[object]) -> frozenset[str]:
    """The keys of every mapping met: a parameter that is one of them chooses."""
    return frozenset(
        key for thing in met if isinstance(thing, Mapping) for key in thing if isinstance(key, str)
    )


Definitions = Mapping[str, Iterable[pytest.FixtureDef[object]]]


def _functions(definitions: Definitions) -> Iterator[object]:
    return (definition.func for named in definitions.values() for definition in named)


def _definitions(item: pytest.Function, names: set[str]) -> Definitions:
    """The fixtures of these names and those that they request."""
    manager = item.session._fixturemanager
    _, found = manager.getfixtureclosure(item, tuple(names), frozenset())
    return found


def _asked_by_name(met: Iterable[object], parameters: set[str]) -> set[str]:
    """What `getfixturevalue` may be called with, put together or not; empty where nothing calls it."""
    asked: set[str] = set()
    for function in met:
        if isinstance(function, FunctionType) and "getfixturevalue" in mentions(function).attributes:
            own = mentions(function)
            values = [
                v for m in own.objects if isinstance(m, Mapping) for v in choice(m, frozenset(parameters))
            ]
            asked |= {value for value in values if isinstance(value, str)}
            asked |= {first + last for first in {"", *parameters} for last in {"", *own.texts}}
    return asked


def _programs(met: Iterable[object]) -> Iterator[str]:
    for function in met:
        if isinstance(function, FunctionType):
            yield from _maker(function)


@functools.cache
def _maker(function: FunctionType) -> frozenset[str]:
    """What this function makes itself, or asks `program` for by name."""
    own = mentions(function)
    made = {_MAKERS[function]} if function in _MAKERS else set()
    return frozenset(made | (_GO & own.texts if programs.program in own.objects else set()))
