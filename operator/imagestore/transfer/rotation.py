"""Whose turn it is to have its attributes read again: no listing shows that tags, locks or ACLs changed on some stores.

One in ``share`` keys in each run, and another part of them each time, so that every key is read again within ``share`` runs. By
chance, as it was before, one in twenty keys was not read in three times as many runs.
"""

import json
import zlib
from dataclasses import dataclass, field

from imagestore.core.keys import raw
from imagestore.transfer.state import StateContent, StateObjects

ROTATION = "rotation.json"
_DAY = 24 * 3600 * 1000  # ms


@dataclass
class Rotation:
    """``share`` 0: nothing is read again. ``read_at``: for each part when its last run began, by the source's clock; 0: never.

    ``by_clock``: nothing is noted, because what is written would be locked for years.
    """

    share: int
    turn: int = 0
    read_at: list[int] = field(default_factory=list)
    content: StateContent | None = None
    by_clock: bool = False

    def has_turn(self, key: str) -> bool:
        """Whether a key is in the part of this run."""
        return self.share > 0 and zlib.crc32(raw(key)) % self.share == self.turn

    @property
    def since(self) -> int | None:
        """Every change of attributes before this moment was found; None: not every part was read yet."""
        return min(self.read_at, default=0) or None

    def passed_on(self, state: StateObjects, listed_at: int, *, whole: bool) -> "Rotation":
        """Note that a run has read its part, all of it if ``whole``, so that the next one reads another. Raises StoreError."""
        if self.by_clock:
            return self
        read = [listed_at if whole and part == self.turn else at for part, at in enumerate(self.read_at)]
        turn = (self.turn + 1) % self.share
        told = {"share": self.share, "turn": turn, "readAt": read}
        state.write(ROTATION, json.dumps(told).encode(), self.content)
        return Rotation(self.share, turn, read)


def rotation_of(state: StateObjects, share: int, now: int) -> Rotation:
    """Where the last run ended; with another share it begins anew. ``now`` in ms. Raises StoreError."""
    content = state.read(ROTATION) if share else None
    if content is not None and _is_locked(state, content):
        return Rotation(share, now * share // _DAY % share, by_clock=True)
    anew = Rotation(share, 0, [0] * share, content)
    try:
        told = json.loads(content.data) if content else {}
        if told.get("share") != share or len(told["readAt"]) != share:
            return anew
        return Rotation(share, int(told["turn"]) % share, [int(at) for at in told["readAt"]], content)
    except (ValueError, TypeError, KeyError, AttributeError):
        return anew


def _is_locked(state: StateObjects, content: StateContent) -> bool:
    if content.version in ("", "null"):
        return False
    lock = state.store.lock(state.bucket, state.place + ROTATION, content.version)
    return lock.mode is not None or lock.hold
