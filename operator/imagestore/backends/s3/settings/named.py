"""Settings that are a set of named configurations: a call lists a page of them, another puts or removes one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar, cast

from imagestore.core.diff import diff
from imagestore.core.errors import Unexpected
from imagestore.core.facet import WHOLE, Facet
from imagestore.facets.configurations import ODD, Configuration, ObjectFilter

C = TypeVar("C", bound=Configuration)
Raw = Mapping[str, Any]

_MOST_PAGES = 100  # of 100 each; a store holds at most 1000 configurations of a kind


def pages(ask: Callable[[dict[str, Any]], Raw]) -> dict[str, Any]:
    """All pages as if they were one. ``ask`` is given what is asked for besides the bucket."""
    joined = dict(ask({}))
    page: Raw = joined
    for _ in range(_MOST_PAGES):
        if not page.get("IsTruncated"):
            return joined
        page = ask({"ContinuationToken": page["NextContinuationToken"]})
        joined |= {k: [*joined.get(k, ()), *v] for k, v in page.items() if isinstance(v, list)}
    raise Unexpected(f"the store goes on listing after {_MOST_PAGES} pages")


def changed(value: Facet, seen: Facet | None) -> Iterator[str]:
    """The names whose configuration is to be put; what stays as it is costs no call."""
    for name in sorted(value.parts() or WHOLE):
        mine, theirs = value.restrict({name}), seen.restrict({name}) if seen else None
        odd = name.startswith(ODD)
        if not odd and (theirs is None or diff("", theirs.canonical(), mine.canonical())):
            yield name


def configuration_id(name: str) -> str:
    """The id of one by its name: the name, without the mark of one that no model can say."""
    return name.removeprefix(ODD)


def gone(
    value: Facet | None, seen: Facet | None, configuration_id: Callable[[str], str] = configuration_id
) -> Iterator[str]:
    """The ids of what was seen and is to be there no more."""
    left = (value.parts() if value else None) or WHOLE
    held = (seen.parts() if seen else None) or WHOLE
    kept = {configuration_id(name) for name in left}
    yield from (i for i in sorted({configuration_id(name) for name in held - left}) if i not in kept)


def named_understood(
    raws: Iterable[Raw], kind: type[C], fields: Callable[[Raw], dict[str, Any]]
) -> tuple[C, ...]:
    """Each by its id. What no model can say is shown under a name that no spec has."""
    return tuple(_understood(raw, kind, fields) for raw in raws)


def _understood(raw: Raw, kind: type[C], fields: Callable[[Raw], dict[str, Any]]) -> C:
    try:
        if not raw["Id"].startswith(ODD):
            return kind.from_store(name=raw["Id"], **fields(raw))
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    return cast("C", kind.model_construct(name=ODD + raw["Id"]))


def named_scope(raw: Raw | None) -> ObjectFilter | None:
    """A filter: one thing, or several in ``And``."""
    if not raw:
        return None
    inner = {**raw, **(raw.get("And") or {})}
    inner.pop("And", None)
    if unknown := set(inner) - {"Prefix", "Tag", "Tags"}:
        raise ValueError(f"{', '.join(sorted(unknown))}: not known here")
    tags = [*(inner.get("Tags") or ()), *([inner["Tag"]] if inner.get("Tag") else ())]
    found = ObjectFilter.from_store(
        prefix=inner.get("Prefix") or None, tags={t["Key"]: t["Value"] for t in tags} or None
    )
    return found if found.to_json() else None


def named_filter(value: ObjectFilter | None) -> dict[str, Any]:
    """The same as it is sent; nothing for every object."""
    if value is None or not value.to_json():
        return {}
    tags = [{"Key": k, "Value": v} for k, v in sorted((value.tags or {}).items())]
    prefix = {"Prefix": value.prefix} if value.prefix else {}
    if len(tags) + len(prefix) > 1:
        return {"Filter": {"And": prefix | ({"Tags": tags} if tags else {})}}
    return {"Filter": prefix or {"Tag": tags[0]}}
