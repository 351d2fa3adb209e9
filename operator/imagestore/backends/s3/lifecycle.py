"""Lifecycle rules. Ours carry the id ``imagestore/<origin>/<name>``, the origin being ``bucket`` for a bucket's own
rules, else the LifecyclePolicy's name; any other is foreign and kept verbatim.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from imagestore.backends.s3.setting import Answer, Parameters, Place, Setting
from imagestore.core.units import byte_count, quantity
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import (
    FOREIGN,
    Abort,
    Expire,
    LifecycleRule,
    Match,
    Noncurrent,
    NoncurrentExpire,
    NoncurrentTransition,
    Transition,
)

OURS = "imagestore/"
OWN = "bucket/"  # the origin of a bucket's own rules, which in the facet have no origin before their name
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_KNOWN = {
    "ID", "Status", "Filter", "Prefix", "Expiration", "NoncurrentVersionExpiration", "Transitions",
    "NoncurrentVersionTransitions", "AbortIncompleteMultipartUpload",
}  # fmt: skip
_EXPIRATION = {"Days", "Date", "ExpiredObjectDeleteMarker"}

Raw = Mapping[str, Any]
M = TypeVar("M", Transition, NoncurrentTransition)


def decode(answer: Answer, at: Place) -> Lifecycle | None:
    """Rules that no model can say (a class that is no tier) keep their document in ``raw``."""
    rules = tuple(_rule(raw, at) for raw in answer.get("Rules") or ())
    return Lifecycle.from_store(rules=rules) if rules else None


def _rule(raw: Raw, at: Place) -> LifecycleRule:
    identity = raw.get("ID") or ""
    name = identity.removeprefix(OURS)
    if identity.startswith(OURS) and _NAME.fullmatch(name):
        mine = _understood(name.removeprefix(OWN), raw, at)
        if mine:
            return mine
    # A rule of ours that somebody gave, say, a class that is no tier is no longer the one we wrote: seen as foreign
    # it is missing under its own name, which is the difference that it is. encode() lets ours replace it.
    text = json.dumps(raw, sort_keys=True, default=str)
    alien = FOREIGN + identity
    shown = _understood(alien, raw, at) or LifecycleRule.from_store(name=alien, state=_state(raw))
    return shown.model_copy(update={"raw": text})


def _understood(name: str, raw: Raw, at: Place) -> LifecycleRule | None:
    """The rule, or None if it says more than a model can."""
    try:
        return _strictly(name, raw, {store: tier for tier, store in at.tiers.items()})
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None


def _state(raw: Raw) -> str | None:
    """Of a stranger's rule, as far as there is a word for it."""
    return raw["Status"] if raw.get("Status") in ("Enabled", "Disabled") else None


def _strictly(name: str, raw: Raw, tiers: Mapping[str, Any]) -> LifecycleRule:
    _only(raw, _KNOWN)
    abort = raw.get("AbortIncompleteMultipartUpload")
    expiration = raw.get("Expiration") or {}
    _only(expiration, _EXPIRATION)
    moves = [_transition(t, tiers) for t in raw.get("Transitions") or ()]
    return LifecycleRule.from_store(
        name=name,
        state=raw["Status"],
        match=_match(raw),
        transitions=_once(moves) or None,
        expire=_expire(expiration),
        noncurrent=_noncurrent(raw, tiers),
        abort_incomplete_multipart_upload=Abort.from_store(days=abort["DaysAfterInitiation"])
        if abort
        else None,
        remove_expired_delete_markers=expiration.get("ExpiredObjectDeleteMarker") or None,
    )


def _once(moves: list[M]) -> tuple[M, ...]:
    """Each known by its tier: of two into one tier a comparison would see but the last."""
    if len({move.tier for move in moves}) < len(moves):
        raise ValueError("two transitions into one tier")
    return tuple(moves)


def _transition(raw: Raw, tiers: Mapping[str, Any]) -> Transition:
    """MinIO leaves out 0 days."""
    _only(raw, {"Days", "Date", "StorageClass"})
    date = _day(raw.get("Date"))
    days = raw.get("Days") if date else raw.get("Days") or 0
    return Transition.from_store(tier=tiers[raw["StorageClass"]], days=days, date=date)


def _expire(raw: Raw) -> Expire | None:
    days, date = raw.get("Days"), _day(raw.get("Date"))
    return Expire.from_store(days=days, date=date) if days is not None or date else None


def _noncurrent(raw: Raw, tiers: Mapping[str, Any]) -> Noncurrent | None:
    moves = _once([_old_transition(t, tiers) for t in raw.get("NoncurrentVersionTransitions") or ()])
    gone = raw.get("NoncurrentVersionExpiration")
    if not (moves or gone):
        return None
    expire = (
        NoncurrentExpire.from_store(days=gone["NoncurrentDays"], keep_newest=_kept(gone)) if gone else None
    )
    return Noncurrent.from_store(transitions=moves or None, expire=expire)


def _old_transition(raw: Raw, tiers: Mapping[str, Any]) -> NoncurrentTransition:
    _only(raw, {"NoncurrentDays", "StorageClass", "NewerNoncurrentVersions"})
    return NoncurrentTransition.from_store(
        tier=tiers[raw["StorageClass"]], days=raw.get("NoncurrentDays") or 0, keep_newest=_kept(raw)
    )


def _kept(raw: Raw) -> int | None:
    return raw.get("NewerNoncurrentVersions") or None


def _day(moment: datetime | str | None) -> str | None:
    """A date; ValueError for a moment that is not midnight UTC, which no store should have taken."""
    if not moment:
        return None
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    if found.time() != datetime.min.time():
        raise ValueError(f"{moment}: not a day")
    return found.date().isoformat()


def _match(raw: Raw) -> Match | None:
    """``Filter`` with one thing, or ``And`` with several; old rules have a ``Prefix`` beside it instead.

    RGW 16 takes a prefix out of ``And`` and answers with it beside ``And`` or ``Tag``.
    """
    found = dict(raw.get("Filter") or {})
    inner = {**(found.pop("And", None) or {}), **found}
    _only(inner, {"Prefix", "Tag", "Tags", "ObjectSizeGreaterThan", "ObjectSizeLessThan"})
    tags = [*(inner.get("Tags") or ()), *([inner["Tag"]] if inner.get("Tag") else ())]
    match = Match.from_store(
        prefix=inner.get("Prefix") or raw.get("Prefix") or None,
        tags={t["Key"]: t["Value"] for t in tags} or None,
        min_size=_size(inner.get("ObjectSizeGreaterThan")),
        max_size=_size(inner.get("ObjectSizeLessThan")),
    )
    return match if match.to_json() else None


def _size(count: int | None) -> str | None:
    if count is not None and count < 0:
        raise ValueError(f"{count}: not a size")
    return None if count is None else quantity(count)


def _only(raw: Raw, known: set[str]) -> None:
    unknown = {k for k, v in raw.items() if v not in (None, [], {}, "")} - known
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: not known here")


def encode(value: Lifecycle, at: Place) -> Parameters:
    """One document for all rules."""
    return {"LifecycleConfiguration": {"Rules": [_encode_rule(rule, at) for rule in _by_id(value)]}}


def _by_id(value: Lifecycle) -> list[LifecycleRule]:
    """Of two rules with the same id the later one, ours: the other is ours as somebody changed it."""
    return list({_id(rule): rule for rule in value.rules}.values())


def _id(rule: LifecycleRule) -> str:
    if rule.name.startswith(FOREIGN):
        return rule.name.removeprefix(FOREIGN)
    return OURS + (rule.name if "/" in rule.name else OWN + rule.name)


def _encode_rule(rule: LifecycleRule, at: Place) -> dict[str, Any]:
    if rule.raw:
        raw: dict[str, Any] = json.loads(rule.raw)
        return {"ID": _id(rule), **raw}
    return {
        "ID": _id(rule),
        "Status": rule.state or "Enabled",
        "Filter": _filter(rule.match),
        **_actions(rule, at),
    }


def _actions(rule: LifecycleRule, at: Place) -> dict[str, Any]:
    actions: dict[str, Any] = {}
    if rule.transitions:
        actions["Transitions"] = [
            {**_when(move), "StorageClass": at.tiers[move.tier]} for move in rule.transitions
        ]
    if rule.expire:
        actions["Expiration"] = _when(rule.expire)
    if rule.remove_expired_delete_markers:  # with days, which the schema refuses, the store is to refuse
        actions["Expiration"] = actions.get("Expiration", {}) | {"ExpiredObjectDeleteMarker": True}
    if rule.noncurrent:
        actions |= _old_actions(rule.noncurrent, at)
    if rule.abort_incomplete_multipart_upload:
        days = rule.abort_incomplete_multipart_upload.days
        actions["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    return actions


def _when(what: Expire | Transition) -> dict[str, Any]:
    days = {"Days": what.days} if what.days is not None else {}
    return days | ({"Date": f"{what.date}T00:00:00Z"} if what.date else {})


def _old_actions(noncurrent: Noncurrent, at: Place) -> dict[str, Any]:
    actions: dict[str, Any] = {}
    if noncurrent.transitions:
        actions["NoncurrentVersionTransitions"] = [
            {**_when_old(move), "StorageClass": at.tiers[move.tier]} for move in noncurrent.transitions
        ]
    if noncurrent.expire:
        actions["NoncurrentVersionExpiration"] = _when_old(noncurrent.expire)
    return actions


def _when_old(what: NoncurrentExpire | NoncurrentTransition) -> dict[str, Any]:
    keep = {"NewerNoncurrentVersions": what.keep_newest} if what.keep_newest else {}
    return {"NoncurrentDays": what.days, **keep}


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
