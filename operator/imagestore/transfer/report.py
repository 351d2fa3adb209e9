"""What a run did, in numbers: small whatever the buckets hold, and without keys."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, NamedTuple

from imagestore.core.census import Amount
from imagestore.core.errors import StoreError

TransferSide = Literal["source", "destination"]
SIDES: tuple[TransferSide, TransferSide] = ("source", "destination")


class BothSides(NamedTuple):
    """A number of each side."""

    source: int = 0
    destination: int = 0


NOTHING = Amount()
NO_SIDE = BothSides()


@dataclass(frozen=True)
class TransferProgress:
    """How far a run is. ``rate``: bytes a second. ``seconds_left`` None: not known."""

    listed: BothSides = NO_SIDE
    equal: int = 0
    copied: Amount = NOTHING
    backlog: Amount = NOTHING
    failed: int = 0
    rate: float = 0.0
    seconds_left: float | None = None


@dataclass(frozen=True)
class HeldDeletes:
    """Deletes that wait, or copies over newer objects of others. ``percent``: of what the journal has.

    ``digest``: of exactly these; approve it to let them go. Empty: nothing does before the reason is over.
    """

    count: int
    percent: float
    digest: str
    why: str


@dataclass(frozen=True)
class TransferTrouble:
    """Why a run ended early. The message names the store and has no key."""

    side: TransferSide
    error: StoreError


@dataclass(frozen=True)
class TransferReport:
    """Times in ms. ``listed_at``: by the source's clock, before its first page.

    ``complete``: both sides were read to the end and all was decided; single objects may have failed. ``oldest_unequal``: when the
    oldest change was made that has no equal copy, by the source's clock; two ways, of either side. ``late_writes``: what ``TransferOptions.late`` asks for. ``failed``, ``kept`` (deletes not done) by reason, ``lost`` by attribute.
    ``attributes_since``: every change of tags, locks and metadata before this moment was found, by the source's clock; None: not every
    key was read again yet. ``report_key``: the object in the destination with the keys; empty: nothing to tell. ``skew``: a store's clock minus ours.
    """

    began: int = 0
    ended: int = 0
    listed_at: int = 0
    source_read: bool = False
    destination_read: bool = False
    complete: bool = False
    listed: BothSides = NO_SIDE
    copied: Amount = NOTHING
    equal: int = 0
    unverified: int = 0
    deleted: int = 0
    excluded: int = 0
    conflicts: int = 0
    late_writes: int = 0
    backlog: Amount = NOTHING
    oldest_unequal: int | None = None
    attributes_since: int | None = None
    failed: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)
    kept: Mapping[str, int] = field(default_factory=dict)
    held: HeldDeletes | None = None
    report_key: str = ""
    skew: BothSides = NO_SIDE
    trouble: TransferTrouble | None = None

    def to_json(self) -> dict[str, Any]:
        """All of it; of the trouble its side, kind and message."""
        told = asdict(replace(self, trouble=None))
        if self.trouble is not None:
            error = self.trouble.error
            told["trouble"] = {"side": self.trouble.side, "reason": error.reason, "message": str(error)}
        return told


def report_of(told: Mapping[str, Any]) -> TransferReport:
    """What ``to_json`` wrote. The trouble comes back as a StoreError of no class in particular."""
    fields: dict[str, Any] = dict(told)
    for name in ("copied", "backlog"):
        fields[name] = Amount(**fields[name])
    for name in ("listed", "skew"):
        fields[name] = BothSides(*fields[name])
    if fields.get("held"):
        fields["held"] = HeldDeletes(**fields["held"])
    if trouble := fields.get("trouble"):
        fields["trouble"] = TransferTrouble(trouble["side"], StoreError(trouble["message"]))
    return TransferReport(**fields)
