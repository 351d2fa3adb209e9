"""What a restore keeps on disk: where it goes on, and which keys failed."""

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

from imagestore.cli.backups import shown
from imagestore.cli.errors import CommandError
from imagestore.repository.restoring.checkpoint import OtherCheckpoint, RestoreCheckpoint
from imagestore.repository.restoring.selection import RestoreSelection
from imagestore.transfer.job import TransferEnd

SHOWN_PROBLEMS = 20


class ProblemsTold:
    """Each to the report's file, or the first ones to standard error."""

    def __init__(self, path: str | None, stack: ExitStack) -> None:
        self.first: dict[str, str] = {}
        self._write: Callable[[str], object] | None = None
        if path is not None:
            file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115  the stack closes it
            self._write = stack.enter_context(file).write

    def tell(self, key: str, why: str) -> None:
        """A key that could not be restored."""
        name = shown.printable(key)
        if len(self.first) < SHOWN_PROBLEMS:
            self.first[name] = why
            sys.stderr.write(f"{name}: {why}\n")
        if self._write is not None:
            self._write(json.dumps({"key": name, "why": why}) + "\n")


class CheckpointFile:
    """Where a restore goes on after it was killed. Bound to what is restored, the destination and the selection."""

    def __init__(self, path: str | None, what: str, target: TransferEnd, selection: RestoreSelection) -> None:
        self._path = Path(path) if path else None
        place = f"{target.store.name}/{target.bucket}/{target.prefix}"
        told = repr((what, place, selection.prefixes, sorted(selection.keys), selection.first))
        self._digest = sha256(told.encode("utf-8", "surrogateescape")).hexdigest()

    def opened(self) -> RestoreCheckpoint:
        """What is kept; the beginning if there is nothing. Raises CommandError for one of another restore."""
        if self._path is None or not self._path.exists():
            return RestoreCheckpoint(self._digest, None, self._write)
        try:
            return RestoreCheckpoint(self._digest, self._path.read_bytes(), self._write)
        except OSError:
            raise CommandError(f"{self._path}: cannot be read; delete it to begin anew") from None
        except OtherCheckpoint as error:
            raise CommandError(
                f"{self._path} {error}; delete it to begin anew, or give another file"
            ) from None

    def _write(self, data: bytes) -> None:
        """Write it, whole or not at all."""
        if self._path is None:
            return
        beside = self._path.with_name(f"{self._path.name}.new")
        beside.write_bytes(data)
        beside.replace(self._path)

    def done(self) -> None:
        """Nothing is left to go on with."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
