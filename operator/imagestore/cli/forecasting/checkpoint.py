"""The progress of long listings in a file, from which the next run resumes."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imagestore.cli.errors import CommandError

_VERSION = 2


def question_digest(*parts: object) -> str:
    """A digest of the question: only a checkpoint of the same question is of use."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@dataclass
class Checkpoint:
    """Progress by bucket. Without a path nothing is saved. The file contains keys, so only its owner may read it."""

    path: Path | None
    _known: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def at(cls, path: str | None) -> "Checkpoint":
        """Read the file if it exists. Raises CommandError for a file that is no checkpoint: it is not overwritten."""
        file = Path(path) if path else None
        if file is None or not file.exists():
            return cls(file)
        try:
            said = json.loads(file.read_text())
            if said["imagestore.checkpoint"] == _VERSION:
                return cls(file, said["buckets"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
        raise CommandError(
            f"{file} is not a checkpoint of this version of imagestore; remove it, or give another file"
        )

    def of(self, bucket: str, question: str) -> Any | None:
        """The progress of this very question, or None."""
        known = self._known.get(bucket)
        return known["state"] if known and known["question"] == question else None

    def save(self, bucket: str, question: str, state: Any) -> None:
        """Write the file atomically."""
        if self.path is None:
            return
        self._known[bucket] = {"question": question, "state": state}
        text = json.dumps({"imagestore.checkpoint": _VERSION, "buckets": self._known})
        beside = self.path.with_name(f"{self.path.name}.new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        beside.replace(self.path)

    def done(self) -> None:
        """The answer is complete: remove the file, so that the next run starts again."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
