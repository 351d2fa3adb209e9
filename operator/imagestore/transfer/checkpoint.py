"""Where a run stands, so that after SIGKILL at any moment the next one goes on.

It is an object beside the journal. ``epoch`` grows with each process that takes it over, for the same job or another one: a Job's
pod may run twice, and a policy may be edited while a run goes on. The one with the smaller epoch stops at its next save.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from imagestore.core.errors import Conflict
from imagestore.transfer.job import BegunUpload
from imagestore.transfer.journal import JournalDamaged, JournalEntry, packed, unpacked
from imagestore.transfer.segments import SegmentRef
from imagestore.transfer.state import StateContent, StateObjects, Superseded
from imagestore.transfer.tally import Tally, tally_of

FORM = 1
UPLOADS = ".uploads"  # behind the name of a checkpoint


@dataclass
class RunCheckpoint:
    """``job``: the digest for which it holds. ``low``: all keys up to this one are in ``segments``; ``ended``: all keys are.

    ``share``, ``turn``: whose attributes it reads again; ``unread``: not all of these were. ``finished``: entries beyond. ``intents``: by key
    what is about to be copied (``transfer/intents.py``), so that an object which was written just before the end is known as ours.
    """

    job: str
    run: str
    epoch: int = 1
    began: int = 0
    listed_at: int = 0
    low: str = ""
    ended: bool = False
    made: int = 0  # segments that were numbered
    journal_lost: bool = False  # a part of the old journal could not be read, so nothing is deleted
    share: int = 0
    turn: int = 0
    unread: bool = False
    segments: list[SegmentRef] = field(default_factory=list)
    finished: list[JournalEntry] = field(default_factory=list)
    intents: dict[str, str] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)

    def to_bytes(self) -> bytes:
        """As it is stored."""
        told = {k: v for k, v in self.__dict__.items() if k not in ("segments", "finished", "tally")}
        finished = base64.b64encode(packed(self.finished)).decode()
        lists = {"segments": [asdict(s) for s in self.segments]}
        return json.dumps(
            {"form": FORM, **told, **lists, "finished": finished, "tally": self.tally.to_json()}
        ).encode()


def checkpoint_of(data: bytes) -> RunCheckpoint | None:
    """What ``to_bytes`` wrote; None: it is cut off, or of another program or version."""
    try:
        told: dict[str, Any] = json.loads(data)
        if told.pop("form") != FORM:
            return None
        return RunCheckpoint(
            **{
                **told,
                "segments": [SegmentRef(**s) for s in told["segments"]],
                "finished": list(unpacked(base64.b64decode(told["finished"]))),
                "tally": tally_of(told["tally"]),
            }
        )
    except (ValueError, TypeError, KeyError, AttributeError, JournalDamaged):
        return None


@dataclass
class CheckpointObject:
    """The checkpoint's object. ``there``: whether there is one."""

    state: StateObjects
    name: str
    content: StateContent | None = None
    there: bool = False
    mine: bool = False  # this process has written it

    def load(self) -> RunCheckpoint | None:
        """What is there; None: nothing that can be used. Raises StoreError."""
        self.content = self.state.read(self.name)
        self.there = self.content is not None
        return checkpoint_of(self.content.data) if self.content else None

    def see_newest(self, now: RunCheckpoint) -> None:
        """See that no other process has taken over. Raises Superseded and StoreError."""
        there = self.load()
        if self.mine and not self.there:  # the other process is done already
            raise Superseded
        if there is not None and (there.epoch, there.run) > (now.epoch, now.run):
            raise Superseded

    def save(self, now: RunCheckpoint) -> None:
        """Store it, unless another process has. Raises Superseded and StoreError."""
        self.see_newest(now)
        try:
            self.state.write(self.name, now.to_bytes(), self.content, absent=self.content is None)
        except Conflict:
            raise Superseded from None
        self.there = self.mine = True

    def take_over(self, now: RunCheckpoint) -> bool:
        """Store it in the place of what was loaded. False: the process before has saved since. Raises StoreError."""
        loaded = self.content
        self.load()
        if (self.content and self.content.data) != (loaded and loaded.data):
            return False
        try:
            self.state.write(self.name, now.to_bytes(), self.content, absent=self.content is None)
        except Conflict:
            return False
        self.there = self.mine = True
        return True

    def save_uploads(self, uploads: Iterable[BegunUpload]) -> None:
        """Store which uploads are open: a small object of its own, written before the first part of each."""
        told = json.dumps([asdict(u) for u in uploads])
        self.state.write(self.name + UPLOADS, told.encode(), self.state.read(self.name + UPLOADS))

    def uploads(self) -> list[BegunUpload]:
        """The uploads that were open when a run was interrupted. Raises StoreError."""
        content = self.state.read(self.name + UPLOADS)
        try:
            return [BegunUpload(**u) for u in json.loads(content.data)] if content else []
        except (ValueError, TypeError):
            return []

    def remove(self) -> None:
        """The run is over."""
        if self.there:
            self.state.remove_all(self.name)
