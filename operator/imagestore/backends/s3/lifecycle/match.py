"""Which objects a lifecycle rule is for, as S3 writes it."""

from collections.abc import Mapping
from typing import Any

from imagestore.core.units import byte_count, quantity
from imagestore.facets.lifecycle_rule import Match

RawRule = Mapping[str, Any]


def match(raw: RawRule) -> Match | None:
    """``Filter`` with one thing, or ``And`` with several; old rules have a ``Prefix`` beside it instead.

    RGW 16 takes a prefix out of ``And`` and answers with it beside ``And`` or ``Tag``.
    """
    found = dict(raw.get("Filter") or {})
    inner = {**(found.pop("And", None) or {}), **found}
    only(inner, {"Prefix", "Tag", "Tags", "ObjectSizeGreaterThan", "ObjectSizeLessThan"})
    tags = [*(inner.get("Tags") or ()), *([inner["Tag"]] if inner.get("Tag") else ())]
    made = Match.from_store(
        prefix=inner.get("Prefix") or raw.get("Prefix") or None,
        # MinIO leaves an empty value out.
        tags={t["Key"]: t.get("Value") or "" for t in tags} or None,
        min_size=_size(inner.get("ObjectSizeGreaterThan")),
        max_size=_size(inner.get("ObjectSizeLessThan")),
    )
    return made if made.to_json() else None


def _size(count: int | None) -> str | None:
    if count is not None and count < 0:
        raise ValueError(f"{count}: not a size")
    return None if count is None else quantity(count)


def only(raw: RawRule, known: set[str]) -> None:
    """ValueError if it says anything besides."""
    unknown = {k for k, v in raw.items() if v not in (None, [], {}, "")} - known
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: not known here")


def filtered(match: Match | None) -> dict[str, Any]:
    """The same as it is sent."""
    if match is None:
        return {"Prefix": ""}
    tags = [{"Key": k, "Value": v} for k, v in sorted((match.tags or {}).items())]
    parts: dict[str, Any] = {"Prefix": match.prefix} if match.prefix else {}
    parts |= {"ObjectSizeGreaterThan": byte_count(match.min_size)} if match.min_size else {}
    parts |= {"ObjectSizeLessThan": byte_count(match.max_size)} if match.max_size else {}
    if len(parts) + len(tags) > 1:
        return {"And": parts | ({"Tags": tags} if tags else {})}
    return {"Tag": tags[0]} if tags else parts or {"Prefix": ""}
