"""What stores tell of their own copying. MinIO counts since its server started, and forgets at a restart."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast, get_args

from imagestore.backends.guard.call import Call
from imagestore.backends.replicating import ResyncState, TargetState
from imagestore.backends.s3.lifecycle.rules import OWN, RULE_PREFIX
from imagestore.backends.s3.replication.rules import DOCUMENT, REPLICATION, TARGET
from imagestore.backends.s3.replication.targets import ReplicationTarget
from imagestore.core.errors import Rejected, Unexpected

_NANOSECONDS = 1e9
Told = Mapping[str, Any]


def rules_in_force(call: Call, bucket: str) -> list[Told]:
    """The rules as the store answers; none where nothing is set."""
    try:
        return list((call(REPLICATION.read, {"Bucket": bucket}).get(DOCUMENT) or {}).get("Rules") or ())
    except Rejected as error:
        if error.code in REPLICATION.absent:
            return []
        raise


def of_amazon(call: Call, bucket: str, stores: Mapping[str, str]) -> tuple[TargetState, ...]:
    """Each destination. How the copying goes is in CloudWatch and in events, which are not asked."""
    by_bucket: dict[str, list[Told]] = {}
    for rule in rules_in_force(call, bucket):
        by_bucket.setdefault(_bucket(rule), []).append(rule)
    return tuple(TargetState(stores.get(name, ""), name, _names(rules)) for name, rules in by_bucket.items())


def of_minio(call: Call, bucket: str, targets: Mapping[str, ReplicationTarget]) -> tuple[TargetState, ...]:
    """Each destination, with MinIO's counters. ``call`` puts targets beside rules; ``targets`` by ARN."""
    rules = rules_in_force(call, bucket)
    if not rules:
        return ()
    told = _json(call, "TellReplication", {"Bucket": bucket}).get("currStats") or {}
    return tuple(
        _state(call, bucket, target, _leading_to(rules, target), told) for target in targets.values()
    )


def _leading_to(rules: Iterable[Told], target: ReplicationTarget) -> list[Told]:
    return [r for r in rules if (r["Destination"].get(TARGET) or {}).get("Arn") == target.arn]


def _state(call: Call, bucket: str, target: ReplicationTarget, rules: list[Told], told: Told) -> TargetState:
    mine = (told.get("Stats") or {}).get(target.arn) or {}
    failed, queued = (
        (mine.get("failed") or {}).get("totals") or {},
        (told.get("queued") or {}).get("curr") or {},
    )
    resync = _resync(call, bucket, target.arn) if target.reset else {}
    return TargetState(
        store=rules[0]["Destination"][TARGET]["Store"] if rules else target.endpoint,
        bucket=target.bucket,
        rules=_names(rules),
        online=target.online if target.last_online else None,
        last_online=target.last_online,
        failed_objects=_count(failed, "count"),
        failed_bytes=_count(failed, "bytes"),
        queued_objects=_count(queued, "count"),
        queued_bytes=_count(queued, "bytes"),
        copied_objects=_count(mine, "replicationCount"),
        copied_bytes=_count(mine, "completedReplicationSize"),
        latency=_latency(mine),
        resync=_word(resync.get("resyncStatus")),
        resync_failed=_count(resync, "failedReplicationCount") if resync else None,
    )


def _resync(call: Call, bucket: str, arn: str) -> Told:
    """What became of the last one. MinIO has no record before its first, and that is no trouble of the rest."""
    try:
        found = _json(call, "TellResync", {"Bucket": bucket, "Arn": arn}).get("target") or ()
    except Rejected:
        return {}
    return next((t for t in found if t.get("arn") == arn), {})


def _word(status: object) -> ResyncState:
    return cast("ResyncState", status) if status in get_args(ResyncState) else ""


def _latency(told: Told) -> float | None:
    """Seconds that an upload to the destination took, on average over the last minutes and over all sizes."""
    sizes = (told.get("replicationLatency") or {}).get("UploadHistogram") or ()
    totals = [t for size in sizes for t in size.get("Totals") or ()]
    count = sum(int(t.get("N") or 0) for t in totals)
    return sum(int(t.get("Total") or 0) for t in totals) / count / _NANOSECONDS if count else None


def _count(told: Told, name: str) -> int | None:
    value = told.get(name)
    return int(value) if isinstance(value, int | float) else None


def _names(rules: Iterable[Told]) -> tuple[str, ...]:
    """The parts of the setting that are ours."""
    ids = (str(r.get("ID") or "") for r in rules)
    return tuple(
        sorted(i.removeprefix(RULE_PREFIX).removeprefix(OWN) for i in ids if i.startswith(RULE_PREFIX))
    )


def _bucket(rule: Told) -> str:
    return str((rule.get("Destination") or {}).get("Bucket") or "").rpartition(":")[2]


def _json(call: Call, operation: str, parameters: Mapping[str, Any]) -> Told:
    try:
        told = json.loads(call(operation, parameters)["Body"].read() or b"{}")
    except ValueError:
        raise Unexpected(
            f"{operation} was answered with something else than JSON", operation=operation
        ) from None
    if not isinstance(told, dict):
        raise Unexpected(f"{operation} was answered with something else than JSON", operation=operation)
    return told
