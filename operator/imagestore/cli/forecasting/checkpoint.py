"""Where long listings stand, in a file, so that the next run goes on from there."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imagestore.cli.errors import CommandError

VERSION = 2


def identity(*parts: object) -> str:
    """The same for the same question: what another one has counted is of no use."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@dataclass
class Checkpoint:
    """By bucket. Without a path nothing is kept. Keys are in it, so nobody else may read it."""

    path: Path | None
    _known: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def at(cls, path: str | None) -> "Checkpoint":
        """What is there is read; a file of something else is not overwritten. Raises CommandError."""
        file = Path(path) if path else None
        if file is None or not file.exists():
            return cls(file)
        try:
            said = json.loads(file.read_text())
            if said["imagestore.checkpoint"] == VERSION:
                return cls(file, said["buckets"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
        raise CommandError(
            f"{file} is no checkpoint of this version of imagestore; remove it, or name another file"
        )

    def of(self, bucket: str, question: str) -> Any | None:
        """Where this very question stands."""
        known = self._known.get(bucket)
        return known["state"] if known and known["question"] == question else None

    def save(self, bucket: str, question: str, state: Any) -> None:
        """Whole or not at all."""
        if self.path is None:
            return
        self._known[bucket] = {"question": question, "state": state}
        text = json.dumps({"imagestore.checkpoint": VERSION, "buckets": self._known})
        beside = self.path.with_name(f"{self.path.name}.new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        beside.replace(self.path)

    def done(self) -> None:
        """All is told: the next run begins anew."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
