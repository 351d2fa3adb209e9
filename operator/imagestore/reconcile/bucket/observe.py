"""Reading the settings of a bucket: one call each, and none for what the look has already shown."""

from collections.abc import Iterable

from imagestore.backends.base import Backend, Observation
from imagestore.core import errors
from imagestore.core.errors import NotFound, StoreError
from imagestore.core.facet import Facet
from imagestore.core.reading import Found, Level, Missing, NotRepresentable, Reading, Unreadable, Unsupported
from imagestore.reconcile.bucket.desired import lacking


def readings(backend: Backend, bucket: str, names: Iterable[str], sight: Observation) -> dict[str, Reading]:
    """What the store holds for each of ``names``. NotFound is raised: then the bucket itself is gone."""
    return {n: _reading(backend, bucket, n, sight) for n in names}


def _reading(backend: Backend, bucket: str, name: str, sight: Observation) -> Reading:
    support = backend.support[name]
    if support.level is Level.NONE or name not in backend.drivers:
        return Unsupported(lacking(name, support))
    if name in sight.values:
        return found(sight.values[name])
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
