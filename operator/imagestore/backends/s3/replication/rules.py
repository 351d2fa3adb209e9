"""Replication rules. Ours carry the id ``imagestore/<origin>/<name>`` as lifecycle rules do; others go back as they were found.

Amazon keeps one role for all rules of a bucket. MinIO keeps none: a rule there names a target, which ``calls`` makes and
puts in place of what is written here as ``Target``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from imagestore.backends.s3.lifecycle.match import only
from imagestore.backends.s3.lifecycle.rules import OWN, RULE_PREFIX
from imagestore.backends.s3.settings import verbatim
from imagestore.backends.s3.settings.named import named_filter, named_scope
from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.backends.s3.settings.verbatim import XML
from imagestore.core.errors import Rejected
from imagestore.core.render import quote
from imagestore.core.units import byte_count, quantity
from imagestore.facets.replication import (
    ReplicaDestination,
    ReplicaRef,
    Replication,
    ReplicationRule,
    derived_priority,
)

TARGET = "Target"  # of a rule's Destination: what MinIO's target is to be, or is
DOCUMENT = "ReplicationConfiguration"
_MINUTES = {"Minutes": 15}  # the only time that Amazon offers
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_KNOWN = {
    "ID", "Priority", "Status", "Filter", "SourceSelectionCriteria", "ExistingObjectReplication", "Destination",
    "DeleteMarkerReplication", "DeleteReplication", XML,
}  # fmt: skip
_PLACES = {"Bucket", "StorageClass", "ReplicationTime", "Metrics", TARGET}

RawRule = Mapping[str, Any]
Encoded = dict[str, Any]


def decode(answer: StoreAnswer, at: BucketPlace) -> Replication | None:
    """Rules that are not ours, or that no model can say (a KMS key), keep their XML in ``raw``."""
    document, names = answer.get(DOCUMENT) or {}, set[str]()
    rules = tuple(_rule(raw, document, at, names) for raw in document.get("Rules") or ())
    return Replication.from_store(rules=rules) if rules else None


def _rule(raw: RawRule, document: StoreAnswer, at: BucketPlace, names: set[str]) -> ReplicationRule:
    identity = raw.get("ID") or ""
    name = identity.removeprefix(RULE_PREFIX)
    if identity.startswith(RULE_PREFIX) and _NAME.fullmatch(name):
        mine = _understood(name.removeprefix(OWN), raw, document, at)
        if mine and mine.name not in names:
            names.add(mine.name)
            return mine
    alien = verbatim.alien(identity, raw[XML], names)
    shown = _understood(alien, raw, document, at) or _shown(alien, raw)
    return shown.model_copy(update={"raw": raw[XML]})


def _shown(name: str, raw: RawRule) -> ReplicationRule:
    """What there is a word for, of a rule that says more than a model can."""
    bucket = str((raw.get("Destination") or {}).get("Bucket") or "").rpartition(":")[2]
    to = ReplicaDestination.from_store(bucket_ref=ReplicaRef.from_store(bucket=bucket))
    state = raw["Status"] if raw.get("Status") in ("Enabled", "Disabled") else None
    return ReplicationRule.from_store(name=name, state=state, destination=to)


def _understood(name: str, raw: RawRule, document: StoreAnswer, at: BucketPlace) -> ReplicationRule | None:
    """The rule, or None if it says more than a model can."""
    try:
        return _strictly(name, raw, document, at)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _strictly(name: str, raw: RawRule, document: StoreAnswer, at: BucketPlace) -> ReplicationRule:
    if strange := verbatim.unknown(raw):
        raise ValueError(f"{', '.join(strange)}: not known here")
    only(raw, _KNOWN)
    criteria = raw.get("SourceSelectionCriteria") or {}
    only(criteria, {"ReplicaModifications"})
    return ReplicationRule.from_store(
        name=name,
        state=raw["Status"],
        priority=None if raw.get("Priority") == derived_priority(name) else raw.get("Priority") or None,
        filter=named_scope(_scope(raw.get("Filter") or {})),
        destination=_destination(raw["Destination"], document, at),
        delete_markers=_on(raw, "DeleteMarkerReplication"),
        permanent_deletes=_on(raw, "DeleteReplication"),
        existing_objects=_on(raw, "ExistingObjectReplication"),
        replica_modifications=_on(criteria, "ReplicaModifications"),
        replication_time_control=_on(raw["Destination"], "ReplicationTime"),
    )


def _scope(raw: RawRule) -> RawRule:
    """The filter with a value for each tag: MinIO leaves an empty one out, and answers a filter without tags with an empty tag."""
    inner = raw.get("And") or {}
    tags = [{"Value": "", **tag} for tag in inner.get("Tags") or ()]
    one = {"Tag": {"Value": "", **raw["Tag"]}} if (raw.get("Tag") or {}).get("Key") else {}
    whole = {"And": {**inner, "Tags": tags}} if inner else {}
    return {k: v for k, v in raw.items() if k not in ("Tag", "And")} | one | whole


def _on(raw: RawRule, name: str) -> bool | None:
    """A switch, None where it is off."""
    return True if (raw.get(name) or {}).get("Status") == "Enabled" else None


def _destination(raw: RawRule, document: StoreAnswer, at: BucketPlace) -> ReplicaDestination:
    only(raw, _PLACES)
    if _on(raw, "Metrics") != _on(raw, "ReplicationTime"):
        raise ValueError("metrics without replication time control")
    bucket, target = str(raw["Bucket"]).rpartition(":")[2], raw.get(TARGET)
    classes = {store: tier for tier, store in at.tiers.items()}
    store = target["Store"] if target else at.stores.get(bucket)
    access = target["Access"] if target else ("Current" if document.get("Role") == at.role else "Stale")
    return ReplicaDestination.from_store(
        bucket_ref=ReplicaRef.from_store(bucket=bucket, store=store, access=access),
        tier=classes[raw["StorageClass"]] if raw.get("StorageClass") else None,
        synchronous=(target and target["Synchronous"]) or None,
        bandwidth=quantity(target["Bandwidth"]) if target and target["Bandwidth"] else None,
    )


def _encoder(
    rule: Callable[[ReplicationRule, BucketPlace], Encoded], *, role: bool
) -> Callable[..., Parameters]:
    """How one document is made of all rules. ``role``: the store assumes one."""

    def encode(value: Replication, at: BucketPlace) -> Parameters:
        rules = [{XML: r.raw} if r.raw else _usual(r) | rule(r, at) for r in _sent(value)]
        return {DOCUMENT: {"Role": at.role if role else "", "Rules": rules}}

    return encode


def _sent(value: Replication) -> list[ReplicationRule]:
    """Of two rules with the same id ours: the other is ours as another program changed it."""
    ours = {_id(rule.name) for rule in value.rules if not rule.raw}
    return [rule for rule in value.rules if not (rule.raw and verbatim.text_of(rule.raw, "ID") in ours)]


def _id(name: str) -> str:
    return RULE_PREFIX + (name if "/" in name else OWN + name)


def _usual(rule: ReplicationRule) -> Encoded:
    """What all stores are told."""
    said = rule.canonical()
    return {
        "ID": _id(rule.name),
        "Priority": said.priority,
        "Status": said.state,
        "DeleteMarkerReplication": _switch(on=rule.delete_markers),
        **(named_filter(rule.filter) or {"Filter": {"Prefix": ""}}),
    }


def _switch(*, on: bool | None) -> dict[str, str]:
    return {"Status": "Enabled" if on else "Disabled"}


def _for_amazon(rule: ReplicationRule, at: BucketPlace) -> Encoded:
    to, timed = rule.destination, rule.replication_time_control
    time = {
        "ReplicationTime": {"Status": "Enabled", "Time": _MINUTES},
        "Metrics": {"Status": "Enabled", "EventThreshold": _MINUTES},
    }
    return {
        "Destination": {
            "Bucket": BucketPlace(to.bucket_ref.bucket or "", at.partition).arn,
            **({"StorageClass": at.tiers[to.tier]} if to.tier else {}),
            **(time if timed else {}),
        },
        **(
            {"SourceSelectionCriteria": {"ReplicaModifications": _switch(on=True)}}
            if rule.replica_modifications
            else {}
        ),
    }


def _for_minio(rule: ReplicationRule, _at: BucketPlace) -> Encoded:
    """Each switch is said: MinIO turns an absent ReplicaModifications on."""
    to = rule.destination
    target = {
        "Store": to.bucket_ref.store or "",
        "Synchronous": bool(to.synchronous),
        "Bandwidth": byte_count(to.bandwidth) if to.bandwidth else 0,
    }
    return {
        "Destination": {"Bucket": to.bucket_ref.bucket or "", TARGET: target},
        "DeleteReplication": _switch(on=rule.permanent_deletes),
        "ExistingObjectReplication": _switch(on=rule.existing_objects),
        "SourceSelectionCriteria": {"ReplicaModifications": _switch(on=rule.replica_modifications)},
    }


def foreign(value: Replication) -> dict[str, Any]:
    """What the rules that are not ours mean, by name, of those that are sent."""
    return {rule.name: verbatim.meaning(rule.raw) for rule in _sent(value) if rule.raw}


def _beside_role(answer: StoreAnswer, sent: Parameters) -> Parameters:
    """Others' rules would be carried out with our role. Rejected where it is another than theirs."""
    theirs = (answer.get(DOCUMENT) or {}).get("Role") or ""
    if theirs != sent[DOCUMENT]["Role"] and any(XML in rule for rule in sent[DOCUMENT]["Rules"]):
        raise Rejected(
            f"the bucket has replication rules of others, which use the role {quote(theirs, 200)}, and one bucket has one"
            " role; set spec.replication.role of the StorageBackend to it, or remove these rules",
            code="AnotherRole",
            operation="PutBucketReplication",
        )
    return _beside(answer, sent)


def _beside_target(answer: StoreAnswer, sent: Parameters) -> Parameters:
    """Old versions of mc wrote a target as the role of all rules."""
    kept = {DOCUMENT: {**sent[DOCUMENT], "Role": (answer.get(DOCUMENT) or {}).get("Role") or ""}}
    return _beside(answer, kept)


def _beside(answer: StoreAnswer, sent: Parameters) -> Parameters:
    return verbatim.beside(answer.get(DOCUMENT) or {}, sent, DOCUMENT)


_ADVICE = (
    "Amazon needs versioning on both buckets, and a role that trusts s3.amazonaws.com and that the operator may pass"
    " (iam:PassRole): see spec.replication.role of the StorageBackend"
)

REPLICATION = Setting(
    facet="replication",
    read="GetBucketReplication",
    write="PutBucketReplication",
    clear="DeleteBucketReplication",
    decode=decode,
    encode=_encoder(_for_amazon, role=True),
    permissions=("s3:GetReplicationConfiguration", "s3:PutReplicationConfiguration", "iam:PassRole"),
    absent=frozenset({"ReplicationConfigurationNotFoundError"}),
    beside=_beside_role,
    foreign=foreign,
    advice=lambda *_: _ADVICE,
)

TARGETED = replace(
    REPLICATION, encode=_encoder(_for_minio, role=False), beside=_beside_target, advice=lambda *_: ""
)
