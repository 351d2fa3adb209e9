"""The exact calls that a change would make, from the driver's own encoding: it writes into a recorder."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from imagestore.backends.s3.bucket import owner_mark
from imagestore.backends.s3.settings.setting import S3Setting
from imagestore.core.facet import Facet
from imagestore.core.plan import Change

if TYPE_CHECKING:
    from imagestore.backends.s3.backend import S3Backend


@dataclass
class CallRecorder:
    """Stands where the transport was: it answers nothing and remembers what was said."""

    calls: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append({"operation": operation, "parameters": dict(parameters)})
        return {}


def sent(backend: "S3Backend", bucket: str, change: Change, owner: str) -> tuple[dict[str, Any], ...]:
    """What writing this change sends.

    A store that may drop parts of a value is first given it in a form that does nothing; that trial is
    the same call with rules disabled and is left out here. The targets that MinIO's replication is given beforehand are
    said in its rules: their own call has secrets in it.
    """
    recorder = CallRecorder()
    driver = replace(backend, call=recorder).drivers[change.facet]
    if isinstance(driver, S3Setting):
        # Nothing is read here, so it is the document as it was seen that is sent.
        driver = replace(driver, call=recorder, lossless=True, row=replace(driver.row, beside=None))
    value = owner_mark.marked(owner, change.after) if change.facet == "tags" else change.after
    if value is not None and not value.is_empty():
        driver.write(bucket, value, change.before)
    elif (seen := change.opaque or change.before) is not None:
        driver.clear(bucket, seen)
    return tuple(recorder.calls)


def creating(
    backend: "S3Backend", bucket: str, wanted: Mapping[str, Facet], owner: str
) -> tuple[dict[str, Any], ...]:
    """What creating the bucket and marking it as ours sends."""
    recorder = CallRecorder()
    dry = replace(backend, call=recorder)
    dry.create(bucket, {n: w for n, w in wanted.items() if type(w).at_creation and n in dry.drivers})
    if "tags" in dry.drivers and "tags" not in wanted:
        dry.drivers["tags"].write(bucket, owner_mark.marked(owner, None), None)
    return tuple(recorder.calls)
