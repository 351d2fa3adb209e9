"""Lifecycle rules. Ours carry the id ``imagestore/bucket/<name>``; any other is foreign and kept verbatim."""

import json
import re
from collections.abc import Mapping
from typing import Any

from imagestore.backends.s3.setting import Answer, Parameters, Place, Setting
from imagestore.core.units import byte_count, quantity
from imagestore.facets.lifecycle import (
    FOREIGN,
    Abort,
    Expire,
    Lifecycle,
    LifecycleRule,
    Match,
    Noncurrent,
    NoncurrentExpire,
)

OURS = "imagestore/bucket/"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_KNOWN = {
    "ID", "Status", "Filter", "Prefix", "Expiration", "NoncurrentVersionExpiration",
    "AbortIncompleteMultipartUpload",
}  # fmt: skip

Raw = Mapping[str, Any]


def decode(answer: Answer, _at: Place) -> Lifecycle | None:
    """Rules that no model can say (a transition, a date) keep their document in ``raw``."""
    rules = tuple(_rule(raw) for raw in answer.get("Rules") or ())
    return Lifecycle.model_construct(rules=rules) if rules else None


def _rule(raw: Raw) -> LifecycleRule:
    identity = raw.get("ID") or ""
    name = identity.removeprefix(OURS)
    if identity.startswith(OURS) and _NAME.fullmatch(name) and (mine := _understood(name, raw)):
        return mine
    # A rule of ours that somebody gave, say, a transition is no longer the one we wrote: seen as foreign it
    # is missing under its own name, which is the difference that it is. encode() lets ours replace it.
    text = json.dumps(raw, sort_keys=True, default=str)
    alien = FOREIGN + identity
    shown = _understood(alien, raw) or LifecycleRule(name=alien, state=raw["Status"])
    return shown.model_copy(update={"raw": text})


def _understood(name: str, raw: Raw) -> LifecycleRule | None:
    """The rule, or None if it says more than a model can."""
    try:
        return _strictly(name, raw)
    except (ValueError, KeyError, TypeError):
        return None


def _strictly(name: str, raw: Raw) -> LifecycleRule:
    _only(raw, _KNOWN)
    expiration, abort = raw.get("Expiration") or {}, raw.get("AbortIncompleteMultipartUpload")
    _only(expiration, {"Days", "ExpiredObjectDeleteMarker"})
    return LifecycleRule(
        name=name,
        state=raw["Status"],
        match=_match(raw),
        expire=Expire(days=expiration["Days"]) if expiration.get("Days") is not None else None,
        noncurrent=_noncurrent(raw.get("NoncurrentVersionExpiration")),
        abort_incomplete_multipart_upload=Abort(days=abort["DaysAfterInitiation"]) if abort else None,
        remove_expired_delete_markers=expiration.get("ExpiredObjectDeleteMarker") or None,
    )


def _noncurrent(raw: Raw | None) -> Noncurrent | None:
    if not raw:
        return None
    keep = raw.get("NewerNoncurrentVersions") or None
    return Noncurrent(expire=NoncurrentExpire(days=raw["NoncurrentDays"], keep_newest=keep))


def _match(raw: Raw) -> Match | None:
    """``Filter`` with one thing, or ``And`` with several; old rules have a ``Prefix`` beside it instead.

    RGW 16 takes a prefix out of ``And`` and answers with it beside ``And`` or ``Tag``.
    """
    found = dict(raw.get("Filter") or {})
    inner = {**(found.pop("And", None) or {}), **found}
    _only(inner, {"Prefix", "Tag", "Tags", "ObjectSizeGreaterThan", "ObjectSizeLessThan"})
    tags = [*(inner.get("Tags") or ()), *([inner["Tag"]] if inner.get("Tag") else ())]
    match = Match(
        prefix=inner.get("Prefix") or raw.get("Prefix") or None,
        tags={t["Key"]: t["Value"] for t in tags} or None,
        min_size=_size(inner.get("ObjectSizeGreaterThan")),
        max_size=_size(inner.get("ObjectSizeLessThan")),
    )
    return match if match.to_json() else None


def _size(count: int | None) -> str | None:
    return None if count is None else quantity(count)


def _only(raw: Raw, known: set[str]) -> None:
    unknown = {k for k, v in raw.items() if v not in (None, [], {}, "")} - known
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: not known here")


def encode(value: Lifecycle, _at: Place) -> Parameters:
    """One document for all rules."""
    return {"LifecycleConfiguration": {"Rules": [_encode_rule(rule) for rule in _by_id(value)]}}


def _by_id(value: Lifecycle) -> list[LifecycleRule]:
    """Of two rules with the same id the later one, ours: the other is ours as somebody changed it."""
    return list({_id(rule): rule for rule in value.rules}.values())


def _id(rule: LifecycleRule) -> str:
    return rule.name.removeprefix(FOREIGN) if rule.name.startswith(FOREIGN) else OURS + rule.name


def _encode_rule(rule: LifecycleRule) -> dict[str, Any]:
    if rule.raw:
        raw: dict[str, Any] = json.loads(rule.raw)
        return {"ID": _id(rule), **raw}
    return {
        "ID": _id(rule),
        "Status": rule.state or "Enabled",
        "Filter": _filter(rule.match),
        **_actions(rule),
    }


def _actions(rule: LifecycleRule) -> dict[str, Any]:
    actions: dict[str, Any] = {}
    if rule.expire:
        actions["Expiration"] = {"Days": rule.expire.days}
    if rule.remove_expired_delete_markers:  # with days, which the schema refuses, the store is to refuse
        actions["Expiration"] = actions.get("Expiration", {}) | {"ExpiredObjectDeleteMarker": True}
    if rule.noncurrent:
        gone = rule.noncurrent.expire
        keep = {"NewerNoncurrentVersions": gone.keep_newest} if gone.keep_newest else {}
        actions["NoncurrentVersionExpiration"] = {"NoncurrentDays": gone.days, **keep}
    if rule.abort_incomplete_multipart_upload:
        days = rule.abort_incomplete_multipart_upload.days
        actions["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    return actions


def _filter(match: Match | None) -> dict[str, Any]:
    if match is None:
        return {"Prefix": ""}
    tags = [{"Key": k, "Value": v} for k, v in sorted((match.tags or {}).items())]
    parts: dict[str, Any] = {"Prefix": match.prefix} if match.prefix else {}
    parts |= {"ObjectSizeGreaterThan": byte_count(match.min_size)} if match.min_size else {}
    parts |= {"ObjectSizeLessThan": byte_count(match.max_size)} if match.max_size else {}
    if len(parts) + len(tags) > 1:
        return {"And": parts | ({"Tags": tags} if tags else {})}
    return {"Tag": tags[0]} if tags else parts or {"Prefix": ""}


def disabled(value: Lifecycle, seen: Lifecycle | None) -> Lifecycle:
    """``value`` with every rule that is new or changed switched off; foreign and unchanged ones as they are."""
    before = {r.name: r.canonical() for r in (seen.rules if seen else ())}
    return value.model_copy(update={"rules": tuple(_off(r, before.get(r.name)) for r in _by_id(value))})


def _off(rule: LifecycleRule, before: LifecycleRule | None) -> LifecycleRule:
    kept = rule.raw or rule.canonical() == before
    return rule if kept else rule.model_copy(update={"state": "Disabled"})


def beside(answer: Answer, sent: Parameters) -> Parameters:
    """AWS keeps one more word for all transitions, and sets it back to its default where a PUT leaves it out."""
    word = answer.get("TransitionDefaultMinimumObjectSize")
    return {**sent, "TransitionDefaultMinimumObjectSize": word} if word else sent


LIFECYCLE = Setting(
    facet="lifecycle",
    read="GetBucketLifecycleConfiguration",
    write="PutBucketLifecycleConfiguration",
    clear="DeleteBucketLifecycle",
    decode=decode,
    encode=encode,
    permissions=("s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
    absent=frozenset({"NoSuchLifecycleConfiguration"}),
    harmless=disabled,
    beside=beside,
)
