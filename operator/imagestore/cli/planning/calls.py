"""The exact calls that a change would make, from the driver's own encoding: it writes into a recorder."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from imagestore.backends.base import Backend
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.setting import S3Setting
from imagestore.core.facet import Facet
from imagestore.core.plan import Change
from imagestore.facets.tags import OWNER, Tags

Recorded = dict[str, Any]


@dataclass
class Recorder:
    """Stands where the transport was: it answers nothing and remembers what was said."""

    calls: list[Recorded] = field(default_factory=list)

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append({"operation": operation, "parameters": dict(parameters)})
        return {}


def sent(backend: Backend, bucket: str, change: Change, owner: str) -> tuple[Recorded, ...]:
    """What writing this change sends; empty for a backend that does not speak S3.

    A store that may drop parts of a value is first given it in a form that does nothing; that trial is
    the same call with rules disabled and is left out here.
    """
    if not isinstance(backend, S3Backend):
        return ()
    recorder = Recorder()
    driver = replace(backend, call=recorder).drivers[change.facet]
    if isinstance(driver, S3Setting):
        # Nothing is read here, so it is the document as it was seen that is sent.
        driver = replace(driver, lossless=True, row=replace(driver.row, beside=None))
    value = _marked(change.after, owner) if change.facet == "tags" else change.after
    if value is not None and not value.is_empty():
        driver.write(bucket, value, change.before)
    elif (seen := change.opaque or change.before) is not None:
        driver.clear(bucket, seen)
    return tuple(recorder.calls)


def creating(backend: Backend, bucket: str, wishes: Mapping[str, Facet], owner: str) -> tuple[Recorded, ...]:
    """What creating the bucket and marking it as ours sends."""
    if not isinstance(backend, S3Backend):
        return ()
    recorder = Recorder()
    dry = replace(backend, call=recorder)
    dry.create(bucket, {n: w for n, w in wishes.items() if type(w).at_creation and n in dry.drivers})
    if "tags" in dry.drivers and "tags" not in wishes:
        dry.drivers["tags"].write(bucket, _marked(None, owner), None)
    return tuple(recorder.calls)


def _marked(value: Facet | None, owner: str) -> Tags:
    """Tags are never written without the owner's mark."""
    return Tags.from_store(values={**(value.values if isinstance(value, Tags) else {}), OWNER: owner})
