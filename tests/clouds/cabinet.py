"""A store that has nothing of S3: drawers in a cabinet.

One JSON document holds the settings of all drawers, is written as a whole, and only by its last ``etag``. Labels are short
and in lower case. Names have no dots and no two hyphens in a row. Rules look at a prefix and an age, and nothing else.
"""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imagestore.core.errors import Conflict, Denied, NotFound, Rejected

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LABEL = re.compile(r"[a-z0-9_-]{1,63}")
RULE = frozenset({"id", "prefix", "olderThan", "then", "paused"})


@dataclass
class Cabinet:
    """The server. ``key`` opens it; ``calls`` are all operations in order; ``failing`` is raised by the next one."""

    key: str = "brass"
    document: dict[str, dict[str, Any]] = field(default_factory=dict)  # by drawer
    etag: int = 1
    sheets: dict[str, dict[str, str]] = field(default_factory=dict)  # by drawer: name and content
    calls: list[str] = field(default_factory=list)
    failing: list[Exception] = field(default_factory=list)

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """As a client reaches it."""
        self.calls.append(operation)
        if self.failing:
            raise self.failing.pop(0)
        given = dict(parameters)
        if given.pop("key") != self.key:
            raise Denied("this key opens another cabinet", code="WrongKey", operation=operation)
        answer: dict[str, Any] = getattr(self, f"_{operation}")(**given) or {}
        return answer

    def _read(self) -> dict[str, Any]:
        return {"document": copy.deepcopy(self.document), "etag": self.etag}

    def _write(self, document: dict[str, dict[str, Any]], etag: int) -> None:
        if etag != self.etag:
            raise Conflict("the document was written meanwhile", code="Stale")
        if document.keys() != self.sheets.keys():
            raise Rejected("a drawer is made and removed by calls of its own", code="UnknownDrawer")
        for drawer in document.values():
            _valid(drawer)
        self.document, self.etag = copy.deepcopy(document), self.etag + 1

    def _make(self, drawer: str) -> None:
        if not NAME.fullmatch(drawer) or not 3 <= len(drawer) <= 40:
            raise Rejected(f"{drawer} is no name of a drawer", code="BadName")
        if drawer in self.sheets:
            raise Rejected("there is such a drawer", code="DrawerExists")
        self.sheets[drawer], self.document[drawer] = {}, {}
        self.etag += 1

    def _remove(self, drawer: str) -> None:
        self._sheets(drawer)
        del self.sheets[drawer], self.document[drawer]  # whatever is in it
        self.etag += 1

    def _put(self, drawer: str, sheet: str, content: str) -> None:
        self._sheets(drawer)[sheet] = content

    def _list(self, drawer: str) -> dict[str, Any]:
        return {"sheets": sorted(self._sheets(drawer))}

    def _shred(self, drawer: str, sheet: str) -> None:
        self._sheets(drawer).pop(sheet, None)

    def _sheets(self, drawer: str) -> dict[str, str]:
        if drawer not in self.sheets:
            raise NotFound("there is no such drawer", code="NoDrawer")
        return self.sheets[drawer]


def _valid(drawer: Mapping[str, Any]) -> None:
    for name, value in drawer.get("labels", {}).items():
        if not (LABEL.fullmatch(name) and LABEL.fullmatch(value)):
            raise Rejected(f"the label {name}={value} is too long or not in lower case", code="BadLabel")
    for rule in drawer.get("rules", ()):
        if unknown := set(rule) - RULE:
            raise Rejected(f"a rule has no {', '.join(sorted(unknown))}", code="BadRule")
