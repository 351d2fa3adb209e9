"""Import modules of the package from a changed syntax tree instead of their files."""

import ast
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

PACKAGE = "imagestore"


class Changed(MetaPathFinder):
    """Put in front of Python's own finders: these files are compiled from their trees."""

    def __init__(self, trees: Mapping[Path, ast.Module], names: Mapping[str, object] | None = None) -> None:
        self._trees = trees
        self._names = dict(names or {})

    def install(self) -> None:
        """From here on; nothing of the package may be imported yet."""
        if any(name.partition(".")[0] == PACKAGE for name in sys.modules):
            raise RuntimeError(f"{PACKAGE} is imported already")
        sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Python's own answer with a loader of ours, None for what is not changed."""
        if fullname.partition(".")[0] != PACKAGE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        tree = self._trees.get(Path(spec.origin)) if spec and spec.origin else None
        if spec is None or tree is None:
            return None
        spec.loader = _Loader(fullname, str(spec.origin), tree, self._names)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, fullname: str, path: str, tree: ast.Module, names: dict[str, object]) -> None:
        super().__init__(fullname, path)
        self._tree = tree
        self._names = names

    def get_code(self, fullname: str) -> CodeType:
        """Never from the cache of compiled files."""
        return compile(self._tree, self.path, "exec")

    def exec_module(self, module: ModuleType) -> None:
        """With the names that the changed code uses."""
        vars(module).update(self._names)
        super().exec_module(module)
