"""The state folder: one YAML file an object, as ``kubectl get -o yaml`` would show it. One process at a time writes it.

A file is replaced as a whole, so it is never half written. Its last line says that it is whole: a file that was cut by a copy or a
full disk could still be YAML, and a status without its end is a lie.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

import yaml

from imagestore.api.kinds import Kind
from imagestore.controller.state.objects import Key

Json = Any
FORMAT = 1
MOST_OF_A_NAME = 240  # characters; a file's name has 255 bytes, and more is put around an object's
_FORMAT_FILE, _LOCK_FILE = "format", "lock"
_END = "# end of the object\n"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class StateError(Exception):
    """Why a state folder cannot be used, as a sentence for a person."""


class StateFolder:
    """Where objects are kept. Reading needs no lock, because files are replaced as a whole."""

    def __init__(self, path: Path, kinds: Iterable[Kind]) -> None:
        self.path = path
        self._kinds = tuple(kinds)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder, which is made if need be. Raises StateError where another process has it, or it is read-only."""
        with _said(self.path), contextlib.ExitStack() as stack:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context((self.path / _LOCK_FILE).open("a+", encoding="ascii"))
            self._lock(lock)
            self._check_format()
            _replace(self.path / _FORMAT_FILE, f"{FORMAT}\n")  # which shows that it can be written
            self._sweep()
            held = stack.pop_all()
        with held:
            yield

    def _lock(self, lock: TextIO) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "?"
            raise StateError(
                f"{self.path}: another imagestore (process {holder}) uses this state folder; wait until it ends, or give"
                " another folder with --state"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()

    def _check_format(self) -> None:
        file = self.path / _FORMAT_FILE
        if not file.exists():
            return
        text = file.read_text(encoding="ascii", errors="replace").strip()
        if not text.isdecimal():
            raise StateError(
                f"{file}: is damaged; write {FORMAT} into it if this is imagestore's state folder"
            )
        if int(text) > FORMAT:
            raise StateError(
                f"{self.path}: a newer version of imagestore wrote this state folder (format {text}, this version knows"
                f" {FORMAT}); use that version"
            )

    def _sweep(self) -> None:
        """What a process left half written when it was killed."""
        for kind in self._kinds:
            for file in (self.path / kind.plural).rglob(".*.tmp"):
                file.unlink()

    def load(self) -> list[tuple[Kind, Json]]:
        """Every object. Raises StateError: an object that is damaged is not guessed."""
        with _said(self.path):
            self._check_format()
            found = [(kind, _read(file, kind)) for kind in self._kinds for file in self._files(kind)]
        return [(kind, obj) for kind, obj in found if obj is not None]

    def in_order(self, objects: Iterable[tuple[Kind, Json]]) -> list[tuple[Kind, Json]]:
        """The objects as ``load`` has them: by kind, then by file."""
        return sorted(objects, key=lambda of: (self._kinds.index(of[0]), self._file(*of)))

    def _files(self, kind: Kind) -> list[Path]:
        return sorted((self.path / kind.plural).glob("*/*.yaml" if kind.namespaced else "*.yaml"))

    def write(self, kind: Kind, obj: Json) -> None:
        """Replace an object. It is on the disk when this returns. Raises OSError."""
        file = self._file(kind, obj)
        file.parent.mkdir(parents=True, exist_ok=True)
        _replace(file, yaml.dump(obj, Dumper=_DUMPER, sort_keys=False, width=120) + _END)

    def remove(self, kind: Kind, obj: Json) -> None:
        """Forget an object. Raises OSError."""
        file = self._file(kind, obj)
        file.unlink(missing_ok=True)
        _sync(file.parent)

    def _file(self, kind: Kind, obj: Json) -> Path:
        key = Key(kind.name, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        return self.path / kind.plural / key.namespace / f"{key.name}.yaml"


def _read(file: Path, kind: Kind) -> Json:
    remedy = "restore it, or remove it: the object is then made again from its manifest, and its bucket found by its owner mark"
    try:
        text = file.read_text(encoding="utf-8")
        obj = yaml.load(text, _LOADER) if text.endswith(_END) else None  # noqa: S506  a safe loader
    except FileNotFoundError:
        return None  # deleted meanwhile: a reader holds no lock
    except (yaml.YAMLError, UnicodeDecodeError):
        obj = None
    if not isinstance(obj, dict) or not _is_whole(obj, file):
        raise StateError(f"{file}: is damaged; {remedy}")
    if obj.get("apiVersion") != kind.api_version or obj.get("kind") != kind.name:
        raise StateError(
            f"{file}: holds {obj.get('apiVersion')} {obj.get('kind')}, which this version does not know; use the version of"
            " imagestore that wrote it"
        )
    return obj


def _is_whole(obj: Json, file: Path) -> bool:
    meta = obj.get("metadata")
    needed = ("uid", "resourceVersion", "generation", "creationTimestamp")
    return (
        isinstance(meta, dict)
        and meta.get("name") == file.stem
        and all(key in meta for key in needed)
        and str(meta["resourceVersion"]).isdecimal()
        and isinstance(obj.get("spec"), dict)
    )


def _replace(file: Path, text: str) -> None:
    temporary = file.with_name(f".{file.name}.tmp")
    with temporary.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(file)
    _sync(file.parent)


def _sync(directory: Path) -> None:
    """A rename is on the disk once its directory is."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _said(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateError(
            f"{error.filename or path}: {error.strerror}; the state folder must be readable and writable (--state gives another)"
        ) from None
