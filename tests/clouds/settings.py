"""How the cabinet says what a facet says: pure functions, as each cloud has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imagestore.api.imagebucket import FACETS
from imagestore.core.facet import Facet
from imagestore.core.losses import Limit
from imagestore.core.reading import FULL, Level, Support
from imagestore.core.units import byte_count, quantity
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.lifecycle_rule import FOREIGN, LifecycleRule
from imagestore.facets.quota import Quota
from imagestore.facets.versioning import Versioning

OURS = "imagestore:"
_MOVES = "rules[].transitions"
RULES = Support(
    Level.PARTIAL,
    "a rule looks at a prefix and an age, and shreds or vaults what it finds",
    lost=(
        "rules[].match.tags",
        "rules[].match.minSize",
        "rules[].match.maxSize",
        "rules[].expire.date",
        "rules[].transitions[].date",
        "rules[].noncurrent",
        "rules[].abortIncompleteMultipartUpload",
        "rules[].removeExpiredDeleteMarkers",
    ),
    limits=(
        Limit(
            f"{_MOVES}[].tier", "a cabinet has a vault and no other tier; use Archive", frozenset({"Archive"})
        ),
        Limit(_MOVES, "a rule vaults or shreds once; keep one transition", most=1),
    ),
)
_NOT_HERE = Support(Level.NONE, "a cabinet has no such setting")
SUPPORT: Mapping[str, Support] = {
    facet: {"versioning": FULL, "lifecycle": RULES, "quota": FULL}.get(facet, _NOT_HERE) for facet in FACETS
}


@dataclass(frozen=True)
class CabinetSetting:
    """Where a facet is in a drawer's part of the document. ``cleared`` is written where it cannot be taken out."""

    key: str
    cleared: Facet | None = None

    def decode(self, drawer: Mapping[str, Any]) -> Facet | None:
        """None: nothing is set."""
        said = drawer.get(self.key)
        return None if said is None else _DECODED[self.key](said)


def _of_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    origin, _, name = rule["id"].removeprefix(OURS).partition(":")
    ours = name if origin == "bucket" else f"{origin}/{name}"
    days = {"days": rule["olderThan"]}
    does = {"expire": days} if rule["then"] == "shred" else {"transitions": [{"tier": "Archive", **days}]}
    return {
        "name": ours if rule["id"].startswith(OURS) else f"{FOREIGN}{rule['id']}",
        **({"match": {"prefix": rule["prefix"]}} if rule.get("prefix") else {}),
        **({"state": "Disabled"} if rule.get("paused") else {}),
        **does,
    }


def rules(value: Lifecycle) -> list[dict[str, Any]]:
    """A rule that vaults and then shreds is two of the cabinet's."""
    return [told for rule in value.rules for told in _rules(rule)]


def _rules(rule: LifecycleRule) -> list[dict[str, Any]]:
    origin, slash, name = rule.name.partition("/")
    identity = f"{OURS}{origin}:{name}" if slash else f"{OURS}bucket:{rule.name}"
    shared: dict[str, Any] = {"id": rule.name.removeprefix(FOREIGN) if origin == "foreign" else identity}
    if rule.match and rule.match.prefix:
        shared["prefix"] = rule.match.prefix
    if rule.state == "Disabled":
        shared["paused"] = True
    moves = [{**shared, "then": "vault", "olderThan": t.days} for t in rule.transitions or ()]
    return [*moves, *([{**shared, "then": "shred", "olderThan": rule.expire.days}] if rule.expire else [])]


def _lifecycle(said: list[Mapping[str, Any]]) -> Facet:
    merged: dict[str, dict[str, Any]] = {}
    for rule in map(_of_rule, said):
        merged.setdefault(rule["name"], {}).update(rule)
    return Lifecycle.from_store(rules=tuple(LifecycleRule.from_store(**rule) for rule in merged.values()))


_DECODED: Mapping[str, Any] = {
    "history": lambda said: Versioning(state="Enabled" if said else "Suspended"),
    "rules": _lifecycle,
    "most": lambda said: Quota(hard=quantity(said)),
}


def encoded(value: Facet) -> Any:
    """As the document has it."""
    if isinstance(value, Versioning):
        return value.state == "Enabled"
    if isinstance(value, Lifecycle):
        return rules(value)
    assert isinstance(value, Quota)
    return byte_count(value.hard)


SETTINGS: Mapping[str, CabinetSetting] = {
    "versioning": CabinetSetting("history", Versioning(state="Suspended")),
    "lifecycle": CabinetSetting("rules"),
    "quota": CabinetSetting("most"),
}
