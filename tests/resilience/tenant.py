"""Somebody who has buckets in one namespace, without kubectl in between."""

from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from dev.cluster.api import Api, Json, bucket_path
from dev.stores import Store
from dev.wait import eventually
from tests.resilience.objects import conditions, image_bucket, settled

SHOP = "shop"


@dataclass
class Tenant:
    """His objects and what became of them in the store."""

    api: Api
    namespace: str
    store: Store
    backend: str = "minio"
    s3: Any = field(init=False)

    def __post_init__(self) -> None:
        self.s3 = self.store.s3()

    def create(self, name: str, **spec: Any) -> None:
        """A new ImageBucket."""
        self.api.call(
            "POST", bucket_path(self.namespace), image_bucket(self.namespace, name, self.backend, **spec)
        )

    def edit(self, name: str, **spec: Any) -> None:
        """Some fields of the spec; None removes one."""
        self.api.merge(bucket_path(self.namespace, name), {"spec": spec})

    def tag(self, name: str, team: str) -> None:
        """The edit that most tests make."""
        self.edit(name, tags={"team": team})

    def delete(self, name: str) -> None:
        """Without waiting."""
        self.api.call("DELETE", bucket_path(self.namespace, name))

    def find(self, name: str) -> Json | None:
        """The object, None if there is none."""
        return self.api.find(bucket_path(self.namespace, name))

    def ready(self, name: str, timeout: float = 45) -> Json:
        """The object, once its present generation is Ready."""
        eventually(
            lambda: settled(self.find(name)), timeout, lambda: f"{name} ready; it is {self.find(name)}"
        )
        return self.find(name) or {}

    def reason(self, name: str) -> str:
        """Of its Ready condition, for the present generation."""
        found = self.find(name) or {"metadata": {"generation": 0}}
        ready = conditions(found).get("Ready", {})
        fresh = ready.get("observedGeneration") == found["metadata"]["generation"]
        return str(ready.get("reason", "")) if fresh else ""

    def tags(self, name: str) -> dict[str, str]:
        """In the store, without the owner's mark; empty if there is no such bucket."""
        try:
            found = self.s3.get_bucket_tagging(Bucket=f"{self.namespace}--{name}")["TagSet"]
        except ClientError:
            return {}
        return {t["Key"]: t["Value"] for t in found if not t["Key"].startswith("imagestore.dev/")}

    def await_tag(self, name: str, team: str, timeout: float = 45) -> None:
        """The edit has arrived in the store, and is reported."""
        eventually(
            lambda: self.tags(name) == {"team": team},
            timeout,
            lambda: f"{team}: {self.tags(name)} {self.find(name)}",
        )
        self.ready(name)

    def buckets(self) -> set[str]:
        """All in the store."""
        return {b["Name"] for b in self.s3.list_buckets()["Buckets"]}
