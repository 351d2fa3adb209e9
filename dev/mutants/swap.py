"""Give functions that are imported already the code of a changed module."""

import ast
import functools
import gc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType

from dev.mutants.loading import PACKAGE

Key = tuple[str, int]  # its qualified name and first line


def swappable(path: Path, source: str, tree: ast.Module) -> bool:
    """Whether the functions that change can be told apart from all others of the file."""
    codes = list(_codes(compile(source, str(path), "exec")))
    found = Counter(map(_key, codes))
    others = _codes(compile(tree, str(path), "exec"))
    return all(found[_key(code)] == 1 for code, other in zip(codes, others, strict=True) if code != other)


def caches() -> "list[functools._lru_cache_wrapper[object]]":
    """What the package caches of its functions' answers."""
    return [
        thing
        for thing in gc.get_objects()
        if isinstance(thing, functools._lru_cache_wrapper) and thing.__module__.startswith(PACKAGE)
    ]


class Imported:
    """The functions of the package that are there now, found once: to look through everything takes a second."""

    def __init__(self) -> None:
        self._functions: dict[str, list[FunctionType]] = {}
        self._caches = caches()
        for thing in gc.get_objects():
            if isinstance(thing, FunctionType):
                self._functions.setdefault(thing.__code__.co_filename, []).append(thing)
        gc.freeze()  # a fork that collects garbage would copy all of it

    def swap(self, path: Path, tree: ast.Module) -> None:
        """Every function of the file gets the code that it has in `tree`; what the package has cached is forgotten."""
        changed = {_key(code): code for code in _codes(compile(tree, str(path), "exec"))}
        for function in self._functions.get(str(path), ()):
            if (code := changed[_key(function.__code__)]) != function.__code__:
                function.__code__ = code
        for cache in self._caches:
            cache.cache_clear()


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _key(code: CodeType) -> Key:
    return code.co_qualname, code.co_firstlineno
