"""What a destination itself says of a failover that is not over: whoever copies to it next finds it there.

The role is in a policy's status. A policy that was deleted, a namespace that was restored from its manifests, or a cluster's database from
yesterday knew nothing of it, and a run in one direction wrote old objects over what applications had written since.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field

from imagestore.controller.opening import Unready
from imagestore.controller.state.objects import Key
from imagestore.core.errors import StoreError
from imagestore.core.fencing import Permit
from imagestore.core.keys import RESERVED_PREFIX, raw
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.runs import KnownRole, ReplicationJob
from imagestore.reconcile.shared.runs import RunTrouble
from imagestore.transfer.job import TransferEnd
from imagestore.transfer.state import StateObjects

PROMOTIONS = f"{RESERVED_PREFIX}failover/"
_FORM = 1
_MOST = 100  # notes that are looked at: a tenant can write there, too
_POLICY = re.compile(r"[a-z0-9.-]{1,253}/[a-z0-9.-]{1,253}")


@dataclass(frozen=True)
class PromotionNote:
    """``areas``: beginnings of the keys that the policy writes at the destination, URL-encoded. ``source``: StorageBackend and bucket.

    ``role`` and ``since``: of its status.failover; empty: the destination is about to be promoted for the first time.
    """

    uid: str
    policy: str
    source: str
    areas: tuple[str, ...]
    role: str
    since: str

    @property
    def token(self) -> str:
        """What approves that the destination's writes are overwritten."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:16]

    def to_bytes(self) -> bytes:
        """As it is stored."""
        return json.dumps({"form": _FORM, **asdict(self)}).encode()

    def meets(self, other: "PromotionNote") -> bool:
        """Whether there are keys that both write."""
        return any(a.startswith(b) or b.startswith(a) for a in self.areas for b in other.areas)

    def holds(self, other: "PromotionNote") -> bool:
        """Whether this one brings back all that the other would have."""
        inside = all(any(a.startswith(b) for b in self.areas) for a in other.areas)
        return self.source == other.source and inside


def note_of(data: bytes) -> PromotionNote | None:
    """What ``to_bytes`` wrote; None: it is cut off, or of another program."""
    try:
        told = json.loads(data)
        if told.pop("form") != _FORM:
            return None
        areas = tuple(map(str, told.pop("areas")))
        return PromotionNote(areas=areas, **{name: str(value) for name, value in told.items()})
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _mine(key: Key, job: ReplicationJob) -> PromotionNote:
    known = job.failover or KnownRole()
    areas = tuple(_quoted(job.destination.prefix + chosen) for chosen in job.prefixes or ("",))
    source = f"{job.source.backend}/{job.source.bucket}/{_quoted(job.source.prefix)}"
    return PromotionNote(job.policy, f"{key.namespace}/{key.name}", source, areas, known.role, known.since)


def _quoted(prefix: str) -> str:
    """Byte by byte, so that a beginning of a key stays one."""
    return "".join(chr(b) if 32 <= b < 127 and b != 37 else f"%{b:02X}" for b in raw(prefix))


@dataclass(frozen=True)
class PromotionNotes:
    """``looked``: by uid, for what all was found in order last: one listing for each job of a process."""

    permit: Permit
    looked: dict[str, tuple[str, PromotionNote]] = field(default_factory=dict)

    def settle(self, key: Key, job: ReplicationJob, destination: TransferEnd) -> None:
        """Leave a note of a failover, or see that no other stands against a run in one direction. Raises Unready."""
        mine = _mine(key, job)
        asked = (f"{job.digest} {job.under_way}", mine)
        if self.looked.get(mine.uid) == asked:
            return
        state = self._state(destination)
        try:
            found = list(_notes(state))
            if job.under_way:
                self._left(state, mine, found)
            else:
                self._passed(state, job, mine, found)
        except StoreError as error:
            raise Unready(RunTrouble("destination", error.reason, str(error))) from error
        self.looked[mine.uid] = asked

    def _state(self, end: TransferEnd) -> StateObjects:
        return StateObjects(end.store, end.bucket, PROMOTIONS, self.permit)

    def _left(self, state: StateObjects, mine: PromotionNote, found: Iterable[PromotionNote]) -> None:
        """``mine`` takes the place of what it holds: a policy that was created anew brings back what the first one would have."""
        if mine not in found:
            state.write(_name(mine), mine.to_bytes(), state.read(_name(mine)))
        for other in found:
            if other.uid != mine.uid and mine.holds(other):
                state.remove_all(_name(other))

    def _passed(
        self, state: StateObjects, job: ReplicationJob, mine: PromotionNote, found: Iterable[PromotionNote]
    ) -> None:
        for other in found:
            if _is_over(mine, other) or other.token in job.approved:
                state.remove_all(_name(other))
            elif not job.two_way and mine.meets(other):
                raise Unready(RunTrouble(None, Reason.STILL_PROMOTED, _why(other)))


def _is_over(mine: PromotionNote, other: PromotionNote) -> bool:
    """Whether the status of this very policy, which says that the failover is over, is not older than the note.

    Without a role in the status only a return that had begun is: the database may be one of before the failover.
    """
    if other.uid != mine.uid:
        return False
    return other.since <= mine.since if mine.role else other.role != "Promoted"


def _name(note: PromotionNote) -> str:
    return f"{hashlib.sha256(note.uid.encode()).hexdigest()[:32]}.json"


def _notes(state: StateObjects) -> Iterator[PromotionNote]:
    names = dict.fromkeys(item.key for item, _ in zip(state.names(), range(_MOST), strict=False))
    for name in names:
        content = state.read(name.removeprefix(state.place))
        note = note_of(content.data) if content else None
        if note is not None:
            yield note


def _why(note: PromotionNote) -> str:
    policy = note.policy if _POLICY.fullmatch(note.policy) else "of another program"
    return (
        f"the destination was promoted by the ReplicationPolicy {policy}, and what was written there since was not brought back; a"
        " run in one direction would write older objects over it. To bring it back, write failover.role: Promoted, then"
        f" Primary. To let it be overwritten, add {note.token} to spec.approve"
    )
