"""Observe the settings of a bucket: one call for each, and none for what the check has told already."""

from collections.abc import Iterable, Mapping

from imagestore.api.imagebucket import FACETS
from imagestore.backends.base import Backend, Observation
from imagestore.core import errors
from imagestore.core.errors import NotFound, StoreError
from imagestore.core.facet import WHOLE, Facet, Removal
from imagestore.core.losses import beyond, uses
from imagestore.core.plan import Readings
from imagestore.core.reading import (
    Found,
    Level,
    Missing,
    NotRepresentable,
    Reading,
    Support,
    Unreadable,
    Unsupported,
)
from imagestore.reconcile.bucket.desired import Desired
from imagestore.reconcile.bucket.situation import BucketRun


def observe_settings(run: BucketRun, check: Observation, desired: Desired, known: Readings) -> Readings:
    """The readings of every setting that is or was managed; a value that the store cannot hold is not read.

    ``known``: what was read a moment ago; it is used where it is about all of them.
    """
    names = desired.values.keys() | desired.managed.keys()
    if names <= known.keys():
        return known
    bucket = run.s.spec.bucket_name
    barred = _barred(run.backend.support_of(bucket), desired.values)
    asked = [n for n in FACETS if n in names and n not in barred]
    return {**readings(run.backend, bucket, asked, check), **barred}


def blank(backend: Backend, desired: Desired) -> dict[str, Reading]:
    """The readings of a bucket that was created a moment ago: nothing is set, so nothing is read."""
    read: dict[str, Reading] = dict.fromkeys(desired.values.keys() | desired.managed.keys(), Missing())
    return read | _barred(backend.support, desired.values)


def _barred(support: Mapping[str, Support], desired: Mapping[str, Facet]) -> dict[str, Reading]:
    judged = {n: unsupported(w, n, support[n]) for n, w in desired.items()}
    return {n: reading for n, reading in judged.items() if reading is not None}


def told_by_check(check: Observation) -> dict[str, Reading]:
    """The readings that came with a check of the bucket."""
    return {n: found(value) for n, value in check.values.items()}


def is_foreign(desired: Desired, read: Readings) -> bool:
    """Whether something is set that this object does not want and no store sets by itself: another program made the bucket.

    What stores set by themselves is what stays when it is no longer mentioned: encryption, a public access block.
    """
    have = ((n, r.value) for n, r in read.items() if isinstance(r, Found) and n in desired.values)
    return any(_adds(desired.values[n].canonical(), value.canonical()) for n, value in have)


def _adds(value: Facet, have: Facet) -> bool:
    parts = have.parts()
    if have.removal not in (Removal.CLEAR, Removal.HOLD) or have.is_empty():
        return False
    return have != value.filled(have) if parts is None else not parts <= (value.parts() or WHOLE)


def readings(backend: Backend, bucket: str, names: Iterable[str], check: Observation) -> dict[str, Reading]:
    """What the store holds for each of ``names``. Raises NotFound if the bucket itself does not exist."""
    return {n: _reading(backend, bucket, n, check) for n in names}


def _reading(backend: Backend, bucket: str, name: str, check: Observation) -> Reading:
    support = backend.support[name]
    if support.level is Level.NONE or name not in backend.drivers:
        return Unsupported(lacking(name, support))
    if name in check.values:
        return found(check.values[name])
    try:
        return found(backend.drivers[name].read(bucket))
    except NotFound:
        raise
    except errors.Unrepresentable as error:
        return NotRepresentable(str(error))
    except StoreError as error:
        return Unreadable(error.reason, str(error))


def found(value: Facet | None) -> Reading:
    """A driver's answer as a reading."""
    return Missing() if value is None else Found(value)


def unsupported(value: Facet, name: str, support: Support) -> Unsupported | None:
    """Why the backend cannot hold this value, or None if it can. A value is never reduced to what fits."""
    if support.level is Level.NONE:
        return Unsupported(lacking(name, support))
    lost = tuple(f"{name}.{path}" for path in uses(value, support.lost))
    if lost:
        return Unsupported(
            f"this store would lose {', '.join(lost)}; remove it, or use another backend", lost
        )
    refused = {f"{name}.{path}": fix for path, fix in beyond(value, support.limits).items()}
    return Unsupported(refusal(refused), tuple(refused)) if refused else None


def lacking(name: str, support: Support) -> str:
    """What to do about a setting that the store does not have. The store itself answers a bare 400 MalformedXML."""
    why = f" ({support.reason})" if support.reason else ""
    return f"this store does not have {name}{why}; remove spec.{name}, or use a backend that has it"


def refusal(refused: Mapping[str, str]) -> str:
    """What a store does not accept, by path, with each fix named once."""
    by_fix: dict[str, list[str]] = {}
    for path, fix in refused.items():
        by_fix.setdefault(fix, []).append(path)
    return "; ".join(f"this store does not take {', '.join(paths)}: {fix}" for fix, paths in by_fix.items())
