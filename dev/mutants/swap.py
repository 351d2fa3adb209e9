"""Give functions that are imported already the code of a changed module."""

import ast
import functools
import gc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType

Key = tuple[str, int]  # its qualified name and first line


def swappable(path: Path, source: str, tree: ast.Module) -> bool:
    """Whether the functions that change can be told apart from all others of the file."""
    codes = list(_codes(compile(source, str(path), "exec")))
    found = Counter(map(_key, codes))
    others = _codes(compile(tree, str(path), "exec"))
    return all(found[_key(code)] == 1 for code, other in zip(codes, others, strict=True) if code != other)


def swap(path: Path, tree: ast.Module) -> None:
    """Every function of the file gets the code that it has in `tree`; what the package's functions cached is forgotten."""
    changed = {_key(code): code for code in _codes(compile(tree, str(path), "exec"))}
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename == str(path):
            if (code := changed[_key(thing.__code__)]) != thing.__code__:
                thing.__code__ = code
        elif isinstance(thing, functools._lru_cache_wrapper) and thing.__module__.startswith("imagestore."):
            thing.cache_clear()


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _key(code: CodeType) -> Key:
    return code.co_qualname, code.co_firstlineno
