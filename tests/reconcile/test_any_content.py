"""No content of a store is an error of the spec, stops another setting or later looks, or costs a reconcile."""

from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dev.testing.examples import examples
from imagestore.backends.base import Remains
from imagestore.backends.s3.backend import S3Backend
from imagestore.reconcile.bucket.situation import BucketSituation, Referenced
from tests.backends.documents import ROWS, RawStore, documents, marked
from tests.reconcile.world import MARK, World, backend_spec

OTHERS = {name: Referenced("memory", f"shop--{name}", True) for name in ("audit", "logs")}
TIERS = {"Cool": "STANDARD_IA", "Cold": "GLACIER_IR", "Archive": "DEEP_ARCHIVE"}
SPEC: dict[str, Any] = {
    "versioning": {"state": "Enabled", "mfaDelete": "Disabled"},
    "encryption": {"algorithm": "SSE-S3"},
    "tags": {"team": "shop"},
    "publicAccessBlock": {"blockPublicAcls": True},
    "policy": {
        "statements": [
            {
                "sid": "cdn", "effect": "Allow", "principals": ["*"], "actions": ["s3:GetObject"],
                "resources": ["public/*"],
                "conditions": [{"operator": "StringLike", "key": "s3:prefix", "values": ["", "home/"]}],
            }
        ]
    },
    "cors": {"rules": [{"allowedOrigins": ["*"], "allowedMethods": ["GET"]}]},
    "lifecycle": {"rules": [{"name": "uploads", "abortIncompleteMultipartUpload": {"days": 3}}]},
    "ownership": {"objectOwnership": "BucketOwnerPreferred"},
    "requestPayment": {"payer": "BucketOwner"},
    "transferAcceleration": {"state": "Suspended"},
    "website": {"indexDocument": "index.html"},
    "intelligentTiering": {"configurations": [{"name": "old", "tierings": [{"tier": "Archive", "days": 90}]}]},
    "requestMetrics": {"configurations": [{"name": "all"}]},
    "storageClassAnalysis": {"configurations": [{"name": "all"}]},
    "logging": {"targetBucketRef": {"name": "audit"}, "prefix": "photos/"},
    "inventory": {
        "configurations": [
            {
                "name": "weekly", "schedule": "Weekly", "includedVersions": "Current",
                "destination": {"bucketRef": {"name": "audit"}, "format": "CSV"},
            }
        ]
    },
    "notifications": {
        "queues": [{"name": "new", "arn": "arn:aws:sqs:here:1:new", "events": ["s3:ObjectCreated:*"]}]
    },
    "acl": {"grants": []},
}  # fmt: skip


class WithoutObjects(S3Backend):
    """A store of which these tests read settings alone: its buckets are empty."""

    def remains(self, bucket: str) -> Remains:
        return Remains(0, 0)


@dataclass
class RawWorld(World):
    """As ``World``, on a store of raw documents."""

    raw: RawStore = field(default_factory=RawStore)

    def situation(self) -> BucketSituation:
        s = super().situation()
        made = WithoutObjects("memory", "AWS", "https://store.example", "here", self.raw, tiers=TIERS)
        return replace(s, store=replace(s.store, backend=made))

    def states(self) -> dict[str, str]:
        """Of every setting."""
        return {f["name"]: f["state"] for f in self.status["facets"]}


ALWAYS = ("versioning", "encryption", "tags", "policy")


def settled(facet: str) -> RawWorld:
    """This setting and a few others are as wished."""
    world = RawWorld(
        backend_spec=backend_spec(allowPublic=True, allowedNotificationTargets=["arn:aws:sqs:*"]),
        others=dict(OTHERS),
    )
    world.apply(**{n: SPEC[n] for n in SPEC if n in {*ALWAYS, facet}}).settle()
    assert world.ready == ("True", "InSync"), world.status
    return world


def another(world: RawWorld) -> RawWorld:
    """A copy that can be spoiled."""
    raw = RawStore(deepcopy(world.raw.documents), made=True)
    return replace(world, raw=raw, events=[], status=deepcopy(world.status))


def looked(world: RawWorld, times: int) -> RawWorld:
    """So many periodic looks, and each is followed by another."""
    for _ in range(times):
        world.later(minutes=10).step()
        assert world.wait is not None
        assert world.ready[1] not in {"SpecNotUnderstood", "InternalError"}
    return world


@pytest.mark.parametrize("facet", [f for f in ROWS if f in SPEC])
@given(data=st.data())
@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_one_setting_holds_the_others_go_on(facet: str, data: st.DataObject) -> None:
    world = another(_at_rest(facet))
    wished = world.raw.documents.get(facet)
    document = data.draw(documents(facet))
    world.raw.documents[facet] = marked(document, MARK) if facet == "tags" else document
    other = "versioning" if facet != "versioning" else "encryption"
    good = world.raw.documents.pop(other)
    states = looked(world, 6).states()
    assert world.raw.documents[other] == good, "what else had drifted is mended"
    assert {n for n, s in states.items() if s != "InSync"} <= {facet}, states
    world.raw.documents |= {facet: wished} if wished is not None else {}
    if wished is None:
        world.raw.documents.pop(facet)
    assert looked(world, 4).ready == ("True", "InSync"), "and once it is put right, all is well"


_at_rest = cache(settled)


NAMELESS: dict[str, Any] = {"CORSRules": [{"AllowedMethods": ["GET"]}]}  # no model can say of what origin
STRONGER = {
    "ServerSideEncryptionConfiguration": {
        "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms:dsse"}}]
    }
}


@pytest.mark.parametrize("wish", [SPEC["cors"], {"rules": []}])
def test_what_no_model_can_say_is_replaced_where_nobody_else_has_a_part_in_it(wish: Any) -> None:
    world = another(_at_rest("cors"))
    world.edit(cors=wish).settle()
    held = world.raw.documents.get("cors")
    world.raw.documents["cors"] = NAMELESS
    assert looked(world, 4).ready == ("True", "InSync")
    assert world.raw.documents.get("cors") == held


def test_what_no_model_can_say_goes_with_the_wish() -> None:
    world = another(_at_rest("cors"))
    world.raw.documents["cors"] = NAMELESS
    world.apply(**{n: SPEC[n] for n in ALWAYS}).settle()
    assert world.ready == ("True", "InSync")
    assert "cors" not in world.raw.documents


def test_what_may_protect_more_is_replaced_only_by_consent() -> None:
    """An edit of a wish would have lifted an encryption that this version has no word for."""
    world = another(_at_rest("cors"))
    world.raw.documents["encryption"] = STRONGER
    states = looked(world, 4).states()
    assert world.raw.documents["encryption"] == STRONGER
    assert states["encryption"] == "Held"
    (held,) = world.status["plan"]["held"]
    assert "represent the value of encryption in the store, and would replace it as a whole" in held["why"]
    world.edit(approve=[held["token"]]).settle()
    assert world.raw.documents["encryption"] != STRONGER
    assert world.ready == ("True", "InSync")
