"""Which of an object's attributes another store takes, and which it loses. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from imagestore.core.objects import ObjectAttributes, ObjectTraits

_PREFIX = 11  # bytes that a store counts for each name of metadata: x-amz-meta-
_NARROW = re.compile(r"[A-Za-z0-9+\-._:/@= ]*")
_NAMED = {
    "expires": "expires",
    "x-amz-website-redirect-location": "redirect",
}  # headers that are attributes of their own
_DEFAULTS = frozenset({"", "STANDARD"})


@dataclass(frozen=True)
class Carried:
    """What the destination is given, and the attributes of which a part is lost."""

    attributes: ObjectAttributes
    lost: frozenset[str]


def pair_loses(source: ObjectTraits, destination: ObjectTraits) -> frozenset[str]:
    """Attributes that objects of the source may have, and the destination cannot keep."""
    return (source.carries | {"emptyMetadata"}) - destination.carries  # SeaweedFS keeps some


def carried(
    found: ObjectAttributes, tags: Mapping[str, str], traits: ObjectTraits, storage_class: str
) -> Carried:
    """What the destination takes of an object's attributes. ``storage_class``: the destination's own word."""
    headers = {n: v for n, v in found.headers.items() if _NAMED.get(n, "headers") in traits.carries}
    metadata = _metadata(found.metadata, traits)
    kept = {n: v for n, v in tags.items() if _takes_tag(n, v, traits)}
    lock = found.lock if "lock" in traits.carries else None
    lost = {_NAMED.get(name, "headers") for name in found.headers if name not in headers}
    lost |= {
        "metadata" if value else "emptyMetadata" for n, value in found.metadata.items() if n not in metadata
    }
    lost |= {"tags"} if kept != dict(tags) else set()
    lost |= {"lock"} if lock != found.lock else set()
    lost |= {"storageClass"} if found.storage_class not in _DEFAULTS and not storage_class else set()
    return Carried(ObjectAttributes(headers, metadata, kept, storage_class, lock), frozenset(lost))


def without_lock(given: Carried) -> Carried:
    """The same for a bucket that has no object lock."""
    return Carried(replace(given.attributes, lock=None), given.lost | {"lock"})


_LESS = (
    (),
    ("lock",),
    ("lock", "metadata"),
    ("lock", "tags"),
    ("lock", "metadata", "tags"),
    ("lock", "metadata", "tags", "headers"),
)
_NOTHING: Mapping[str, Any] = {"lock": None, "metadata": {}, "tags": {}, "headers": {}}


def fewer(given: Carried) -> Iterator[Carried]:
    """The same with fewer and fewer attributes, for a store that refuses an object and does not say because of which."""
    told = set[frozenset[str]]()
    for names in _LESS:
        left_out = frozenset(name for name in names if getattr(given.attributes, name))
        if left_out not in told:
            less = replace(given.attributes, **{name: _NOTHING[name] for name in left_out})
            yield Carried(less, given.lost | left_out)
        told.add(left_out)


def _metadata(found: Mapping[str, str], traits: ObjectTraits) -> dict[str, str]:
    """All of it or, where that is too much, nothing: half of what an application wrote would look as all of it."""
    if "metadata" not in traits.carries:
        return {}
    kept = {n: v for n, v in found.items() if v or "emptyMetadata" in traits.carries}
    return (
        kept if sum(_PREFIX + _bytes(n) + _bytes(v) for n, v in kept.items()) <= traits.metadata_bytes else {}
    )


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _takes_tag(name: str, value: str, traits: ObjectTraits) -> bool:
    narrow = not traits.ascii_tags or bool(_NARROW.fullmatch(name) and _NARROW.fullmatch(value))
    return "tags" in traits.carries and narrow


def differ(wanted: ObjectAttributes, found: ObjectAttributes) -> bool:
    """Whether headers or metadata differ: what only another write of the object can change."""
    return dict(wanted.headers) != dict(found.headers) or dict(wanted.metadata) != dict(found.metadata)
