"""Two buckets of the namespace shop on two stores, and a ReplicationPolicy between them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from dev.cluster import Cluster
from dev.wait import eventually
from imagestore.api.replicationstatus import ReplicationPolicyStatus
from imagestore.core import conditions
from tests.e2e.harness import PATIENCE, User

_PATH = "/apis/imagestore.dev/v1alpha1/namespaces/shop/replicationpolicies"
Json = dict[str, Any]


@dataclass
class Museum:
    """Two buckets of the namespace shop on two stores, and a policy between them."""

    cluster: Cluster
    near: User
    far: User
    name: str

    @property
    def ends(self) -> tuple[str, str]:
        """Names of the ImageBuckets."""
        return f"{self.name}-a", f"{self.name}-b"

    def buckets(self, source: Json | None = None, **destination: Any) -> tuple[str, str]:
        """Both, Ready; their names in the stores."""
        one, other = self.ends
        self.near.apply(one, **(source or {}))
        self.far.apply(other, **destination)
        self.near.ready(one)
        self.far.ready(other)
        return self.near.bucket(one), self.far.bucket(other)

    def policy(self, **spec: Any) -> None:
        """`kubectl apply` of the policy."""
        one, other = self.ends
        ends = {"source": {"bucketRef": {"name": one}}, "destination": {"bucketRef": {"name": other}}}
        body = {
            "apiVersion": "imagestore.dev/v1alpha1",
            "kind": "ReplicationPolicy",
            "metadata": {"name": self.name, "namespace": "shop"},
            "spec": {**ends, "schedule": {"interval": "1s"}, **spec},
        }
        self.cluster.apply(yaml.safe_dump(body))

    def status(self) -> Json:
        """Of the policy; every status that is seen obeys the rules of kstatus."""
        found = self.cluster.api.get(f"{_PATH}/{self.name}")
        status = dict(found.get("status") or {})
        read = ReplicationPolicyStatus.model_validate(status)
        if read.conditions:
            generation = found["metadata"]["generation"]
            assert not conditions.violations(read.conditions, generation, read.observed_generation), status
        return status

    def says(self, type_: str) -> tuple[str, str, str]:
        """Status, reason and message of a condition for the present generation."""
        found = self.cluster.api.get(f"{_PATH}/{self.name}")
        listed = found.get("status", {}).get("conditions", ())
        now = found["metadata"]["generation"]
        wanted = (c for c in listed if c["type"] == type_ and c.get("observedGeneration") == now)
        return next(((c["status"], c["reason"], c["message"]) for c in wanted), ("", "", ""))

    def becomes(self, type_: str, status: str, reason: str = "", timeout: float = PATIENCE) -> str:
        """The message of a condition, once it is so."""

        def there() -> bool:
            said = self.says(type_)
            return said[0] == status and reason in ("", said[1])

        eventually(there, timeout, lambda: f"{type_}={status} {reason}; it is {self.status()}")
        return self.says(type_)[2]

    def has_role(self, role: str) -> bool:
        """Whether this side is written to."""
        return self.role()[0] == role

    def role(self) -> tuple[str, bool]:
        """Which side is written to, and whether both are equal."""
        found = self.status().get("failover") or {}
        return found.get("role", ""), bool(found.get("settled"))


@contextmanager
def opened_museum(cluster: Cluster, near: User, far: User, test: str) -> Iterator[Museum]:
    """One for a test of this name; its policy is deleted in the end."""
    made = Museum(cluster, near, far, test.removeprefix("test_").replace("_", "-")[:20].strip("-"))
    yield made
    cluster.kubectl("delete", "rpol", made.name, "-n", "shop", "--ignore-not-found")
