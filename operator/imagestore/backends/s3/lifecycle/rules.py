"""Lifecycle rules. Ours carry the id ``imagestore/<origin>/<name>``, the origin being ``bucket`` for a bucket's own
rules, else the LifecyclePolicy's name; any other is foreign and goes back as it was found (see ``verbatim``).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from imagestore.backends.s3.lifecycle.foreign import GiveBack, as_found, foreign_joined, unambiguous
from imagestore.backends.s3.lifecycle.match import filtered, match, only
from imagestore.backends.s3.settings import verbatim
from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.backends.s3.settings.verbatim import XML
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import (
    Abort,
    Expire,
    LifecycleRule,
    Noncurrent,
    NoncurrentExpire,
    NoncurrentTransition,
    Transition,
)

RULE_PREFIX = "imagestore/"
OWN = "bucket/"  # the origin of a bucket's own rules, which in the facet have no origin before their name
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_KNOWN = {
    "ID", "Status", "Filter", "Prefix", "Expiration", "NoncurrentVersionExpiration", "Transitions",
    "NoncurrentVersionTransitions", "AbortIncompleteMultipartUpload", XML,
}  # fmt: skip
_EXPIRATION = {"Days", "Date", "ExpiredObjectDeleteMarker"}

RawRule = Mapping[str, Any]
M = TypeVar("M", Transition, NoncurrentTransition)


def decode(answer: StoreAnswer, at: BucketPlace) -> Lifecycle | None:
    """Rules that are not ours, or that no model can say (a class that is no tier), keep their XML in ``raw``."""
    names: set[str] = set()
    rules = tuple(_rule(raw, at, names) for raw in answer.get("Rules") or ())
    return Lifecycle.from_store(rules=rules) if rules else None


def _rule(raw: RawRule, at: BucketPlace, names: set[str]) -> LifecycleRule:
    identity = raw.get("ID") or ""
    name = identity.removeprefix(RULE_PREFIX)
    if identity.startswith(RULE_PREFIX) and _NAME.fullmatch(name):
        mine = _understood(name.removeprefix(OWN), raw, at)
        if mine and mine.name not in names:
            names.add(mine.name)
            return mine
    # A rule of ours to which another program gave, say, a class that is no tier is no longer the one we wrote: seen as foreign
    # it is missing under its own name, which is the difference that it is. encode() lets ours replace it.
    alien = verbatim.alien(identity, raw[XML], names)
    shown = _understood(alien, raw, at) or LifecycleRule.from_store(name=alien, state=_state(raw))
    return shown.model_copy(update={"raw": raw[XML]})


def _understood(name: str, raw: RawRule, at: BucketPlace) -> LifecycleRule | None:
    """The rule, or None if it says more than a model can."""
    try:
        return _strictly(name, raw, {store: tier for tier, store in at.tiers.items()})
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None


def _state(raw: RawRule) -> str | None:
    """Of a foreign rule, as far as there is a word for it."""
    return raw["Status"] if raw.get("Status") in ("Enabled", "Disabled") else None


def _strictly(name: str, raw: RawRule, tiers: Mapping[str, Any]) -> LifecycleRule:
    if strange := verbatim.unknown(raw):
        raise ValueError(f"{', '.join(strange)}: not known here")
    only(raw, _KNOWN)
    abort = raw.get("AbortIncompleteMultipartUpload")
    expiration = raw.get("Expiration") or {}
    only(expiration, _EXPIRATION)
    moves = [_transition(t, tiers) for t in raw.get("Transitions") or ()]
    return LifecycleRule.from_store(
        name=name,
        state=raw["Status"],
        match=match(raw),
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


def _transition(raw: RawRule, tiers: Mapping[str, Any]) -> Transition:
    """MinIO leaves out 0 days."""
    only(raw, {"Days", "Date", "StorageClass"})
    date = _day(raw.get("Date"))
    days = raw.get("Days") if date else raw.get("Days") or 0
    return Transition.from_store(tier=tiers[raw["StorageClass"]], days=days, date=date)


def _expire(raw: RawRule) -> Expire | None:
    days, date = raw.get("Days"), _day(raw.get("Date"))
    return Expire.from_store(days=days, date=date) if days is not None or date else None


def _noncurrent(raw: RawRule, tiers: Mapping[str, Any]) -> Noncurrent | None:
    moves = _once([_old_transition(t, tiers) for t in raw.get("NoncurrentVersionTransitions") or ()])
    gone = raw.get("NoncurrentVersionExpiration")
    if not (moves or gone):
        return None
    expire = (
        NoncurrentExpire.from_store(days=gone["NoncurrentDays"], keep_newest=_kept(gone)) if gone else None
    )
    return Noncurrent.from_store(transitions=moves or None, expire=expire)


def _old_transition(raw: RawRule, tiers: Mapping[str, Any]) -> NoncurrentTransition:
    only(raw, {"NoncurrentDays", "StorageClass", "NewerNoncurrentVersions"})
    return NoncurrentTransition.from_store(
        tier=tiers[raw["StorageClass"]], days=raw.get("NoncurrentDays") or 0, keep_newest=_kept(raw)
    )


def _kept(raw: RawRule) -> int | None:
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


def encoder(give_back: GiveBack) -> Callable[[Lifecycle, BucketPlace], Parameters]:
    """How one document is made for all rules, given how others' go back to this store."""

    def encode(value: Lifecycle, at: BucketPlace) -> Parameters:
        rules = [_encode_rule(rule, at, give_back) for rule in _sent(value)]
        return {"LifecycleConfiguration": {"Rules": rules}}

    return encode


def _sent(value: Lifecycle) -> list[LifecycleRule]:
    """Of two rules with the same id ours: the other is ours as another program changed it."""
    ours = {_id(rule.name) for rule in value.rules if not rule.raw}
    return [rule for rule in value.rules if not (rule.raw and verbatim.text_of(rule.raw, "ID") in ours)]


def _id(name: str) -> str:
    return RULE_PREFIX + (name if "/" in name else OWN + name)


def _encode_rule(rule: LifecycleRule, at: BucketPlace, give_back: GiveBack) -> dict[str, Any]:
    if rule.raw:
        return {XML: give_back(rule.raw)}
    return {
        "ID": _id(rule.name),
        "Status": rule.state or "Enabled",
        "Filter": filtered(rule.match),
        **_actions(rule, at),
    }


def foreign(value: Lifecycle) -> dict[str, Any]:
    """What the rules that are not ours mean, by name, of those that are sent."""
    return {rule.name: verbatim.meaning(rule.raw) for rule in _sent(value) if rule.raw}


def _actions(rule: LifecycleRule, at: BucketPlace) -> dict[str, Any]:
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


def _old_actions(noncurrent: Noncurrent, at: BucketPlace) -> dict[str, Any]:
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


def disabled(value: Lifecycle, seen: Lifecycle | None) -> Lifecycle:
    """``value`` with every rule that is new or changed switched off; foreign and unchanged ones as they are."""
    before = {r.name: r.canonical() for r in (seen.rules if seen else ())}
    return value.model_copy(update={"rules": tuple(_off(r, before.get(r.name)) for r in _sent(value))})


def _off(rule: LifecycleRule, before: LifecycleRule | None) -> LifecycleRule:
    kept = rule.raw or rule.canonical() == before
    return rule if kept else rule.model_copy(update={"state": "Disabled"})


def beside(answer: StoreAnswer, sent: Parameters) -> Parameters:
    """AWS keeps one more word for all transitions, and sets it back to its default where a PUT leaves it out.

    What stands beside the rules and has no name here goes back, too.
    """
    whole = verbatim.beside(answer, sent, "LifecycleConfiguration")
    word = answer.get("TransitionDefaultMinimumObjectSize")
    return {**whole, "TransitionDefaultMinimumObjectSize": word} if word else whole


LIFECYCLE = Setting(
    facet="lifecycle",
    read="GetBucketLifecycleConfiguration",
    write="PutBucketLifecycleConfiguration",
    clear="DeleteBucketLifecycle",
    decode=decode,
    encode=encoder(unambiguous),
    permissions=("s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
    absent=frozenset({"NoSuchLifecycleConfiguration"}),
    harmless=disabled,
    beside=beside,
    foreign=foreign,
)

JOINED = replace(LIFECYCLE, encode=encoder(foreign_joined))
AS_FOUND = replace(LIFECYCLE, encode=encoder(as_found))
