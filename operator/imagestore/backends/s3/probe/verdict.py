"""What the trials of one setting say of it. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from imagestore.core.diff import FieldDiff
from imagestore.core.facet import Facet
from imagestore.core.fields import below, fields, outermost, pattern, used
from imagestore.core.reading import FULL, Level, Support
from imagestore.core.render import quote

_FACET = re.compile(r"^[a-zA-Z]+\.?")


@dataclass(frozen=True)
class Trial:
    """One sample, written and read back.

    ``refused``: the store's answer, if it did not take it. ``altered``: where what was read differs.
    ``ignored``: the store said yes, and then answered as before. ``upload``: what it said to an upload meanwhile.
    ``unreadable``: the setting cannot be read at all, so that no other sample has to be tried. ``already``: the
    store answered so before anything was written, which proves nothing (a dummy).
    """

    sample: str
    value: Facet
    refused: str = ""
    altered: tuple[FieldDiff, ...] = ()
    ignored: str = ""
    upload: str = ""
    unreadable: bool = False
    already: bool = False

    @property
    def kept(self) -> bool:
        """Whether all of it was stored."""
        return not (self.refused or self.altered)


def lost(trials: Sequence[Trial]) -> tuple[str, ...]:
    """The fields that no trial has shown to be kept and some trial has shown not to be."""
    if not trials:
        return ()
    kept = frozenset(f for t in trials for f in _kept(t))
    suspects = frozenset(f for t in trials for f in used(t.value) - _kept(t)) - kept
    return outermost(suspects, kept, fields(type(trials[0].value)))


def _kept(trial: Trial) -> frozenset[str]:
    """A field that is altered in one item of a list is not kept, even if another item keeps it."""
    if trial.refused:
        return frozenset()
    gone = {pattern(_FACET.sub("", d.path)) for d in trial.altered}
    whole = any(not p or p.endswith("[]") for p in gone)  # a whole item, or everything
    return frozenset() if whole else _less(used(trial.value), gone)


def _less(mine: frozenset[str], gone: Collection[str]) -> frozenset[str]:
    return frozenset(f for f in mine if not any(below(g, f) or below(f, g) for g in gone))


def judge(trials: Sequence[Trial], again: Sequence[Trial], gone: Collection[str]) -> Support:
    """``again``: the samples that failed, tried once more without the fields in ``gone``.

    A store that alters what no field can be named for is not to be trusted with the setting at all.
    """
    good = [t for t in (*trials, *again) if t.kept and not t.already]
    failed = [t for t in again if not t.kept]
    wild = [t for t in failed if t.altered]
    if wild or not good:
        return Support(Level.NONE, _why(wild if good else trials))
    reasons = [*_reasons(trials, gone), *(f"{_short(t.value)} is refused: {t.refused}" for t in failed)]
    weak = tuple(_uploads(good))[:1]
    if not (reasons or weak or gone):
        return FULL
    return Support(Level.PARTIAL, "; ".join(dict.fromkeys(reasons)), tuple(gone), weak)


def _reasons(trials: Iterable[Trial], gone: Collection[str]) -> Iterator[str]:
    """Why fields are lost: what the store said, or that it said nothing."""
    for trial in trials:
        if not trial.kept and any(below(g, f) for g in gone for f in used(trial.value)):
            yield f"{', '.join(gone)}: {trial.refused or 'taken and dropped'}"
            return


def _uploads(trials: Iterable[Trial]) -> Iterator[str]:
    for trial in trials:
        if trial.upload:
            yield f"with {_short(trial.value)} every upload is refused: {trial.upload}"


def _short(value: Facet) -> str:
    return quote(value.to_json(), 120)


def _why(trials: Sequence[Trial]) -> str:
    """Of a setting that is not supported: the store's own answer."""
    first = next((t for t in trials if not t.kept), None)
    if first is None:
        return "nothing of it was proven: the store answered so before anything was written"
    if first.refused or first.ignored:
        return first.refused or first.ignored
    difference = first.altered[0]
    stored, written = (quote(v, 120) for v in (difference.before, difference.after))
    return f"{difference.path} was stored as {stored} where {written} was written"
