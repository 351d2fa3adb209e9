"""One run over the manifests, to the end of all that can be done at once."""

import argparse
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from imagestore.backends.secrets import ConfigError
from imagestore.cli.applying.manifest_files import ManifestFiles
from imagestore.cli.applying.report import ApplyReport
from imagestore.cli.applying.standing import standing_of
from imagestore.controller.assembly import Brain
from imagestore.controller.state.objects import Key
from imagestore.controller.stores import Connecting
from imagestore.core.outcome import Event
from imagestore.kinds import ALL
from imagestore.local.events import ToldEvents
from imagestore.local.folder import StateFolder
from imagestore.local.operator import LocalOperator
from imagestore.reconcile.shared.situation import Settings

_GATHERED = (
    0.5  # seconds; a single run ends after it, so a person waits for what an operator gathers at leisure
)
_SAID_FROM = 2.0  # seconds; a shorter pause is not worth a line


async def once(args: argparse.Namespace, folder: StateFolder, files: ManifestFiles) -> ApplyReport:
    """Apply. Raises CommandError and StateError."""
    events: defaultdict[Key, list[Event]] = defaultdict(list)

    def tell(key: Key, event: Event, message: str) -> None:
        events[key].append(replace(event, message=message))

    settings = Settings(
        args.installation, confirm_drift=args.confirm_drift, counted_in=_GATHERED, told_in=_GATHERED
    )
    operator = LocalOperator(folder, brain(files), settings, ToldEvents(tell))
    declared = files.read(operator.objects.snapshot())
    kept = set(operator.objects.known())
    left = await operator.begin(declared, prune=args.prune)
    begun = set(operator.objects.known())
    progress = ProgressLines(len(begun))
    waiting = await operator.settle(args.timeout, progress)
    progress.end()
    after = operator.objects.all()
    there = set(operator.objects.known())
    notes = [*files.notes, *([declared.incomplete] if left and declared.incomplete else [])]
    return ApplyReport(
        [standing_of(kind, obj) for kind, obj in after],
        files.problems,
        notes,
        [] if declared.incomplete else sorted(left),
        sorted(waiting),
        events,
        sorted((kept | begun) - there),
        operator.stragglers,
    )


def brain(files: ManifestFiles) -> Brain:
    """All kinds, and stores with the credentials that were given."""
    return Brain(ALL, Connecting(files.connect, (ConfigError, OSError)))


class ProgressLines:
    """On standard error: a count for a person at a terminal, and what is waited for."""

    def __init__(self, total: int) -> None:
        self._total, self._shown = total, sys.stderr.isatty()
        self._count = ""
        self._said: frozenset[Key] = frozenset()

    def __call__(self, waiting: Mapping[Key, float]) -> None:
        """Tell, unless it was told."""
        if self._shown:
            self._show(f"{self._total - len(waiting)} of {self._total} objects done")
        late = frozenset(waiting)
        if min(waiting.values()) < _SAID_FROM or late == self._said:
            return
        self._said = late
        names = ", ".join(sorted(map(str, late))[:5])
        more = f" and {len(late) - 5} more" if len(late) > 5 else ""
        seconds = max(waiting.values())
        self.end()
        sys.stderr.write(f"waiting {seconds:.0f} s to check again: {names}{more}\n")

    def end(self) -> None:
        """Remove the count from the terminal."""
        self._show("")

    def _show(self, count: str) -> None:
        """Write the count over the last one."""
        if count != self._count:
            sys.stderr.write(f"\r{count.ljust(len(self._count))}\r")
            sys.stderr.flush()
        self._count = count
