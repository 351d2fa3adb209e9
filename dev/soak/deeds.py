"""What users do with kubectl, and what others do behind the operator's back."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dev.soak.api import Api, Json
from dev.soak.fleet import Bucket, Fleet
from dev.soak.world import World


@dataclass
class Deeds:
    """Hands for all of it."""

    world: World
    api: Api
    fleet: Fleet
    done: Counter[str] = field(default_factory=Counter)
    _clients: dict[str, Any] = field(default_factory=dict)

    def one(self) -> None:
        """Some deed: which one is decided by the fleet's own chance, so a seed repeats it."""
        deeds: dict[Callable[[], None], int] = {
            self.edit: 10, self.recreate: 3, self.consent: 6, self.fill: 1, self.suspend_versioning: 2,
            self.wipe_tags: 2, self.wipe_lifecycle: 2, self.wipe_policy: 1, self.delete_behind_the_back: 1,
        }  # fmt: skip
        (deed,) = self.fleet.chance.choices(list(deeds), list(deeds.values()))
        deed()
        self.done[deed.__name__] += 1

    def create(self) -> None:
        """One more bucket."""
        bucket = self.fleet.another()
        self.api.create(bucket.namespace, bucket.manifest())

    def edit(self) -> None:
        """A user changes settings."""
        bucket = self.fleet.pick()
        self.fleet.edit(bucket)
        self.api.replace_spec(bucket.namespace, bucket.name, bucket.spec)

    def recreate(self) -> None:
        """A user deletes one and makes another."""
        bucket = self.fleet.pick()
        if bucket.full and bucket.spec["deletionPolicy"] == "DeleteIfEmpty":
            bucket.spec = {**bucket.spec, "deletionPolicy": "DeleteAll"}
            self.api.replace_spec(bucket.namespace, bucket.name, bucket.spec)
        self.fleet.drop(bucket)
        self.api.delete(bucket.namespace, bucket.name)
        self.create()

    def fill(self) -> None:
        """Pictures arrive."""
        bucket = self.fleet.pick()
        bucket.full = True
        for number in range(3):
            self._try(bucket, "put_object", Key=f"pictures/{number}.jpg", Body=b"picture")

    def suspend_versioning(self) -> None:
        """Somebody clicks in the console."""
        bucket = self.fleet.pick()
        if bucket.spec.get("versioning") == {"state": "Enabled"}:
            self._try(bucket, "put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"})

    def wipe_tags(self) -> None:
        """Somebody changes every tag but the owner's mark: without that nobody may know whose it is."""
        bucket = self.fleet.pick()
        found = self._try(bucket, "get_bucket_tagging") or {}
        kept = [t for t in found.get("TagSet", ()) if t["Key"].startswith("imagestore.dev/")]
        if kept:
            tags = [*kept, {"Key": "team", "Value": "theirs"}]
            self._try(bucket, "put_bucket_tagging", Tagging={"TagSet": tags})

    def wipe_lifecycle(self) -> None:
        """Somebody removes the rules."""
        self._try(self.fleet.pick(), "delete_bucket_lifecycle")

    def wipe_policy(self) -> None:
        """Somebody removes the policy."""
        self._try(self.fleet.pick(), "delete_bucket_policy")

    def delete_behind_the_back(self) -> None:
        """Somebody deletes the bucket itself."""
        bucket = self.fleet.pick()
        if not bucket.full:
            self._try(bucket, "delete_bucket")

    def consent(self) -> None:
        """A user sees that something waits for approval, and lets it go."""
        name = self.fleet.pick().name
        for found in self.api.buckets():
            if found["metadata"]["name"] >= name and self.approve_all(found):
                return

    def approve_all(self, found: Json) -> bool:
        """Let go everything that is held for this object. Whether there was something."""
        held = ((found.get("status") or {}).get("plan") or {}).get("held") or ()
        bucket = self.fleet.wanted.get(found["metadata"]["name"])
        if not held or bucket is None:
            return False
        return self.approve(bucket, [h["token"] for h in held])

    def approve(self, bucket: Bucket, tokens: list[str]) -> bool:
        """A user lets go what is held."""
        known = bucket.spec.get("approve", [])
        new = [t for t in tokens if t not in known]
        if new:
            bucket.spec = {**bucket.spec, "approve": [*known, *new][-64:]}
            self.api.replace_spec(bucket.namespace, bucket.name, bucket.spec)
            self.done["approve"] += 1
        return bool(new)

    def look_now(self, bucket: Bucket) -> None:
        """A user asks for a look."""
        bucket.fresh += 1
        bucket.spec = {**bucket.spec, "reconcileRequest": f"look-{bucket.fresh}"}
        self.api.replace_spec(bucket.namespace, bucket.name, bucket.spec)

    def _try(self, bucket: Bucket, operation: str, **parameters: Any) -> Any:
        """The store may be down, or the bucket not be there yet: then nothing happened."""
        client = self._clients.get(bucket.backend) or self.world.stores[bucket.backend].s3()
        self._clients[bucket.backend] = client
        try:
            return getattr(client, operation)(Bucket=bucket.in_store, **parameters)
        except (ClientError, BotoCoreError):
            return None
