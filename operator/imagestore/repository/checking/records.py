"""What verifications proved, kept in the repository: retention on another machine must know the newest verified backup."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from imagestore.repository.format.names import BACKUPS, VERIFIED, verified_file
from imagestore.repository.store.opening import Repository
from imagestore.repository.store.replacing import replaced_by, standing
from imagestore.repository.store.runs import document_bytes
from imagestore.repository.store.view import condemned


@dataclass(frozen=True)
class VerifiedState:
    """What is known of one backup. Times by the store's clock, milliseconds, 0: never.

    ``verified``: the parts had all been read and were whole, that which was read longest ago at this time. ``damaged``: damage was found.
    ``read``: when each of ``shares`` parts was read last and was whole.
    """

    verified: int = 0
    damaged: int = 0
    shares: int = 0
    read: Mapping[int, int] = field(default_factory=dict)

    @property
    def proven(self) -> int:
        """Since when the backup is verified; 0: it is not."""
        return self.verified if self.verified > self.damaged else 0

    def after_read(self, share: int, shares: int, now: int) -> "VerifiedState":
        """A part was read whole."""
        read = {**(self.read if self.shares == shares else {}), share: now}
        whole = min(read.values()) if len(read) == shares else 0
        return replace(self, shares=shares, read=read, verified=max(self.verified, whole))

    def after_damage(self, now: int) -> "VerifiedState":
        """Damage was found: what was read before proves nothing now."""
        return replace(self, damaged=now, shares=0, read={})

    def merged(self, other: "VerifiedState") -> "VerifiedState":
        """Both of two verifications at once. ``other`` is the later one."""
        damaged = max(self.damaged, other.damaged)
        read = {**(self.read if self.shares == other.shares else {}), **other.read}
        since = {share: when for share, when in read.items() if when > damaged}
        return VerifiedState(max(self.verified, other.verified), damaged, other.shares, since)


def verified_states(repository: Repository) -> dict[str, VerifiedState]:
    """What is recorded of each backup."""
    return _union(one.content for one in standing(repository, VERIFIED))


def verified_times(repository: Repository) -> dict[str, int]:
    """Since when each verified backup is proven, milliseconds by the store's clock. Backups that are not verified are left out."""
    return {name: state.proven for name, state in verified_states(repository).items() if state.proven}


def record(
    repository: Repository, names: Iterable[str], damaged: frozenset[str], share: tuple[int, int] | None
) -> None:
    """Record the result of a verification of these backups. ``share``: number and count of the part that was read; None: no bytes were.

    StoreError: the repository cannot be written.
    """
    if share is None and not damaged:
        return
    files = repository.files
    found = standing(repository, VERIFIED)
    now = files.now = files.store.now(files.bucket)
    states = _union(one.content for one in found)
    for name in names:
        states[name] = _after(states.get(name, VerifiedState()), name in damaged, share, now)
    there = _there(repository)
    content = {
        "backups": {name: _fields(state) for name, state in states.items() if name in there},
        "replaces": replaced_by(repository, VERIFIED, found),
    }
    name = verified_file(repository.new_id())
    files.write(name, document_bytes(repository, name, content))


def _after(
    state: VerifiedState,
    damaged: bool,  # noqa: FBT001
    share: tuple[int, int] | None,
    now: int,
) -> VerifiedState:
    if damaged:
        return state.after_damage(now)
    return state if share is None else state.after_read(*share, now)


def _there(repository: Repository) -> set[str]:
    forgotten = frozenset[str]().union(*(one.forgotten for one in condemned(repository)))
    names = (file.name.removeprefix(BACKUPS) for file in repository.files.ever(BACKUPS))
    return {name for name in names if name not in forgotten}


def _union(contents: Iterable[Mapping[str, Any]]) -> dict[str, VerifiedState]:
    return reduce(_with, ({n: _state(s) for n, s in c.get("backups", {}).items()} for c in contents), {})


def _with(older: dict[str, VerifiedState], newer: dict[str, VerifiedState]) -> dict[str, VerifiedState]:
    both = {name: older[name].merged(state) for name, state in newer.items() if name in older}
    return {**older, **newer, **both}


def _fields(state: VerifiedState) -> dict[str, Any]:
    read = {str(share): when for share, when in sorted(state.read.items())}
    return {"verified": state.verified, "damaged": state.damaged, "shares": state.shares, "read": read}


def _state(content: Mapping[str, Any]) -> VerifiedState:
    read = {int(share): when for share, when in content["read"].items()}
    return VerifiedState(content["verified"], content["damaged"], content["shares"], read)
