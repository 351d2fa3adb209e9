"""An operator with decisions of the test's own: ``python -m tests.k8s.toy FOLDER`` and ``imagestore run``'s flags.

The folder is how a test talks to it: ``calls`` has one JSON line a reconcile; a file ``hold-NAME`` makes the
reconcile of that object wait, ``crash-NAME`` makes it raise. ``store`` is what its store is told: one line a reconcile,
with the process that wrote it.
"""

import argparse
import asyncio
import hashlib
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import FACETS
from imagestore.api.storagebackend import StorageBackendSpec, StorageBackendStatus
from imagestore.backends.base import Backend
from imagestore.backends.memory import MemoryBackend, MemoryStore
from imagestore.controller import logs
from imagestore.controller.assembly import Brain
from imagestore.controller.stores import Connecting, SecretData
from imagestore.core.conditions import Condition, settle
from imagestore.core.fencing import Permit, permitted
from imagestore.core.outcome import Continue, Event, Finalizer, Outcome, Requeue
from imagestore.core.reasons import Reason
from imagestore.facets.versioning import Versioning
from imagestore.k8s.api.access import find_access
from imagestore.k8s.life.lease import LeaseTerms
from imagestore.k8s.life.operator import Ending, Operator
from imagestore.k8s.life.wiring import Options
from imagestore.reconcile.backend.situation import BackendSituation
from imagestore.reconcile.bucket.situation import BucketSituation
from imagestore.reconcile.shared.digests import inputs_hash
from imagestore.reconcile.shared.situation import Settings
from tests.k8s.known import deciding


class NoSecret(Exception):
    """A sentence."""


class Toy:
    """Decisions that are as simple as can be."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, threading.Lock()
        self._digests: dict[int, str] = {}
        self._permit: Permit = permitted

    def connect(self, name: str, spec: StorageBackendSpec, secrets: SecretData, permit: Permit) -> Backend:
        reference = spec.credentials.secret_ref
        data: Mapping[str, bytes] | None = secrets(reference.name) if reference else {}
        if data is None:
            raise NoSecret(f"there is no Secret {reference.name if reference else ''}")
        self._permit = permit
        backend = MemoryBackend(MemoryStore(), FACETS, name=name)
        self._digests[id(backend)] = hashlib.sha256(repr(sorted(data.items())).encode()).hexdigest()[:8]
        logging.getLogger("toy").warning("connected with %s", dict(data))  # what redaction is for
        return backend

    def _write(self, name: str) -> None:
        """What a store would be sent."""
        self._permit()
        with self._lock, (self._folder / "store").open("a") as file:
            file.write(json.dumps({"pid": os.getpid(), "name": name}) + "\n")

    def bucket(self, s: BucketSituation) -> Outcome[ImageBucketStatus]:
        self._told(s)
        while (self._folder / f"hold-{s.meta.name}").exists():
            time.sleep(0.02)
        self._write(s.meta.name)
        crash = self._folder / f"crash-{s.meta.name}"
        if crash.exists():
            if crash.read_text() == "value":  # of no spec's
                Versioning.model_validate({"state": "boom hunter2hunter2"})
            raise RuntimeError("boom hunter2hunter2")
        if s.meta.deleting:
            return Outcome(None, finalizer=Finalizer.RELEASE)
        if s.status.intent is None and s.status.created is None:
            return Outcome(self._status(s, "False", "Creating", intent=s.now), then=Continue())
        ready = "False" if s.older_rival else "True"
        status = self._status(
            s, ready, "Conflict" if s.older_rival else "Fine", intent=None, created=s.status.created or s.now
        )
        return Outcome(status, (Event(Reason("Looked"), "all is fine"),), then=Requeue(600))

    def backend(self, s: BackendSituation) -> Outcome[StorageBackendStatus]:
        meta, store, buckets = s.meta, s.store, len(s.served)
        if meta.deleting:
            return Outcome(None, finalizer=Finalizer.LEAVE if buckets else Finalizer.RELEASE)
        ready = Condition(
            type="Ready",
            status="True" if store.backend else "False",
            reason="Toy",
            message=store.trouble or "fine",
        )
        conditions = settle(s.now, meta.generation, [ready], s.status.conditions)
        return Outcome(
            StorageBackendStatus(observed_generation=meta.generation, conditions=conditions, buckets=buckets),
            then=Requeue(600),
        )

    def _status(self, s: BucketSituation, ready: Any, reason: str, **more: Any) -> ImageBucketStatus:
        conditions = settle(
            s.now,
            s.meta.generation,
            [Condition(type="Ready", status=ready, reason=reason)],
            s.status.conditions,
        )
        fresh = {
            "observed_generation": s.meta.generation,
            "conditions": conditions,
            "bucket_name": s.spec.bucket_name,
            "inputs_hash": inputs_hash(s.store.spec),
            "reconcile_request": s.spec.reconcile_request,
        }
        return s.status.model_copy(update=fresh | more)

    def _told(self, s: BucketSituation) -> None:
        call = {
            "pid": os.getpid(),
            "key": f"{s.meta.namespace}/{s.meta.name}",
            "generation": s.meta.generation,
            "finalized": s.meta.finalized,
            "secret": self._digests.get(id(s.store.backend)),
            "trouble": s.store.trouble,
            "labels": dict(s.namespace_labels),
            "rival": s.older_rival,
            "earlier": s.earlier_buckets,
        }
        with self._lock, (self._folder / "calls").open("a") as file:
            file.write(json.dumps(call) + "\n")


def brain(folder: Path) -> Brain:
    """The toy's decisions."""
    toy = Toy(folder)
    return Brain(
        deciding(ImageBucket=toy.bucket, StorageBackend=toy.backend), Connecting(toy.connect, (NoSecret,))
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--listen", required=True)
    parser.add_argument("--lease")
    parser.add_argument("--drain", type=float, default=15.0)
    parser.add_argument("--audit-interval", type=float, default=3600)
    args = parser.parse_args()
    logs.configure("info")
    options = Options(
        Settings("toy", default_interval=30 * 86400),  # no look by chance where reconciles are counted
        args.namespace,
        f"toy-{os.getpid()}",
        listen=args.listen,
        lease=args.lease,
        audit_interval=args.audit_interval,
        drain=args.drain,
        terms=LeaseTerms(duration=8, deadline=6, renew=1, retry=0.5),
    )

    async def run() -> Ending:
        return await Operator(options, brain(args.folder), find_access()).run()

    ending = asyncio.run(run())
    if ending.stragglers:
        os._exit(10)
    sys.exit(ending.code)


if __name__ == "__main__":
    main()
