"""What ought to be: every bucket with its spec, as the user last wrote it."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imagestore.api.imagebucket import FACETS
from imagestore.backends.base import Backend
from imagestore.reconcile.bucket.observe import unsupported

Spec = dict[str, Any]
NAMESPACES = ("soak-0", "soak-1", "soak-2")
POLICIES = ("Retain", "DeleteIfEmpty", "DeleteAll")
_DENY = {"effect": "Deny", "principals": ["*"], "actions": ["s3:DeleteObject"], "resources": ["originals/*"]}


@dataclass
class Bucket:
    """One bucket that is wanted."""

    namespace: str
    name: str
    backend: str
    spec: Spec
    full: bool = False  # holds objects
    fresh: int = 0  # grows with every request to look

    @property
    def in_store(self) -> str:
        """Its name in the store."""
        return f"{self.namespace}--{self.name}"

    def manifest(self) -> Spec:
        """For the API server."""
        metadata = {"name": self.name, "namespace": self.namespace}
        return {
            "apiVersion": "imagestore.dev/v1alpha1",
            "kind": "ImageBucket",
            "metadata": metadata,
            "spec": self.spec,
        }


@dataclass
class Fleet:
    """All that is wanted, and what may be left of what no longer is."""

    chance: random.Random
    backends: Mapping[str, Backend]  # for reading directly
    wanted: dict[str, Bucket] = field(default_factory=dict)  # by name
    kept: set[tuple[str, str]] = field(default_factory=set)  # backend and bucket: the objects said Retain
    made: int = 0

    def another(self) -> Bucket:
        """One more bucket; a name is never used twice, so that what is left over is seen."""
        name, self.made = f"b{self.made:05}", self.made + 1
        backend = self.chance.choice(sorted(self.backends))
        bucket = Bucket(self.chance.choice(NAMESPACES), name, backend, {})
        bucket.spec = {
            "backendRef": {"name": backend},
            "bucketName": bucket.in_store,
            "deletionPolicy": self.chance.choice(POLICIES),
            **self.settings(backend, versioned=self.chance.random() < 0.6),
        }
        self.wanted[name] = bucket
        return bucket

    def edit(self, bucket: Bucket) -> None:
        """Other settings; what is not mentioned any more is cleared or kept, as the setting has it."""
        fixed = {k: v for k, v in bucket.spec.items() if k not in FACETS}
        bucket.spec = fixed | self.settings(bucket.backend, versioned="versioning" in bucket.spec)

    def settings(self, backend: str, *, versioned: bool) -> Spec:
        """Some settings that this backend can hold, each with some value."""
        chosen = {n: v for n, v in self._palette().items() if self.chance.random() < 0.6}
        if versioned:
            chosen["versioning"] = {"state": "Enabled" if self.chance.random() < 0.9 else "Suspended"}
        return {n: v for n, v in chosen.items() if self._fits(backend, n, v)}

    def _fits(self, backend: str, name: str, value: Spec) -> bool:
        wish = FACETS[name].model_validate(value)
        return unsupported(wish, name, self.backends[backend].support[name]) is None

    def _palette(self) -> Spec:
        number = self.chance.randrange(1, 1000)
        rules = [
            {"name": "thumbs", "match": {"prefix": "thumbs/"}, "expire": {"days": number}},
            {"name": "scratch", "match": {"prefix": "scratch/"}, "expire": {"days": 1 + number % 30}},
        ]
        cors = {"allowedOrigins": [f"https://{number}.example"], "allowedMethods": ["GET"]}
        return {
            "tags": {"team": f"team-{number % 7}", "number": str(number)},
            "lifecycle": {"rules": rules[: 1 + number % 2]},
            "policy": {"statements": [{"sid": f"nobody-{number % 3}", **_DENY}]},
            "cors": {"rules": [cors]},
            "quota": {"hard": f"{number}Mi"},
        }

    def pick(self) -> Bucket:
        """Any bucket."""
        return self.wanted[self.chance.choice(sorted(self.wanted))]

    def drop(self, bucket: Bucket) -> None:
        """It is not wanted any more."""
        del self.wanted[bucket.name]
        if bucket.spec["deletionPolicy"] == "Retain":
            self.kept.add((bucket.backend, bucket.in_store))
