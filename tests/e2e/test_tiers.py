"""Stories of remote tiers: a StorageBackend says where they are, and one MinIO moves objects to another."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from dev.cluster import Cluster
from dev.stores import Store, minio
from dev.stores.tiers import place, tiers_of
from dev.stores.users import add_user, remove_user
from dev.wait import eventually
from imagestore.api.tiers import TierPlace
from imagestore.backends.s3.client import Keys
from tests.e2e.harness import PATIENCE, SYSTEM, Operator, User, backend_manifests
from tests.e2e.test_policies import Policies

NOWHERE = "http://127.0.0.1:9"
MOVES = {
    "name": "cool",
    "match": {"prefix": "originals/"},
    "transitions": [{"tier": "Cool", "date": "2020-01-01"}],
}
BODY = b"a picture"


@dataclass
class Place:
    """A StorageBackend with one remote tier, and a user with a bucket that is to use it and one that is not."""

    name: str
    user: User
    policies: Policies
    remote: Store
    bucket: str

    @property
    def cluster(self) -> Cluster:
        return self.user.cluster

    @property
    def tier(self) -> str:
        """Its name in MinIO."""
        return self.name.upper()

    def apply(self, keys: Keys | None = None, **more: Any) -> None:
        """`kubectl apply` of the StorageBackend with its Secrets."""
        secret = self.secret(keys or Keys(self.remote.access_key, self.remote.secret_key))
        *others, backend = backend_manifests(self.name, self.user.store, namespaces=(self.name,))
        remote = {
            "type": "MinIO",
            "endpoint": self.remote.endpoint,
            "bucket": self.bucket,
            "credentials": {"secretRef": {"name": f"{self.name}-remote"}},
        }
        tier = {"tier": "Cool", "storageClass": self.tier, "remote": remote | more}
        backend["spec"]["tiers"] = [tier]
        self.cluster.apply(yaml.safe_dump_all([secret, *others, backend]))

    def secret(self, keys: Keys) -> dict[str, Any]:
        """What MinIO is given."""
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"{self.name}-remote", "namespace": SYSTEM},
            "stringData": {"accessKeyId": keys.access_key_id, "secretAccessKey": keys.secret_access_key},
        }

    def rotate(self, keys: Keys) -> None:
        """`kubectl apply` of the Secret alone."""
        self.cluster.apply(yaml.safe_dump(self.secret(keys)))

    def status(self) -> dict[str, Any]:
        """Of the StorageBackend, judged for its present generation."""
        found = self.cluster.get("sbe", self.name)
        status: dict[str, Any] = found.get("status") or {}
        return status if status.get("observedGeneration") == found["metadata"]["generation"] else {}

    def condition(self, type_: str) -> dict[str, Any]:
        """One of its conditions."""
        return next((c for c in self.status().get("conditions", ()) if c["type"] == type_), {})

    def await_state(self, state: str, words: str = "") -> dict[str, Any]:
        """The tier's status, once it has this state and says this."""

        def there() -> dict[str, Any] | None:
            found = self.status().get("tiers", ())
            fits = (t for t in found if t["state"] == state and words in t.get("message", ""))
            return next(fits, None)

        return (
            eventually(there, PATIENCE, lambda: f"{self.tier} is {state} {words}; it is {self.status()}")
            or {}
        )

    def in_store(self) -> tuple[TierPlace, str] | None:
        """Where MinIO says that the tier is, and whose credentials it has, as `mc ilm tier ls` would tell."""
        held = tiers_of(self.user.store, self.remote).held().get(self.tier)
        return (held.place, held.access_key) if held else None

    def events(self) -> list[str]:
        """Reasons of the StorageBackend's Events."""
        listed = self.cluster.get("events.events.k8s.io", "-A")["items"]
        return [e["reason"] for e in listed if e["regarding"].get("name") == self.name]

    def await_waiting(self, words: str) -> None:
        """The bucket that would use the tier waits, as its policy says, and the other one does not."""
        eventually(
            lambda: words in self.user.await_condition("photos", "Ready", "False", "TierNotReady")["message"],
            PATIENCE,
            "the bucket says why",
        )
        self.policies.await_words("down", words, photos="Pending")
        assert self.user.ready("plain")
        assert self.condition("Ready")["status"] == "True", "the store itself can be used"
        assert self.rules() == []

    def await_used(self) -> None:
        """The rule is in force, and was read back."""
        self.policies.await_states("down", photos="Applied")
        self.user.ready("photos")
        assert self.rules() == [self.tier]

    def rules(self) -> list[str]:
        """The classes to which rules of the bucket move objects."""
        try:
            found = self.user.s3.get_bucket_lifecycle_configuration(Bucket=self.user.bucket("photos"))
        except self.user.s3.exceptions.ClientError:
            return []
        return [t["StorageClass"] for r in found["Rules"] for t in r.get("Transitions", ())]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    """A MinIO, and another one that knows nothing of it."""
    directory = tmp_path_factory.mktemp("tiers")
    with minio(directory, name="hot", kms=False) as hot, minio(directory, name="cold", kms=False) as cold:
        yield hot, cold


@pytest.fixture
def at(
    request: pytest.FixtureRequest, running: Operator, installed: Cluster, pair: tuple[Store, Store]
) -> Iterator[Place]:
    """A place of the test's own; the remote bucket is there."""
    hot, cold = pair
    name = request.node.name.removeprefix("test_a_tier_").replace("_", "-")
    installed.kubectl("create", "namespace", name)
    user = User(installed, name, name, hot)
    made = Place(name, user, Policies(user), cold, f"for-{name}")
    cold.s3().create_bucket(Bucket=made.bucket)
    user.apply("photos")
    user.apply("plain", versioning={"state": "Enabled"})
    made.policies.apply("down", MOVES, bucketRefs=[{"name": "photos"}])
    yield made
    installed.kubectl("delete", "ib", "--all", "-n", name, "--timeout=90s")
    installed.kubectl("delete", "sbe", name, "--ignore-not-found", "--timeout=90s")


def test_a_tier_is_made(at: Place, running: Operator) -> None:
    keys = add_user(at.remote)
    at.apply(keys)
    told = at.await_state("InSync")
    assert told["place"] == {"type": "MinIO", "endpoint": at.remote.endpoint, "bucket": at.bucket}
    held = at.in_store()
    assert held is not None
    assert (held[0].bucket, held[1]) == (at.bucket, keys.access_key_id)
    eventually(lambda: "TierAdded" in at.events(), PATIENCE, lambda: str(at.events()))
    at.await_used()
    photos = at.user.bucket("photos")
    at.user.s3.put_object(Bucket=photos, Key="originals/a.jpg", Body=BODY)

    def shown() -> str:
        return str(at.user.s3.head_object(Bucket=photos, Key="originals/a.jpg").get("StorageClass"))

    eventually(lambda: shown() == at.tier, PATIENCE, lambda: f"it moves; its class is {shown()}")
    assert at.remote.s3().list_objects_v2(Bucket=at.bucket)["KeyCount"] == 1, "its bytes are over there"
    assert at.user.s3.get_object(Bucket=photos, Key="originals/a.jpg")["Body"].read() == BODY

    rotated = add_user(at.remote)
    at.rotate(rotated)
    eventually(lambda: (at.in_store() or ("", ""))[1] == rotated.access_key_id, PATIENCE, "MinIO has them")
    remove_user(at.remote, keys)
    # The store has them before the status says so, which was InSync before; the Event comes last.
    eventually(lambda: "TierRenewed" in at.events(), PATIENCE, lambda: str(at.events()))
    at.await_state("InSync")
    assert at.user.s3.get_object(Bucket=photos, Key="originals/a.jpg")["Body"].read() == BODY
    assert at.events().count("TierRenewed") == 1
    said = running.log() + json.dumps(at.cluster.get("sbe,ib,lcp", "-A"))
    said += json.dumps(at.cluster.get("events.events.k8s.io", "-A"))
    for each in (keys, rotated, Keys(at.user.store.access_key, at.user.store.secret_key)):
        assert each.secret_access_key not in said


def test_a_tier_somewhere_else_is_left_alone(at: Place) -> None:
    at.remote.s3().create_bucket(Bucket="by-hand")
    tiers_of(at.user.store, at.remote, at.tier).add(at.tier, place(at.remote, "by-hand"))
    before = at.in_store()
    at.apply()
    told = at.await_state("Differs", f"bucket is by-hand, not {at.bucket}")
    assert told["place"]["bucket"] == "by-hand"
    assert "give the new place a storageClass of its own" in told["message"]
    assert at.condition("TierNotReady")["reason"] == "TierDiffers"
    at.await_waiting("bucket is by-hand")
    assert at.in_store() == before, "never changed"
    at.apply(bucket="by-hand")
    at.await_state("InSync")
    at.await_used()
    assert at.condition("TierNotReady") == {}


def test_a_tier_with_wrong_credentials_waits(at: Place) -> None:
    wrong = Keys(at.remote.access_key, "not-the-secret-of-anybody")
    at.apply(wrong)
    at.await_state("Missing", "The request signature we calculated does not match")
    assert at.condition("TierNotReady")["reason"] == "TierMissing"
    at.await_waiting("The request signature we calculated does not match")
    assert at.in_store() is None
    right = Keys(at.remote.access_key, at.remote.secret_key)
    at.rotate(right)
    at.await_state("InSync")
    at.await_used()
    at.rotate(wrong)
    at.await_state("Stale", "The request signature we calculated does not match")
    assert at.user.ready("photos"), "what is there goes on with the credentials that it has"
    at.cluster.kubectl("delete", "secret", f"{at.name}-remote", "-n", SYSTEM)
    at.await_state("Stale", f"names the Secret {at.name}-remote, which is not")
    at.rotate(right)
    at.await_state("InSync")


def test_a_tier_that_does_not_answer_waits(at: Place) -> None:
    at.apply(endpoint=NOWHERE)
    at.await_state("Missing", "connection refused")
    at.await_waiting("connection refused")
    at.apply()
    at.await_used()


def test_a_tier_is_never_removed(at: Place) -> None:
    at.apply()
    at.await_used()
    *_, backend = backend_manifests(at.name, at.user.store, namespaces=(at.name,))
    at.cluster.apply(yaml.safe_dump(backend))
    eventually(lambda: at.status() and not at.status().get("tiers"), PATIENCE, "nothing is said of it")
    assert at.in_store() is not None
    at.policies.await_states("down", photos="Lossy")
    at.cluster.kubectl("delete", "ib", "--all", "-n", at.name, "--timeout=90s")
    at.cluster.kubectl("delete", "sbe", at.name, "--timeout=90s")
    assert at.in_store() is not None
