"""What a spec says of the speed of a run, as plain values. Pure."""

from imagestore.api.repositories import BackupLimits
from imagestore.core.units import byte_count
from imagestore.transfer.pace import UNLIMITED, MovingLimits


def moving_limits(spec: BackupLimits | None) -> MovingLimits:
    """The limits of a spec; absent: none."""
    if spec is None:
        return UNLIMITED
    size = byte_count(spec.bytes_per_second) if spec.bytes_per_second else None
    return MovingLimits(size, spec.requests_per_second, spec.concurrency)
