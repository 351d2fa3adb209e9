"""A ``call`` that stands before MinIO's: rules name destinations, and what MinIO has of them are targets.

A read gets each rule's target beside it. A write makes and corrects the targets first, since MinIO takes no rule without
one. Afterwards it removes the targets that only our rules had, and begins to copy what was there before.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from imagestore.backends.guard.call import Call
from imagestore.backends.replicating import ReplicationPeer
from imagestore.backends.s3.client import Keys
from imagestore.backends.s3.lifecycle.rules import RULE_PREFIX
from imagestore.backends.s3.replication.measured import rules_in_force
from imagestore.backends.s3.replication.rules import DOCUMENT, REPLICATION, TARGET
from imagestore.backends.s3.replication.targets import (
    HandedKeys,
    ReplicationTarget,
    targets_of,
    told_target,
    with_port,
)
from imagestore.backends.s3.settings.verbatim import XML
from imagestore.core.errors import Denied, Rejected, StoreError

_SET = "admin:SetRemoteTarget"
_RIGHTS = (
    "the rights that the user needs are in the reference of the StorageBackend that receives the copies, at"
    " spec.replication.credentials"
)
Targets = dict[str, ReplicationTarget]
ToldRule = Mapping[str, Any]


@dataclass(frozen=True)
class TargetedCalls:
    """``peers``: the destinations that are known, by the name of their ImageBucket."""

    call: Call
    peers: Mapping[str, ReplicationPeer] = field(default_factory=dict)
    handed: HandedKeys = field(default_factory=HandedKeys)

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if operation == REPLICATION.read:
            return self._read(parameters)
        if operation == REPLICATION.write:
            return self._write(parameters["Bucket"], parameters)
        return self.call(operation, parameters)

    def _read(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.call(REPLICATION.read, parameters)
        document = answer.get(DOCUMENT) or {}
        if not document.get("Rules"):
            return answer
        targets = targets_of(self.call, parameters["Bucket"])
        access = {arn: self._access(parameters["Bucket"], t, targets) for arn, t in targets.items()}
        rules = [self._told(rule, targets, access) for rule in document["Rules"]]
        return {**answer, DOCUMENT: {**document, "Rules": rules}}

    def _told(self, rule: ToldRule, targets: Targets, access: Mapping[str, str | None]) -> ToldRule:
        """The rule with its target; without one if MinIO has lost it."""
        to = rule.get("Destination") or {}
        target = targets.get(to.get("Bucket") or "")
        if target is None:
            lost = {"Store": None, "Access": "Stale", "Synchronous": False, "Bandwidth": 0}
            return {**rule, "Destination": {**to, TARGET: lost}}
        peer = self._peer_at(target)
        told = {
            "Arn": target.arn,
            "Store": peer.store if peer else target.endpoint,
            "Access": access[target.arn],
            "Synchronous": target.synchronous,
            "Bandwidth": target.bandwidth,
        }
        return {**rule, "Destination": {**to, "Bucket": target.bucket, TARGET: told}}

    def _peer_at(self, target: ReplicationTarget) -> ReplicationPeer | None:
        here = (target.endpoint, target.bucket)
        return next((p for p in self.peers.values() if (with_port(p.endpoint), p.bucket) == here), None)

    def _access(self, bucket: str, target: ReplicationTarget, targets: Targets) -> str | None:
        """Whether it has its peer's credentials. One that is offline is not asked: MinIO would wait for it."""
        peer = self._peer_at(target)
        if peer is None or not isinstance(peer.handed, Keys):
            return None
        if target.access_key != peer.handed.access_key_id:
            return "Stale"
        verdict = self.handed.verdict(target.arn, peer.handed)
        if verdict is None and (target.online or target.last_online is None):
            verdict = not self._refusal(bucket, targets)
        return "Stale" if verdict is False else "Current"

    def _refusal(self, bucket: str, targets: Targets) -> str:
        """Why the destinations refuse the credentials; empty: they do not, or nothing can be said.

        MinIO tries all targets of the bucket out, with an upload and a removal that it does not carry out. It does not say which
        one has failed, so the target of another program keeps it from saying anything.
        """
        peers = {arn: self._peer_at(target) for arn, target in targets.items()}
        try:
            self.call("CheckReplication", {"Bucket": bucket})
        except (Denied, Rejected) as error:
            return str(error) if all(peers.values()) else ""
        except StoreError:
            return ""
        for arn, peer in peers.items():
            if peer is not None and isinstance(peer.handed, Keys):
                self.handed.remember(arn, peer.handed)
        return ""

    def _write(self, bucket: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        document, before = parameters[DOCUMENT], rules_in_force(self.call, bucket)
        held = targets_of(self.call, bucket)
        ours = {arn for rule in before if _is_ours(rule) and (arn := _arn(rule))}
        wanted = [rule for rule in document["Rules"] if XML not in rule]
        held = self._with_room(bucket, before, held, ours, wanted)
        arns = {self._place(rule): self._ensured(bucket, rule, held) for rule in wanted}
        rules = [rule if XML in rule else self._aimed(rule, arns) for rule in document["Rules"]]
        answer = self.call(REPLICATION.write, {**parameters, DOCUMENT: {**document, "Rules": rules}})
        held = targets_of(self.call, bucket)
        self._drop(bucket, ours & held.keys() - set(map(_arn, rules_in_force(self.call, bucket))))
        self._try_out(bucket, targets_of(self.call, bucket))
        self._copy_existing(bucket, rules, held)
        return answer

    def _try_out(self, bucket: str, targets: Targets) -> None:
        """MinIO takes credentials that may only look: what they lack is told now, rather than by copies that never come."""
        peers = [(t.arn, p.handed) for t in targets.values() if (p := self._peer_at(t))]
        known = (self.handed.verdict(arn, keys) for arn, keys in peers if isinstance(keys, Keys))
        if all(known):
            return
        if refusal := self._refusal(bucket, targets):
            words = " ".join(refusal.split())
            raise Rejected(f"{words}; {_RIGHTS}", code="ReplicationRights", operation="CheckReplication")

    def _place(self, rule: ToldRule) -> tuple[str, str]:
        """The endpoint and the bucket that a rule of ours is to lead to."""
        peer = self._peer(rule)
        return with_port(peer.endpoint), peer.bucket

    def _peer(self, rule: ToldRule) -> ReplicationPeer:
        store, bucket = rule["Destination"][TARGET]["Store"], rule["Destination"]["Bucket"]
        found = next((p for p in self.peers.values() if (p.store, p.bucket) == (store, bucket)), None)
        if found is None:
            raise Rejected(
                f"the bucket {bucket} of the StorageBackend {store or 'that was named'} is not known as a destination"
            )
        return found

    def _with_room(
        self, bucket: str, before: list[ToldRule], held: Targets, ours: set[str], wanted: list[ToldRule]
    ) -> Targets:
        """MinIO has one target for each server. One of ours that leads to another bucket there goes first, with its rules."""
        places = {self._place(rule) for rule in wanted}
        servers = {endpoint for endpoint, _ in places}
        stale = {
            t.arn for t in held.values() if t.endpoint in servers and (t.endpoint, t.bucket) not in places
        }
        theirs = stale - ours or {_arn(r) for r in before if not _is_ours(r) and _arn(r) in stale}
        if theirs:
            taken = held[next(iter(theirs))]
            raise Rejected(
                f"MinIO replicates a bucket to one bucket of each server, and this one has the target {taken.bucket} at"
                f" {taken.endpoint}, which is not the operator's; remove it with mc admin bucket remote rm"
            )
        if not stale:
            return held
        left = [{XML: rule[XML]} for rule in before if _arn(rule) not in stale]
        if left:
            self.call(REPLICATION.write, {"Bucket": bucket, DOCUMENT: {"Role": "", "Rules": left}})
            self._drop(bucket, stale)
        elif before:
            self.call(REPLICATION.clear, {"Bucket": bucket})  # with all targets
        return targets_of(self.call, bucket)

    def _ensured(self, bucket: str, rule: ToldRule, held: Targets) -> str:
        """The ARN of the target that the rule needs."""
        peer, said = self._peer(rule), rule["Destination"][TARGET]
        if not isinstance(peer.handed, Keys):
            raise Rejected(f"the StorageBackend {peer.store}: {peer.handed}")
        told = {"synchronous": said["Synchronous"], "bandwidth": said["Bandwidth"]}
        place = self._place(rule)
        found = next((t for t in held.values() if (t.endpoint, t.bucket) == place), None)
        if found and not found.differs(**told) and self._access(bucket, found, held) == "Current":
            return found.arn
        arn = found.arn if found else ""
        target = told_target(peer.endpoint, peer.bucket, arn=arn, **told)
        asked = {"Bucket": bucket, "Target": target, "Keys": peer.handed, "Update": bool(found)}
        made = self._set(asked, peer)
        self.handed.forget(made)  # until MinIO has tried these out
        return made

    def _set(self, parameters: dict[str, Any], peer: ReplicationPeer) -> str:
        try:
            return str(self.call(_SET, parameters)["Arn"])
        except Rejected as error:
            words = " ".join(str(error).split())  # MinIO breaks the line
            where = f"{words}; the destination is the bucket {peer.bucket} of the StorageBackend {peer.store}"
            raise Rejected(where, code=error.code, operation=error.operation) from None

    def _aimed(self, rule: ToldRule, arns: Mapping[tuple[str, str], str]) -> ToldRule:
        return {**rule, "Destination": {"Bucket": arns[self._place(rule)]}}

    def _drop(self, bucket: str, arns: Iterable[str]) -> None:
        for arn in sorted(arns):
            self.call("admin:RemoveRemoteTarget", {"Bucket": bucket, "Arn": arn})
            self.handed.forget(arn)

    def _copy_existing(self, bucket: str, rules: Iterable[ToldRule], targets: Targets) -> None:
        """Once for each target: MinIO's scanner would take days to come by."""
        for arn in sorted(set(_with_existing(rules))):
            if arn in targets and not targets[arn].reset:
                self.call("StartResync", {"Bucket": bucket, "Arn": arn})


def _with_existing(rules: Iterable[ToldRule]) -> Iterator[str]:
    for rule in rules:
        if (
            XML not in rule
            and rule["Status"] == "Enabled"
            and rule["ExistingObjectReplication"]["Status"] == "Enabled"
        ):
            yield rule["Destination"]["Bucket"]


def _is_ours(rule: ToldRule) -> bool:
    return str(rule.get("ID") or "").startswith(RULE_PREFIX)


def _arn(rule: ToldRule) -> str:
    return str((rule.get("Destination") or {}).get("Bucket") or "")
