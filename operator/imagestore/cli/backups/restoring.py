"""``imagestore backup restore``."""

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from imagestore.cli.backups import shown
from imagestore.cli.backups.actions import ATTENTION
from imagestore.cli.backups.ends import opened, told_as_sentences
from imagestore.cli.backups.progress import progress_bar
from imagestore.cli.errors import CommandError, UsageError
from imagestore.cli.moving.ends import gather
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.restoring.options import RestoreOptions, RestorePoint, RestoreState
from imagestore.repository.restoring.restore import restore as run_restore
from imagestore.repository.restoring.selection import ExistingPolicy, RestoreSelection
from imagestore.repository.store.view import Backups, backups

SHOWN_PROBLEMS = 20


def restore(args: argparse.Namespace) -> int:
    """Restore a backup."""
    with told_as_sentences(), ExitStack() as stack:
        place, target = gather(args, args.repository, args.target)
        repository = opened(args, place)
        root = _chosen(args, backups(repository))
        prefix = repository.source.prefix
        selection = RestoreSelection(
            tuple(prefix + p for p in args.prefixes),
            _keys(args.keys_file),
            tuple(prefix + p for p in args.first),
        )
        point = CheckpointFile(args.checkpoint, root, args.target, selection)
        problems = _ProblemsTold(args.report, stack)
        bar = stack.enter_context(progress_bar("restore", root.counts.objects))
        options = RestoreOptions(
            selection,
            ExistingPolicy(args.existing.capitalize()),
            point.load(),
            point.save,
            problems.tell,
            lambda c: bar.to(c.restored + c.equal + c.kept + c.failed, c.bytes),
        )
        report = run_restore(repository, root, target, options)
    if report.state is RestoreState.SUCCEEDED:
        point.done()
    if args.format == "json":
        content = {"backup": root.name, "state": report.state, "why": report.why, **asdict(report.counts)}
        shown.print_json({**content, "seconds": round(report.seconds, 1), "problems": problems.first})
    else:
        shown.print_lines(shown.restore_text(report))
    return 0 if report.state is RestoreState.SUCCEEDED else ATTENTION


def _chosen(args: argparse.Namespace, found: Backups) -> BackupRoot:
    if not args.as_of:
        return found.named(args.backup)
    try:
        when = datetime.fromisoformat(args.as_of)
    except ValueError:
        raise UsageError(f"--as-of {args.as_of}: write a time such as 2027-01-31T02:30:00+01:00") from None
    zoned = when if when.tzinfo else when.replace(tzinfo=UTC)
    return found.as_of(int(zoned.timestamp() * 1000))


def _keys(path: str | None) -> frozenset[str]:
    if path is None:
        return frozenset()
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: cannot be read: {error.strerror}") from None
    keys = frozenset(line.decode("utf-8", "surrogateescape") for line in data.split(b"\n") if line)
    if not keys:
        raise CommandError(f"{path}: names no key")
    return keys


class _ProblemsTold:
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
    """Where a restore goes on after it was killed. Bound to the backup, the destination and the selection."""

    def __init__(self, path: str | None, root: BackupRoot, target: str, selection: RestoreSelection) -> None:
        self._path = Path(path) if path else None
        told = repr((root.name, target, selection.prefixes, sorted(selection.keys), selection.first))
        self._digest = sha256(told.encode("utf-8", "surrogateescape")).hexdigest()

    def load(self) -> RestorePoint:
        """The last point; the beginning if there is none. Raises CommandError for one of another restore."""
        if self._path is None or not self._path.exists():
            return RestorePoint()
        try:
            held = json.loads(self._path.read_text())
        except (OSError, ValueError):
            raise CommandError(f"{self._path}: cannot be read; delete it to begin anew") from None
        if held.get("restore") != self._digest:
            raise CommandError(f"{self._path} is the checkpoint of another restore; give another file")
        return RestorePoint(held["pass"], held["after"], held["checked"], held.get("failed", 0))

    def save(self, point: RestorePoint) -> None:
        """Write it, whole or not at all."""
        if self._path is None:
            return
        content = {
            "restore": self._digest, "pass": point.number, "after": point.after, "checked": point.checked,
            "failed": point.failed,
        }  # fmt: skip
        beside = self._path.with_name(f"{self._path.name}.new")
        beside.write_text(json.dumps(content))
        beside.replace(self._path)

    def done(self) -> None:
        """Nothing is left to go on with."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
