"""The manifests that a command was given, as the operator without a cluster wants them; read again when they change."""

import argparse
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from imagestore.api.kinds import Kind
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.base import Backend
from imagestore.backends.secrets import ReadSecret
from imagestore.cli.errors import CommandError, UsageError
from imagestore.cli.gathering.credentials import CredentialSources, contents, credential_sources
from imagestore.cli.gathering.inputs import operators_secrets
from imagestore.cli.gathering.repository_keys import RepositoryKeys
from imagestore.cli.gathering.snapshots import of_state
from imagestore.cli.gathering.stores import StoreConnections
from imagestore.cli.manifests import cel
from imagestore.cli.manifests.files import manifests_below
from imagestore.cli.manifests.load import Manifests, load
from imagestore.cli.manifests.objects import Object
from imagestore.cli.manifests.problems import Problem
from imagestore.cli.planning.plan_all import refused_at_apply
from imagestore.controller.state.objects import key_of
from imagestore.core.fencing import Permit
from imagestore.core.model import Model
from imagestore.local.folder import MOST_OF_A_NAME
from imagestore.local.objects import Declared, Manifest

STATE = ".imagestore"
UNREAD = "nothing is deleted while a manifest cannot be read"
EMPTY = "nothing is deleted while a place that was given has no manifest in it: is it the right one, and is it mounted?"
Json = Any


def state_folder(args: argparse.Namespace) -> Path:
    """``--state``, or beside the manifests. Raises UsageError where that is not one place, or would be read as manifests."""
    if args.state:
        given = Path(args.state)
        if any(_would_read(Path(path), given) for path in args.files):
            raise UsageError(
                f"the state folder {given} is among the manifests, and would be read as some; give a folder beside them, or one"
                " whose name begins with a dot"
            )
        return given
    places = {_beside(path) for path in args.files}
    if len(places) != 1:
        raise UsageError("several places with manifests were given; say with --state where the state is kept")
    return places.pop() / STATE


def _would_read(place: Path, state: Path) -> bool:
    place, state = place.resolve(), state.resolve()
    return state.is_relative_to(place) and not any(
        part.startswith(".") for part in state.relative_to(place).parts
    )


def _beside(path: str) -> Path:
    if path == "-":
        return Path()
    return Path(path) if Path(path).is_dir() else Path(path).parent


class ManifestFiles:
    """The files, and what was wrong with them when they were read last."""

    def __init__(self, args: argparse.Namespace, environment: Mapping[str, str]) -> None:
        if not cel.available():
            raise CommandError(
                cel.UNAVAILABLE
            )  # there is no API server that would check the rules afterwards
        self._args, self._environment = args, environment
        self._read: object = None
        self._before: object = None
        self.manifests = Manifests()
        self.problems: tuple[Problem, ...] = ()
        self.notes: tuple[str, ...] = ()
        self.sources = CredentialSources()
        self.new_keys = False

    def changed(self) -> bool:
        """Whether a file is another, and none has changed since this was asked last: an editor may still be writing."""
        now, before = self._fingerprint(), self._before
        self._before = now
        return now == before and now != self._read

    def read(self, kept: Iterable[tuple[Kind, Json]]) -> Declared:
        """Read all of them. ``kept``: the objects of the state folder. Raises CommandError if the file with credentials cannot be used."""
        self._read = self._fingerprint()
        found = load(self._args.files, self._args.namespace)
        written = [(o, _manifest(o)) for o in found.objects]
        counts = Counter(
            m.key for _, m in written
        )  # of two manifests of one object, which is an error, neither counts
        edited = _edited(kept, [manifest for _, manifest in written])
        refused = {**refused_at_apply(found, of_state(edited, found.namespaces))}
        for one in found.objects:
            if len(one.name) > MOST_OF_A_NAME:
                long = f"the state folder keeps names of at most {MOST_OF_A_NAME} characters"
                refused[one.label] = (Problem(one.place, "metadata.name", long),)
        secrets = operators_secrets(found, self._args.operator_namespace)
        held = credential_sources(self._args.credentials, self._environment, secrets)
        self.new_keys, self.sources = held.file != self.sources.file, held
        self.manifests = found
        self.problems = (*found.problems, *(p for of in refused.values() for p in of))
        self.notes = (*found.notes, *held.warnings)
        once = [(o, m) for o, m in written if counts[m.key] == 1]
        return Declared(
            tuple(m for o, m in once if not (o.label in refused and _is_refused(o, refused))),
            {n: {k: v.encode() for k, v in contents(s).items()} for n, s in secrets.items()},
            found.namespaces,
            UNREAD if self.problems else EMPTY if found.empty else _unfinished(found.unfinished),
            RepositoryKeys(held, found.secrets),
        )

    def connect(self, name: str, spec: StorageBackendSpec, _: ReadSecret, permit: Permit) -> Backend:
        """A backend with the credentials that were given. Raises ConfigError or OSError."""
        return StoreConnections({}, self.sources).connect(name, spec, permit)

    def _fingerprint(self) -> object:
        files = [f for path in self._args.files for f in _files(Path(path))]
        files += [Path(self._args.credentials)] if self._args.credentials else []
        return [(str(f), _stamp(f)) for f in files]


def _unfinished(files: list[str]) -> str:
    """A manifest that another program has begun to write vanished with its bucket: it was empty for seconds."""
    return (
        f"nothing is deleted while {files[0]} has no whole object in it; remove it if it is none"
        if files
        else ""
    )


def _edited(kept: Iterable[tuple[Kind, Json]], manifests: Iterable[Manifest]) -> list[tuple[Kind, Json]]:
    """The objects of which a manifest has another spec. No other can break a rule about changes."""
    specs = {m.key: m.spec for m in manifests}
    found = ((kind, obj, specs.get(key_of(kind, obj))) for kind, obj in kept)
    return [(kind, obj) for kind, obj, spec in found if spec is not None and spec != obj["spec"]]


def _is_refused(one: Object[Model], refused: Mapping[str, tuple[Problem, ...]]) -> bool:
    """Objects of two kinds may have one label; a problem names the file and line of its own."""
    first = min(one.lines.known.values(), default=1)
    last = max(one.lines.known.values(), default=1)
    places = [p.place for p in refused[one.label]]
    return any(p.file == one.lines.file and first <= p.line <= last for p in places)


def _manifest(one: Object[Model]) -> Manifest:
    return Manifest(one.kind, one.namespace, one.name, one.spec.to_json(), dict(one.labels))


def _files(path: Path) -> list[Path]:
    return list(manifests_below(path)) if path.is_dir() else [path]


def _stamp(file: Path) -> tuple[int, ...]:
    try:
        stat = file.stat()
    except OSError:
        return ()
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino)
