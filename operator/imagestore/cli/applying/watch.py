"""Following manifests until a signal: every edit is applied, a file that vanished is a deletion, drift is corrected."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from imagestore.api.kinds import Kind
from imagestore.cli.applying.manifest_files import UNREAD, ManifestFiles
from imagestore.cli.applying.once import brain
from imagestore.cli.applying.report import event_json
from imagestore.cli.colour import paint
from imagestore.cli.errors import CommandError
from imagestore.controller.state.objects import Key
from imagestore.core.outcome import Event
from imagestore.core.render import printable
from imagestore.local.events import ToldEvents
from imagestore.local.folder import StateFolder
from imagestore.local.objects import Declared
from imagestore.local.operator import LocalOperator
from imagestore.reconcile.shared.situation import Settings

_POLL = 1.0  # seconds; a file has to stay the same for as long before it is read


async def watch(args: argparse.Namespace, folder: StateFolder, files: ManifestFiles) -> int:
    """Apply and follow, and return how many reconciles were still running at the end. Raises CommandError and StateError."""
    settings = Settings(
        args.installation, confirm_drift=args.confirm_drift, default_interval=args.drift_interval
    )
    operator = LocalOperator(folder, brain(files), settings, ToldEvents(EventLines(args.format)))
    followed = FollowedFiles(files, operator.objects.snapshot)
    followed.say(await operator.begin(followed.last, prune=True))

    def told(left: Sequence[Key]) -> None:
        followed.say(left)
        if files.new_keys:
            operator.credentials_changed()

    async with AsyncExitStack() as stack:
        if args.listen:
            await _serve(stack, args.listen, operator)
        await operator.follow(followed, told, _POLL)
    return operator.stragglers


async def _serve(stack: AsyncExitStack, listen: str, operator: LocalOperator) -> None:
    from imagestore.controller.health import Health, HealthServer

    health = Health(monotonic)
    health.role = "working"
    health.beats("dispatcher", lambda: operator.controller.dispatcher.beat, 60)
    server = HealthServer(health, operator.controller.snapshot)
    try:
        await server.start(listen)
    except (OSError, ValueError) as error:
        raise CommandError(f"--listen {listen}: {error}") from None
    stack.push_async_callback(server.stop)


class FollowedFiles:
    """Manifests that are read again when they change. What cannot be read leaves the last good version in force."""

    def __init__(self, files: ManifestFiles, kept: Callable[[], list[tuple[Kind, Any]]]) -> None:
        """``kept``: the objects of the state folder. Raises CommandError if the file with credentials cannot be used."""
        self._files, self._kept = files, kept
        self.last = files.read(kept())
        self._trouble = ""
        self._said: tuple[str, ...] = ()

    def changed(self) -> bool:
        """Whether the files are others than when they were read, and no longer being written."""
        return self._files.changed()

    def read(self) -> Declared:
        """Read them, as far as they can be read."""
        try:
            self.last, self._trouble = self._files.read(self._kept()), ""
        except CommandError as error:  # the file with credentials
            self.last, self._trouble = replace(self.last, incomplete=UNREAD), str(error)
        return self.last

    def say(self, left: Sequence[Key]) -> None:
        """Tell on standard error what is wrong with them, once."""
        problems = [f"error: {p}" for p in self._files.problems]
        problems += [f"error: {self._trouble}"] if self._trouble else []
        kept = ["the last good version of what cannot be read stays in force"] if problems else []
        kept += [self.last.incomplete] if left and self.last.incomplete else []
        found = (*problems, *(f"note: {n}" for n in (*self._files.notes, *kept)))
        if found != self._said:
            sys.stderr.writelines(
                f"{printable(line)}\n" for line in found or ["every manifest can be read again"]
            )
            sys.stderr.flush()
        self._said = found


class EventLines:
    """Prints Events, a line each: for a person, or as JSON."""

    def __init__(self, form: str) -> None:
        self._json, self._paint = form == "json", paint(sys.stdout)

    def __call__(self, key: Key, event: Event, message: str) -> None:
        """Print one."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = event_json(replace(event, message=message))
        if self._json:
            sys.stdout.write(json.dumps({"time": now, "kind": key.kind, "name": key.label, **told}) + "\n")
        else:
            reason = self._paint("change" if event.warning else "add", told["reason"])
            sys.stdout.write(f"{now}  {printable(str(key))}  {reason}: {printable(told['message'])}\n")
        sys.stdout.flush()
