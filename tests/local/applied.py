"""A story of tests/reconcile through ``imagestore apply``: its spec is a manifest, its status is in the state folder, its store is real."""

import contextlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
import yaml

from imagestore.__main__ import main
from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.kinds import KINDS
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.base import Backend
from imagestore.backends.memory import MemoryStore
from imagestore.cli.gathering.stores import StoreConnections
from imagestore.core import conditions
from imagestore.core.outcome import Event
from imagestore.core.reasons import Reason
from imagestore.local.folder import StateFolder
from tests.local.realstore import OnlyInMemory, RealStore
from tests.local.recording import RecordedBackend
from tests.reconcile.world import World

BUCKET = next(kind for kind in KINDS if kind.name == "ImageBucket")
FINALIZER = "imagestore.dev/bucket"
# What a World can be told that manifests and a store cannot say.
_SAYABLE = {"store", "backend_spec", "spec", "status", "policies", "usable", "finalized", "events", "_tokens"}


@dataclass
class AppliedWorld(World):
    """As ``World``. A step is one run of the command, which goes on until nothing is left to do at once."""

    folder: ClassVar[Path]
    real: ClassVar[RealStore]
    deleted: bool = False  # its manifest is gone
    seen: dict[str, Any] = field(default_factory=dict)  # the object as the last run left it

    def __post_init__(self) -> None:
        for told in fields(World):
            default = told.default_factory() if told.default_factory is not MISSING else told.default
            if told.name not in _SAYABLE and getattr(self, told.name) != default:
                raise OnlyInMemory(told.name)
        if self.store != MemoryStore():
            raise OnlyInMemory("a store with ways of its own")
        self.store = cast("MemoryStore", self.real)

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.folder / ".imagestore"

    def step(self) -> Any:
        """One run."""
        return self.run(2.0)

    def settle(self, limit: int = 20) -> "AppliedWorld":
        """One run."""
        self.run(20.0)
        return self

    def later(self, **delta: float) -> "AppliedWorld":
        """Each run checks every bucket, as an operator does when its interval is over."""
        return self

    def restart(self) -> "AppliedWorld":
        """Each run is a new process' life."""
        return self

    def rebuilt(self) -> "AppliedWorld":
        """The state folder is lost."""
        shutil.rmtree(self.state)
        self.status, self.seen, self.events, self.writes = {}, {}, [], 0
        return self

    def delete(self) -> "AppliedWorld":
        """The manifest is removed. A story that edits what is being deleted edits its object, as with kubectl."""
        self.deleted = True
        return self

    def run(self, timeout: float) -> None:
        """Write the manifests, run ``imagestore apply`` on them, and read what it left."""
        self._declare()
        before = self._version()
        arguments = ["apply", "-f", self.folder, "--installation", self.settings.installation, "--prune"]
        arguments += ["--confirm-drift", 0.05, "--timeout", timeout, "--format", "json"]
        said, wrong = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(StoreConnections, "connect", self._recorded(StoreConnections.connect))
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(wrong):
                code = main([str(a) for a in arguments])
        assert code in (0, 1, 2), wrong.getvalue()
        assert said.getvalue(), wrong.getvalue()
        self.writes += self._version() - before
        self._hear(json.loads(said.getvalue()))

    def _recorded(self, connect: Callable[..., Backend]) -> Callable[..., Any]:
        return lambda *args, **more: RecordedBackend(connect(*args, **more), self.real)

    def _declare(self) -> None:
        """The manifests as the story has them now."""
        for file in self.folder.glob("*.yaml"):
            file.unlink()
        if self.backend_spec is not None:
            self._manifest("backend", _object("StorageBackend", "memory", self._backend(self.backend_spec)))
            self._manifest(
                "namespace", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
            )
        if self.usable:
            self._manifest("secret", self._secret())
        for name, spec in self.policies.items():
            whole = {"bucketRefs": [{"name": "photos"}], **spec}
            self._manifest(f"policy-{name}", _object("LifecyclePolicy", name, whole, "shop"))
        if not self.deleted:
            self._manifest("photos", _object("ImageBucket", "photos", self.spec, "shop"))
        self._edit_kept()

    def _edit_kept(self) -> None:
        """What a story wrote into the status, or changed of a spec whose deletion is under way."""
        if not self.seen or not self._file.exists():
            return
        spec = {**self.seen["spec"], **self.spec} if self.deleted else self.seen["spec"]
        spec = {k: v for k, v in spec.items() if k in self.spec or not self.deleted}
        changed = spec != self.seen["spec"]
        if self.status != self.seen.get("status", {}) or changed:
            meta = {**self.seen["metadata"], "generation": self.seen["metadata"]["generation"] + changed}
            StateFolder(self.state, KINDS).write(
                BUCKET, {**self.seen, "metadata": meta, "spec": spec, "status": self.status}
            )

    def _manifest(self, name: str, obj: Any) -> None:
        (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(obj))

    def _backend(self, spec: StorageBackendSpec) -> Any:
        store = self.real.store
        where = {"endpoint": store.endpoint, "region": store.region}
        same = {"provider": store.provider, "s3": where, "credentials": {"secretRef": {"name": "memory"}}}
        return {**spec.to_json(), **same}

    def _secret(self) -> Any:
        keys = {"accessKeyId": self.real.store.access_key, "secretAccessKey": self.real.store.secret_key}
        meta = {"name": "memory", "namespace": "imagestore-system"}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": keys}

    @property
    def _file(self) -> Path:
        return self.state / "imagebuckets" / "shop" / "photos.yaml"

    def _hear(self, said: Any) -> None:
        for told in (*said["objects"], *said["deleted"]):
            if told["kind"] == "ImageBucket":
                self.events += [
                    Event(Reason(e["reason"]), e["message"], "-", e["type"] == "Warning")
                    for e in told["events"]
                ]
        self.gone = self.deleted and not self._file.exists()
        if not self._file.exists():
            return
        self.seen = yaml.safe_load(self._file.read_text())
        meta, self.status = self.seen["metadata"], self.seen.get("status", {})
        self.generation, self.finalized = meta["generation"], FINALIZER in meta.get("finalizers", ())
        self.deleting = "deletionTimestamp" in meta
        status = ImageBucketStatus.model_validate(self.status)
        wrong = conditions.violations(status.conditions, self.generation, status.observed_generation)
        assert not wrong, (wrong, status.conditions)

    def _version(self) -> int:
        """Every write to the state folder raises it."""
        if not self.state.exists():
            return 0
        kept = StateFolder(self.state, KINDS).load()
        return max((int(obj["metadata"]["resourceVersion"]) for _, obj in kept), default=0)


def _object(kind: str, name: str, spec: Any, namespace: str = "") -> Any:
    meta = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": "imagestore.dev/v1alpha1", "kind": kind, "metadata": meta, "spec": spec}
