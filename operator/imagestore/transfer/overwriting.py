"""Which objects at the destination no run copies over before a person has approved it. Pure.

Source and destination mixed up, or a destination that is in use: a first run laid old objects over the newer ones of others, and where the
bucket keeps no versions they were gone.
"""

import hashlib

from imagestore.transfer.decide import PairStep
from imagestore.transfer.job import TransferJob
from imagestore.transfer.journal import EntryFlag, JournalEntry
from imagestore.transfer.report import HeldDeletes
from imagestore.transfer.stretches import Work

NEWER = "NewerAtDestination"  # why it was not copied
OVERWRITES = "Overwrites"  # why a run is held
_KIND = "over"  # of a token


def is_anothers(work: Work, skew: int) -> bool:
    """Whether one way a copy would lay an older object over one that no run wrote. ``skew``: destination minus source, in ms."""
    source, destination = work.pair.source, work.pair.destination
    if work.step is not PairStep.COPY or source is None or destination is None or _is_ours(work.pair.entry):
        return False
    return destination.modified - skew > source.modified


def _is_ours(entry: JournalEntry | None) -> bool:
    return entry is not None and entry.has(EntryFlag.OURS)


def held_overwrites(job: TransferJob, count: int, newest: int) -> HeldDeletes | None:
    """What waits; None: nothing does. ``newest``: when the newest of them was written at the destination, in ms."""
    return HeldDeletes(count, 0.0, _token(job, newest), OVERWRITES) if count else None


def approved_until(job: TransferJob) -> int:
    """Objects of others that were written at the destination until then may be copied over; 0: none."""
    return max((moment for token in job.options.guard.approved if (moment := _moment(job, token))), default=0)


def _moment(job: TransferJob, token: str) -> int:
    kind, _, rest = token.partition("-")
    number = rest.partition("-")[0]
    known = kind == _KIND and number.isascii() and number.isdecimal() and len(number) < 20
    return int(number) if known and token == _token(job, int(number)) else 0


def _token(job: TransferJob, newest: int) -> str:
    """Good for the objects that were there by then, however many of them a run still meets."""
    said = f"{job.name} {job.ends_digest()} {newest}"
    return f"{_KIND}-{newest}-{hashlib.sha256(said.encode()).hexdigest()[:16]}"
