"""Whether a backup that was made with one filter has all that another one takes. Pure."""

import hashlib

from imagestore.api.repositories import ObjectSelection

_ALL = ("",)


def has_all(made: ObjectSelection | None, wanted: ObjectSelection | None) -> bool:
    """Whether every object that ``wanted`` takes was taken by ``made``. None: all objects."""
    if made is None or made == wanted:
        return True
    prefixes = (wanted.prefixes if wanted else None) or _ALL
    left_out = (wanted.exclude if wanted else None) or ()
    inside = all(p.startswith(tuple(made.prefixes or _ALL)) for p in prefixes)
    return inside and all(_is_left_out(e, prefixes, left_out) for e in made.exclude or ())


def selection_digest(selection: ObjectSelection | None) -> str | None:
    """What tells one filter from another in a status, which has no room for those of many buckets. None: all objects."""
    if selection is None:
        return None
    return hashlib.sha256(selection.model_dump_json(exclude_none=True).encode()).hexdigest()[:16]


def _is_left_out(below: str, prefixes: tuple[str, ...], exclude: tuple[str, ...]) -> bool:
    """Whether nothing below a prefix is wanted."""
    apart = not any(p.startswith(below) or below.startswith(p) for p in prefixes)
    return apart or below.startswith(exclude)
