"""A real account as the contract suite sees it: all that is made has a prefix, is counted, and is removed again."""

import argparse
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from imagestore.api.imagebucket import FACETS
from imagestore.api.samples import SAMPLES
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.probe.keyed import keyed, untried
from imagestore.cli.gathering.inputs import gather_inputs
from imagestore.core.errors import StoreError
from imagestore.core.facet import Facet
from imagestore.core.losses import uses

PREFIX = "imagestore-live-"
_WRITES = (
    "Put",
    "Delete",
    "Create",
    "Abort",
    "Upload",
    "Copy",
    "Complete",
    "admin:Set",
    "admin:Put",
    "admin:Add",
    "admin:Edit",
)
REQUESTS_A_TEST = 18  # about; the removal of its bucket included
_USD_A_THOUSAND = 0.005  # S3's list price for writes, the dearest of the requests that are made here


class Spent(AssertionError):
    """As many requests were made as were allowed."""


@dataclass
class Live:
    """``consent`` must be the StorageBackend's name. ``made``: buckets that are to be removed."""

    backend: S3Backend
    label: str
    consent: str
    allowed: int
    kms_key: str = ""
    settle: float = 0
    requests: int = 0
    cleaning: bool = False
    buckets: int = 0
    made: set[str] = field(default_factory=set)

    @property
    def provider(self) -> str:
        """As the suite's matrix calls it."""
        return self.backend.provider

    @cached_property
    def guarded(self) -> S3Backend:
        """The backend, with every call counted."""
        return replace(self.backend, name=self.provider.lower(), call=self._call)

    def _call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What is not named with our prefix is not written to. Cleaning up is never refused."""
        bucket, writes = str(parameters.get("Bucket", "")), operation.startswith(_WRITES)
        if writes and not bucket.startswith(PREFIX):
            raise AssertionError(
                f"{operation} on {bucket or 'no bucket'}: the suite writes to {PREFIX}* only"
            )
        if self.requests >= self.allowed and not self.cleaning:
            raise Spent(f"{self.allowed} requests were made, which is all that was allowed (--requests)")
        self.requests += 1
        if operation == "CreateBucket":
            self.made.add(bucket)
            self.buckets += 1
        answer = self.backend.call(operation, parameters)
        if writes and self.settle:
            time.sleep(self.settle)
        return answer

    def estimate(self, tests: int) -> str:
        """What it will cost, before anything is sent."""
        requests = min(tests * REQUESTS_A_TEST, self.allowed)
        return (
            f"{tests} tests on {self.label} ({self.backend.endpoint}): {tests} buckets {PREFIX}*, one after the"
            f" other, about {requests} requests, at most {self.allowed}"
            f" (at S3's list price {self.allowed * _USD_A_THOUSAND / 1000:.2f} USD)"
        )

    def clean(self) -> list[str]:
        """Remove what was made; what would not go."""
        self.cleaning = True
        try:
            return [left for bucket in sorted(self.made) if (left := self._removed(bucket))]
        finally:
            self.cleaning = False

    def _removed(self, bucket: str) -> str:
        try:
            self._unlock(bucket)
            while self.guarded.sweep(bucket, 1000).more:
                pass
            if not self.guarded.remains(bucket).empty:
                return f"{bucket} is not empty"
            self.guarded.delete(bucket)
        except StoreError as error:
            return f"{bucket}: {error}"
        self.made.discard(bucket)
        return ""

    def _unlock(self, bucket: str) -> None:
        """A policy may forbid what cleaning up needs."""
        driver = self.guarded.drivers.get("policy")
        if driver and self.guarded.check(bucket) is not None:
            driver.clear(bucket, driver.read(bucket))

    def claim_leftovers(self) -> None:
        """What a run that was killed has left is this run's to remove."""
        listed = self.backend.call("ListBuckets", {}).get("Buckets") or ()
        self.made |= {b["Name"] for b in listed if b["Name"].startswith(PREFIX)}

    def samples(self) -> Mapping[str, Mapping[str, Facet]]:
        """Those that this account can know: with its own KMS key, or without any; none where all need a target."""
        return {facet: self._known(SAMPLES.get(facet, {})) for facet in FACETS}

    def _known(self, samples: Mapping[str, Facet]) -> Mapping[str, Facet]:
        if self.kms_key:
            return keyed(samples, self.kms_key)
        return {n: v for n, v in samples.items() if not uses(v, untried(samples))}


def from_environment(environment: Mapping[str, str] = os.environ) -> Live | None:
    """As dev.live sets it; None in every other run."""
    path = environment.get("IMAGESTORE_LIVE")
    if not path:
        return None
    options = argparse.Namespace(
        files=[path],
        namespace="default",
        offline=True,
        context=None,
        credentials=environment.get("IMAGESTORE_LIVE_CREDENTIALS"),
        operator_namespace="imagestore-system",
    )
    known = gather_inputs(options, environment)
    (label,) = (o.name for o in known.manifests.of(StorageBackendSpec))
    store = known.stores.get(label)
    assert isinstance(store.backend, S3Backend), store.trouble
    return Live(
        store.backend,
        label,
        environment.get("IMAGESTORE_LIVE_CONSENT", ""),
        int(environment.get("IMAGESTORE_LIVE_REQUESTS", "0")),
        environment.get("IMAGESTORE_LIVE_KMS_KEY", ""),
        float(environment.get("IMAGESTORE_LIVE_SETTLE", "0")),
    )
