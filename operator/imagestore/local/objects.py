"""What an API server does for our objects: versions, generations, finalizers, deletion. Kept in the state folder."""

import asyncio
import copy
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from imagestore.api.kinds import Kind
from imagestore.controller.edges import WriteRefused
from imagestore.controller.state.objects import Key, key_of
from imagestore.local.folder import StateFolder
from imagestore.reconcile.shared.making import MADE_BY

Json = Any
Heard = Callable[[Kind, str, Json], None]
"""Hears of a change that was not the controller's own: its kind, ADDED, MODIFIED or DELETED, and the object."""


@dataclass(frozen=True)
class Manifest:
    """One object that a person wrote. ``spec`` has the defaults of the schema."""

    kind: Kind
    namespace: str
    name: str
    spec: Json
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """Which object it is."""
        return Key(self.kind.name, self.namespace, self.name)


@dataclass(frozen=True)
class Declared:
    """All that a person wrote. ``incomplete``: why nothing may be deleted for want of a manifest; empty: it may.

    ``secrets``: those of the operator, by name. ``keys``: the data of the Secret that a namespace has under a name; None: none.
    """

    manifests: tuple[Manifest, ...] = ()
    secrets: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict, repr=False)
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    incomplete: str = ""
    keys: Callable[[str, str], Mapping[str, bytes] | None] = field(default=lambda *_: None, repr=False)


class FolderRefused(WriteRefused):
    """A call for an object that the state folder does not take. ``status`` as HTTP has it."""

    by = "the state folder"

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class FolderObjects:
    """All objects of one state folder, of which this process holds the lock. ``failed``: why it can be written no more."""

    def __init__(self, folder: StateFolder, failed: Callable[[str], None]) -> None:
        self._folder, self._failed = folder, failed
        self._known = {key_of(kind, obj): (kind, obj) for kind, obj in folder.load()}
        self._version = max(
            (int(o["metadata"]["resourceVersion"]) for _, o in self._known.values()), default=0
        )
        metas = [obj["metadata"] for _, obj in self._known.values()]
        self._newest = max((m["creationTimestamp"] for m in metas), default="")
        self._order = max((_order_of(m["uid"]) for m in metas), default=0)
        self._turns: dict[Key, asyncio.Lock] = {}

    def all(self) -> list[tuple[Kind, Json]]:
        """Every object with its kind, in the order in which the state folder has them."""
        return [(kind, copy.deepcopy(obj)) for kind, obj in self._folder.in_order(self.snapshot())]

    def snapshot(self) -> list[tuple[Kind, Json]]:
        """The same in any order, to be read only: an object is replaced, never changed. Any thread may ask."""
        return list(self._known.values())

    def known(self) -> list[Key]:
        """The key of every object."""
        return list(self._known)

    def missing(self, manifests: Iterable[Manifest]) -> list[Key]:
        """The objects that a person once wrote, that no manifest names and that are not being deleted."""
        named = {m.key for m in manifests}
        return [
            key
            for key, (_, obj) in self._known.items()
            if key not in named and "deletionTimestamp" not in obj["metadata"] and not _is_made(obj)
        ]

    async def apply(self, manifest: Manifest, heard: Heard) -> None:
        """Make or edit an object as a person asks for it."""
        async with self._turn(manifest.key):
            known = self._known.get(manifest.key)
            if known is None:
                heard(manifest.kind, "ADDED", await self._keep(manifest.kind, self._made(manifest)))
                return
            obj = copy.deepcopy(known[1])
            meta = obj["metadata"]
            if obj["spec"] == manifest.spec and meta.get("labels", {}) == manifest.labels:
                return
            meta["generation"] += obj["spec"] != manifest.spec
            obj["spec"] = copy.deepcopy(manifest.spec)
            meta.pop("labels", None)
            meta |= {"labels": dict(manifest.labels)} if manifest.labels else {}
            heard(manifest.kind, "MODIFIED", await self._keep(manifest.kind, obj))

    async def delete(self, key: Key, heard: Heard) -> None:
        """Ask for an object's deletion. With no finalizer on it, it is gone."""
        async with self._turn(key):
            if key not in self._known:  # its own reconcile was quicker
                return
            kind, obj = self._known[key][0], copy.deepcopy(self._known[key][1])
            if not obj["metadata"].get("finalizers"):
                await self._drop(key)
                heard(kind, "DELETED", obj)
            elif "deletionTimestamp" not in obj["metadata"]:
                obj["metadata"]["deletionTimestamp"] = _now()
                heard(kind, "MODIFIED", await self._keep(kind, obj))

    async def make(self, kind: Kind, body: Json) -> Json:
        """Make an object for another one. No manifest names it, and none need be."""
        meta = body["metadata"]
        manifest = Manifest(
            kind, meta.get("namespace", ""), meta["name"], body["spec"], meta.get("labels", {})
        )
        async with self._turn(manifest.key):
            if manifest.key in self._known:
                raise FolderRefused(409, f"there is a {manifest.key} already")
            obj = self._made(manifest)
            obj["metadata"]["annotations"] = dict(meta["annotations"])
            return await self._keep(kind, obj)

    async def remove(self, kind: Kind, key: Key, uid: str) -> None:
        """Ask for the deletion of this very object."""
        if self._at(key)[1]["metadata"]["uid"] != uid:
            raise FolderRefused(409, f"{key} is another one by now")
        await self.delete(key, lambda *_: None)

    async def read(self, kind: Kind, key: Key) -> Json:
        """Return the object."""
        return copy.deepcopy(self._at(key)[1])

    async def put_finalizers(self, kind: Kind, key: Key, version: str, finalizers: Sequence[str]) -> Json:
        """Replace them. An object that is being deleted is gone with its last one."""
        async with self._turn(key):
            obj = self._of_version(key, version)
            obj["metadata"]["finalizers"] = list(finalizers)
            if finalizers:
                return await self._keep(kind, obj)
            del obj["metadata"]["finalizers"]
            if "deletionTimestamp" not in obj["metadata"]:
                return await self._keep(kind, obj)
            await self._drop(key)
            return self._versioned(obj)

    async def put_status(self, kind: Kind, key: Key, version: str, content: Json) -> Json:
        """Replace the status."""
        async with self._turn(key):
            return await self._keep(kind, self._of_version(key, version) | {"status": content})

    def _turn(self, key: Key) -> asyncio.Lock:
        """One at a time writes an object, from the reading of its version until the disk has it."""
        return self._turns.setdefault(key, asyncio.Lock())

    def _at(self, key: Key) -> tuple[Kind, Json]:
        if key not in self._known:
            raise FolderRefused(404, f"there is no {key}")
        return self._known[key]

    def _of_version(self, key: Key, version: str) -> Json:
        obj = self._at(key)[1]
        if obj["metadata"]["resourceVersion"] != version:
            raise FolderRefused(409, f"{key} was changed meanwhile")
        return copy.deepcopy(obj)

    def _made(self, manifest: Manifest) -> Json:
        meta: dict[str, Any] = {"name": manifest.name}
        meta |= {"namespace": manifest.namespace} if manifest.namespace else {}
        meta |= {"labels": dict(manifest.labels)} if manifest.labels else {}
        self._newest = max(self._newest, _now())
        meta |= {"uid": self._uid(), "generation": 1, "creationTimestamp": self._newest}
        made = {"apiVersion": manifest.kind.api_version, "kind": manifest.kind.name, "metadata": meta}
        return made | {"spec": copy.deepcopy(manifest.spec)}

    def _uid(self) -> str:
        """In order: of two manifests that claim one bucket the first wins, though both are applied in the same second.

        Nor is an object older than those that are there already when the clock was set back: it would take their buckets' claims.
        """
        self._order = max(self._order + 1, int(time.time() * 1000) << 12)
        value = (self._order >> 12 << 80) | (7 << 76) | ((self._order & 0xFFF) << 64) | (2 << 62)
        return str(UUID(int=value | secrets.randbits(62)))

    def _versioned(self, obj: Json) -> Json:
        self._version += 1
        obj["metadata"]["resourceVersion"] = str(self._version)
        return obj

    async def _keep(self, kind: Kind, obj: Json) -> Json:
        """On the disk first: what is not there was not written."""
        kept = copy.deepcopy(self._versioned(obj))
        await self._guarded(lambda: self._folder.write(kind, kept))
        self._known[key_of(kind, kept)] = (kind, kept)
        return obj

    async def _drop(self, key: Key) -> None:
        kind, obj = self._known[key]
        await self._guarded(lambda: self._folder.remove(kind, obj))
        del self._known[key]
        self._turns.pop(key, None)

    async def _guarded(self, write: Callable[[], None]) -> None:
        """Nothing may be done that cannot be remembered: the first write that fails is the last.

        In a thread, because a disk takes milliseconds: in the event loop the disk was waited for in 22 of the 37 seconds that 300
        new buckets took.
        """
        try:
            await asyncio.to_thread(write)
        except OSError as error:
            sentence = f"{error.filename or self._folder.path}: {error.strerror}; nothing more is done"
            self._failed(sentence)
            raise FolderRefused(500, sentence) from error


def _is_made(obj: Json) -> bool:
    """Whether the operator made an object for another one: no manifest ever named it."""
    return MADE_BY in obj["metadata"].get("annotations", {})


def _order_of(uid: str) -> int:
    """Of a uid as it is made here; 0 of any other."""
    try:
        value = UUID(uid).int
    except ValueError:
        return 0
    return (value >> 80 << 12) | (value >> 64 & 0xFFF)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
