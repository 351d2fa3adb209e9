"""What a function refers to, followed through the functions and classes of dev/ and tests/.

It is read from the compiled code, nothing is run: globals of the function's module, and attributes of our modules. Too
much may be found (a method of another class that has the same name), too little where a name is put together.
"""

import dis
import functools
import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType

_OURS = ("dev", "tests")
_LOAD_GLOBAL = dis.opmap["LOAD_GLOBAL"]


@dataclass(frozen=True)
class Mentions:
    """One function's own: those of its globals that are followed, the attributes that it asks for, and its strings."""

    objects: tuple[object, ...]
    attributes: frozenset[str]
    texts: frozenset[str]


@functools.cache
def mentions(function: FunctionType) -> Mentions:
    """What the code of `function` and of the functions inside it refers to."""
    codes = tuple(_codes(function.__code__))
    texts = frozenset(text for code in codes for text in code.co_consts if isinstance(text, str))
    loaded = {name for code in codes for name in loaded_globals(code)}
    attributes = frozenset(name for code in codes for name in code.co_names) - loaded
    known = [function.__globals__[name] for name in loaded if name in function.__globals__]
    modules = [vars(value) for value in known if isinstance(value, ModuleType) and _is_ours(value.__name__)]
    inside = [module[name] for module in modules for name in attributes if name in module]
    return Mentions(tuple(filter(None, map(_followed, (*known, *inside)))), attributes, texts)


@functools.cache
def reached(starts: tuple[object, ...], chosen: frozenset[str] = frozenset()) -> tuple[object, ...]:
    """Everything that `starts` refer to, themselves included, each once.

    Of a mapping only the values are followed whose keys are in `chosen`, all of them where none is; of a class only
    the methods whose names are used somewhere.
    """
    search = _Search(chosen)
    search.follow(starts)
    while methods := search.called_methods():
        search.follow(methods)
    return tuple(search.found.values())


def choice(options: Mapping[object, object], chosen: frozenset[str]) -> list[object]:
    """The values under the chosen keys; every value when no key is chosen."""
    return [value for key, value in options.items() if key in chosen] or list(options.values())


class _Search:
    """What was found so far."""

    def __init__(self, chosen: frozenset[str]) -> None:
        self.found: dict[int, object] = {}
        self._chosen = chosen
        self._names: set[str] = set()
        self._classes: list[type] = []

    def follow(self, starts: Iterable[object]) -> None:
        """Find what these refer to, methods of classes apart."""
        waiting = [followed for start in starts if (followed := _followed(start))]
        while waiting:
            met = waiting.pop()
            if id(met) not in self.found:
                self.found[id(met)] = met
                waiting += self._next(met)

    def _next(self, met: object) -> Iterable[object]:
        if isinstance(met, FunctionType):
            own = mentions(met)
            self._names |= own.attributes
            return own.objects
        if isinstance(met, type):
            self._classes.append(met)
        values = choice(met, self._chosen) if isinstance(met, Mapping) else ()
        return filter(None, map(_followed, values))

    def called_methods(self) -> list[FunctionType]:
        """Methods of the classes met that are called by a name met, or by Python itself, and are not followed yet."""
        methods = (pair for met in self._classes for pair in _methods(met))
        return [
            m for name, m in methods if id(m) not in self.found and (name in self._names or name[:2] == "__")
        ]


def loaded_globals(code: CodeType) -> Iterator[str]:
    """The names of its LOAD_GLOBALs. ``dis`` says the same, and took half of the time of a collection."""
    above = 0
    for operation, byte in zip(code.co_code[::2], code.co_code[1::2], strict=True):
        argument = above | byte
        above = argument << 8 if operation == dis.EXTENDED_ARG else 0
        if operation == _LOAD_GLOBAL:
            yield code.co_names[
                argument >> 1
            ]  # https://docs.python.org/3/library/dis.html#opcode-LOAD_GLOBAL


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


@functools.cache
def _methods(met: type) -> tuple[tuple[str, FunctionType], ...]:
    """A class's methods by their names, with those that it inherits from classes of ours."""
    bases = (base for base in met.__mro__ if _is_ours(base.__module__))
    members = ((name, _function(member)) for base in bases for name, member in vars(base).items())
    return tuple((name, method) for name, method in members if method)


def _followed(met: object) -> object | None:
    """What is followed or asked for: functions and classes of ours, mappings, modules. None for all else."""
    if isinstance(met, type):
        return met if _is_ours(met.__module__) else None
    return met if isinstance(met, Mapping | ModuleType) else _function(met)


def _function(met: object) -> FunctionType | None:
    """What is behind properties, partial functions and decorators that keep what they wrap; None for what is not ours."""
    for inner in ("fget", "func", "__func__"):
        met = getattr(met, inner, met) if not isinstance(met, type | ModuleType) else met
    met = inspect.unwrap(met) if callable(met) else met
    return met if isinstance(met, FunctionType) and _is_ours(met.__module__) else None


def _is_ours(module: str | None) -> bool:
    return (module or "").partition(".")[0] in _OURS
