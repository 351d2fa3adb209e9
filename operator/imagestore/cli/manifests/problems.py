"""Lines of manifests, and the problems at them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from imagestore.core.render import printable

_Step = str | int
Steps = tuple[_Step, ...]


@dataclass(frozen=True, order=True)
class SourceLine:
    """A line of a file. ``shop.yaml:14``"""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, order=True)
class Problem:
    """One problem in one sentence: ``shop.yaml:14: spec.versioning.state: must be …``"""

    place: SourceLine
    path: str
    message: str

    def __str__(self) -> str:
        return printable(": ".join(str(p) for p in (self.place, self.path, self.message) if str(p)))


@dataclass(frozen=True)
class SourceLines:
    """The line of every value in one document, by the steps that lead to it."""

    file: str
    known: Mapping[Steps, int] = field(default_factory=dict)

    def at(self, steps: Steps) -> SourceLine:
        """The line of a value, or of the nearest value around it if it is absent."""
        while steps and steps not in self.known:
            steps = steps[:-1]
        return SourceLine(self.file, self.known.get(steps, 1))
