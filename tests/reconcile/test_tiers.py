"""Remote tiers: made, renewed, never moved and never removed; and who waits for one."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.api.storagebackend import StorageBackendSpec, StorageBackendStatus
from imagestore.api.tiers import Remote, TierPlace
from imagestore.backends.base import HeldTier
from imagestore.backends.memory import MemoryBackend, MemoryStore
from imagestore.core.conditions import find, violations
from imagestore.core.errors import Rejected, StoreError, Unavailable
from imagestore.core.outcome import Outcome, Requeue
from imagestore.reconcile.backend.reconcile import reconcile
from imagestore.reconcile.backend.remote_tiers import TIER_REASONS, unready
from imagestore.reconcile.shared.situation import Meta, Settings, Store
from tests.reconcile.test_storagebackend import NOW, situation
from tests.reconcile.world import World

WHERE = {"type": "MinIO", "endpoint": "http://cold.example:9000/", "bucket": "cold"}
COOL = {"rules": [{"name": "cool", "transitions": [{"tier": "Cool", "days": 30}]}]}


@dataclass
class MemoryRemotes:
    """A store's remote tiers in memory. It counts what it is told, and may refuse all of it."""

    key: str = "key"
    secret: str = "secret"
    tiers: dict[str, HeldTier] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    refuses: StoreError | None = None
    silent: bool = False
    forgets: bool = False

    def held(self) -> dict[str, HeldTier]:
        if self.silent:
            raise Unavailable("no answer")
        return dict(self.tiers)

    def fingerprint(self, name: str) -> str:
        if not self.secret:
            raise Rejected("there is no Secret cold")
        return f"{name}-{hash((self.key, self.secret)):x}"[:64]

    def access_key(self, name: str) -> str:
        return self.key

    def add(self, name: str, remote: Remote) -> None:
        self._tell(f"add {name}")
        if not self.forgets:
            self.tiers[name] = HeldTier(place(**remote.to_json()), self.key)

    def renew(self, name: str) -> None:
        self._tell(f"renew {name}")
        self.tiers[name] = HeldTier(self.tiers[name].place, self.key)

    def _tell(self, what: str) -> None:
        self.told.append(what)
        if self.refuses:
            raise self.refuses


def place(**changed: Any) -> TierPlace:
    said = {**WHERE, **changed}
    return TierPlace.model_validate({**said, "endpoint": said["endpoint"].rstrip("/")})


def spec(*tiers: str, **remote: Any) -> StorageBackendSpec:
    """A MinIO with remote tiers of these names."""
    credentials = {"secretRef": {"name": "cold"}}
    names = zip(("Cool", "Cold", "Archive"), tiers or ("WARM",), strict=False)
    said = {**WHERE, "credentials": credentials, **remote}
    return StorageBackendSpec.model_validate(
        {
            "provider": "MinIO",
            "s3": {"endpoint": "https://hot.example", "region": "here"},
            "credentials": {"ambient": {}},
            "admin": {"endpoint": "https://hot.example", "credentials": {"ambient": {}}},
            "namespaces": {"names": ["shop"]},
            "tiers": [
                {"tier": t, "storageClass": n, "remote": {**said, "prefix": n.lower()} if tiers else said}
                for t, n in names
            ],
        }
    )


def visit(
    remotes: MemoryRemotes,
    before: StorageBackendStatus | None = None,
    wished: StorageBackendSpec | None = None,
    *,
    answers: bool = True,
) -> Outcome[StorageBackendStatus]:
    """One reconcile; the status passes through JSON and the rules of kstatus."""
    store = MemoryStore() if answers else MemoryStore(fault=_silence)
    backend = MemoryBackend(store, FACETS, remotes=remotes)
    known = StorageBackendStatus.model_validate_json((before or StorageBackendStatus()).model_dump_json())
    meta = Meta("", "eu", "uid", 1, NOW, finalized=True)
    outcome = reconcile(situation(meta, known, Store(wished or spec(), backend)))
    assert outcome.status is not None
    assert not violations(outcome.status.conditions, 1, outcome.status.observed_generation)
    ready = find(outcome.status.conditions, "Ready")
    assert ready is not None
    assert ready.status == str(answers), "whatever becomes of tiers"
    return outcome


def _silence(operation: str, bucket: str) -> None:
    raise Unavailable("no answer")


def told(outcome: Outcome[StorageBackendStatus]) -> tuple[list[str], str, str]:
    """States of the tiers, and the condition's reason and message."""
    assert outcome.status is not None
    trouble = find(outcome.status.conditions, "TierNotReady")
    states: list[str] = [t.state for t in outcome.status.tiers]
    return states, trouble.reason if trouble else "", trouble.message if trouble else ""


def test_what_is_not_there_is_made_once() -> None:
    remotes = MemoryRemotes()
    made = visit(remotes)
    assert told(made) == (["InSync"], "", "")
    assert [n.reason for n in made.events] == ["Answered", "TierAdded"]
    again = visit(remotes, made.status)
    assert (again.status, again.events) == (made.status, ()), "the same status is no write"
    assert remotes.told == ["add WARM"]


def test_it_is_there_only_when_the_store_lists_it() -> None:
    outcome = visit(MemoryRemotes(forgets=True))
    assert told(outcome)[:2] == (["Missing"], "TierMissing")
    assert isinstance(outcome.then, Requeue)
    assert outcome.then.seconds < Settings("prod").default_interval


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"endpoint": "http://other.example:9000"}, "endpoint is http://other.example:9000, not http://cold.example:9000"),
        ({"bucket": "other"}, "bucket is other, not cold"),
        ({"prefix": "a"}, "prefix is a, not absent"),
        ({"type": "azure"}, "type is azure, not MinIO"),
    ],
)  # fmt: skip
def test_what_is_somewhere_else_is_left_alone(changed: dict[str, str], words: str) -> None:
    remotes = MemoryRemotes(tiers={"WARM": HeldTier(place(**changed), "key")})
    states, reason, message = told(visit(remotes))
    assert (states, reason, remotes.told) == (["Differs"], "TierDiffers", [])
    assert words in message
    assert "spec.tiers[tier=Cool].remote, or give the new place a storageClass of its own" in message


def test_region_and_class_count_only_if_they_are_wished() -> None:
    there = place(type="S3", region="eu", storageClass="COLD")
    known = MemoryRemotes(tiers={"WARM": HeldTier(there, "key")})
    assert told(visit(known, wished=spec(type="S3")))[0] == ["InSync"]
    assert told(visit(known, wished=spec(type="S3", region="eu", storageClass="COLD")))[0] == ["InSync"]
    message = told(visit(known, wished=spec(type="S3", region="us", storageClass="ICE")))[2]
    assert "region is eu, not us, storageClass is COLD, not ICE" in message


def test_credentials_are_renewed_when_they_change_and_only_then() -> None:
    remotes = MemoryRemotes()
    first = visit(remotes)
    remotes.secret = "rotated"
    second = visit(remotes, first.status)
    assert [n.reason for n in second.events] == ["TierRenewed"]
    visit(remotes, second.status)
    assert remotes.told == ["add WARM", "renew WARM"]
    # Somebody gave it other credentials: that the store tells.
    remotes.tiers["WARM"] = HeldTier(remotes.tiers["WARM"].place, "somebody's")
    assert told(visit(remotes, second.status))[0] == ["InSync"]
    # Nobody remembers what was given: a rebuilt cluster, or a tier that was made by hand.
    visit(remotes)
    assert remotes.told[2:] == ["renew WARM", "renew WARM"]


def test_credentials_that_are_refused_leave_the_tier_as_it_was() -> None:
    remotes = MemoryRemotes()
    first = visit(remotes)
    remotes.secret, remotes.refuses = "wrong", Rejected("does not match")
    refused = visit(remotes, first.status)
    assert told(refused) == (["Stale"], "TierStale", "WARM: does not match")
    assert refused.status is not None
    assert unready(spec(), refused.status) == {}, "it still works, so nobody need wait"
    assert [n.reason for n in refused.events] == ["TierStale"]
    assert visit(remotes, refused.status).events == (), "told once"
    remotes.secret, remotes.refuses = "secret", None
    assert told(visit(remotes, refused.status))[0] == ["InSync"]
    assert remotes.told.count("renew WARM") == 2, "back to what it has: nothing to renew"


def test_one_in_trouble_is_none_of_the_others() -> None:
    remotes = MemoryRemotes(tiers={"ICE": HeldTier(place(prefix="elsewhere"), "key")})
    states, reason, message = told(visit(remotes, wished=spec("WARM", "ICE")))
    assert (states, reason) == (["InSync", "Differs"], "TierDiffers")
    assert message.startswith("ICE: ")


def test_a_missing_secret_is_said() -> None:
    remotes = MemoryRemotes(secret="")
    assert told(visit(remotes)) == (["Missing"], "TierMissing", "WARM: there is no Secret cold")
    assert remotes.told == []


def test_what_does_not_answer_tells_nothing_new() -> None:
    remotes = MemoryRemotes()
    known = visit(remotes).status
    assert told(visit(remotes, known, answers=False)) == (["InSync"], "", "")
    remotes.silent = True
    states, reason, message = told(visit(remotes, known))
    assert (states, reason) == (["InSync"], "Unavailable")
    assert message == "the remote tiers cannot be read: no answer"


def test_what_the_spec_has_no_more_is_not_spoken_of() -> None:
    remotes = MemoryRemotes()
    known = visit(remotes, wished=spec("WARM", "ICE")).status
    assert told(visit(remotes, known, spec("WARM")))[0] == ["InSync"]
    assert set(remotes.tiers) == {"WARM", "ICE"}
    assert remotes.told == ["add WARM", "add ICE"]


def test_a_bucket_waits_for_its_tier_and_leaves_its_rules_as_they_are() -> None:
    world = World(backend_spec=spec())
    world.apply(lifecycle=COOL, versioning={"state": "Enabled"})
    world.unready = {"Cool": "WARM: connection refused"}
    world.settle()
    waiting = world.condition("Ready")
    assert waiting is not None
    assert waiting.message == (
        "lifecycle: lifecycle.rules[name=cool].transitions[tier=Cool].tier waits for the administrator's tier Cool:"
        " WARM: connection refused"
    )
    assert world.ready == ("False", "TierNotReady")
    assert set(world.bucket.facets) == {"tags", "versioning"}, "the bucket is made, and its other settings"
    world.unready = {}
    world.settle()
    assert world.ready == ("True", "InSync")
    assert "lifecycle" in world.bucket.facets
    world.unready = {"Cool": "WARM: bucket is other, not cold"}
    world.settle()
    assert world.ready == ("False", "TierNotReady")
    assert "lifecycle" in world.bucket.facets, "nothing is taken away"
    world.edit(lifecycle={"rules": [{"name": "tmp", "expire": {"days": 1}}]})
    world.settle()
    assert world.ready == ("True", "InSync"), "who does not use it does not wait"


def test_a_spec_that_was_changed_is_judged_by_what_was_read() -> None:
    """Between the edit of a StorageBackend and its next look no rule may be written for another place."""
    status = visit(MemoryRemotes()).status
    assert status is not None
    assert unready(spec(), status) == {}
    assert "bucket is cold, not other" in unready(spec(bucket="other"), status)["Cool"]
    assert unready(spec(), StorageBackendStatus()) == {"Cool": "WARM: it does not exist yet"}


@dataclass
class Elsewhere(MemoryRemotes):
    """A store that takes a tier and keeps it in another bucket than it was told."""

    def add(self, name: str, remote: Remote) -> None:
        super().add(name, remote)
        self.tiers[name] = HeldTier(place(bucket="other"), self.key)


def test_what_a_store_made_elsewhere_is_not_there() -> None:
    """The store's answer to the making proves nothing: what it lists afterwards does."""
    outcome = visit(Elsewhere())
    states, reason, message = told(outcome)
    assert (states, reason) == (["Differs"], TIER_REASONS["Differs"])
    assert "other" in message
    assert "TierAdded" not in [e.reason for e in outcome.events]
