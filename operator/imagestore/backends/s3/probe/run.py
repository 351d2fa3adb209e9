"""The probe: each setting's samples written, read back, compared and removed, with an eye on the bucket."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from imagestore.api.imagebucket import FACETS
from imagestore.backends.base import Driver
from imagestore.backends.guard.breaker import ANSWERED
from imagestore.backends.s3.backend import NO_ADMIN, S3Backend
from imagestore.backends.s3.probe.keyed import keyed, less, only_in, untried
from imagestore.backends.s3.probe.scratch import Scratch
from imagestore.backends.s3.probe.verdict import Trial, judge, lost
from imagestore.backends.s3.profiles.servers import GENERIC
from imagestore.backends.s3.settings.setting import Setting
from imagestore.backends.s3.settings.table import SETTINGS
from imagestore.backends.s3.transport.admin import OPERATIONS
from imagestore.backends.trial import TrialError, TrialReport, TrialRequest
from imagestore.core.diff import FieldDiff, diff
from imagestore.core.errors import StoreError, Transient
from imagestore.core.facet import Facet
from imagestore.core.fields import without
from imagestore.core.losses import beyond, uses
from imagestore.core.reading import FULL, Level, Support
from imagestore.core.references import BucketRef, led

T = TypeVar("T")

_SETTLING = 2.0  # seconds that a store may answer as before
_NO_ADMIN_API = Support(
    Level.NONE, "set through an admin API, and this kind of server has none that is known"
)
_UNTRIED = Support(
    Level.NONE,
    "not probed: it is observe-only, or names what must be on the server; declare it if you know of it",
)
_NEEDS_CREATE = Support(
    Level.NONE,
    "not probed: it cannot be taken off a bucket again; with --create the bucket is the probe's own, and it can",
)
# What the store was not asked for: nothing is known of it.
UNASKED = (_NO_ADMIN_API, _UNTRIED, _NEEDS_CREATE, NO_ADMIN)


def unasked(support: Mapping[str, Support]) -> frozenset[str]:
    """The settings of which the store was not asked."""
    return frozenset(facet for facet, found in support.items() if found in UNASKED)


@dataclass(frozen=True)
class Probe:
    """One probe of one bucket."""

    backend: S3Backend
    request: TrialRequest
    pause: Callable[[float], None] = time.sleep

    def run(self) -> TrialReport:
        """Try everything. TrialError if the bucket is not one to play with, StoreError if the store is gone.

        What could not be tidied up then is a note of the error.
        """
        scratch, found = Scratch(self.backend, self.request.bucket, self.pause), TrialReport()
        try:
            scratch.prepare(create=self.request.create)
            rows = {row.facet: row for row in SETTINGS}
            ordered = sorted(rows, key=lambda facet: FACETS[facet].at_creation)
            tried = {f: _Turn(self, scratch, rows[f], found).support() for f in ordered}
            found.support = {f: tried[f] for f in FACETS}
            found.unasked = unasked(tried)
        except BaseException as error:  # an interruption, too
            if left := _tidied(scratch):
                error.add_note(left)
            raise
        found.left = _tidied(scratch)
        return found

    def of(self, facet: str) -> Mapping[str, Facet]:
        """The facet's samples, for the KMS of this store; another bucket that one names is the scratch bucket itself."""
        known = (
            keyed(self.request.samples[facet], self.request.kms_key)
            if self.request.kms_key
            else self.request.samples[facet]
        )
        return {
            name: led(value, lambda _: BucketRef(bucket=self.request.bucket)) for name, value in known.items()
        }

    def known(self, facet: str) -> Support:
        """What is not tried here, because it would do harm or cannot be done."""
        held, samples = self.blind.support[facet], self.request.samples[facet]
        keys = () if self.request.kms_key else untried(samples)
        classes = only_in([v for v in samples.values() if beyond(v, held.limits)], samples)
        held = less(held, keys, "give a key of the store's KMS with --kms-key")
        return less(held, classes, "name classes that the store has in the StorageBackend's spec.tiers")

    @property
    def blind(self) -> S3Backend:
        """The backend as if it held everything: only so can it be asked for everything."""
        all_of_it = replace(GENERIC, support=dict.fromkeys(FACETS, FULL), lifecycle_lossless=True)
        return replace(self.backend, declared=all_of_it)


def _tidied(scratch: Scratch) -> str:
    """What is left, as a sentence; empty: nothing."""
    try:
        if scratch.played:
            scratch.tidy()
    except TrialError as error:
        return str(error)
    return ""


@dataclass
class _Turn:
    """One setting's turn."""

    probe: Probe
    scratch: Scratch
    row: Setting[Facet]
    found: TrialReport

    def support(self) -> Support:
        """What the setting's trials say."""
        facet, blind = self.row.facet, self.probe.blind
        if not self.probe.request.samples.get(facet):
            return _UNTRIED
        self.probe.request.say(facet)
        if facet not in blind.drivers:
            return blind.support[facet] if self.probe.backend.provider in OPERATIONS else _NO_ADMIN_API
        if not self.row.write:
            return self._only_read(blind.drivers[facet])
        if not FACETS[facet].at_creation:
            return self._tried(blind.drivers[facet], self.probe.known(facet))
        if not self.scratch.made:
            return _NEEDS_CREATE
        for earlier in FACETS[facet].after:
            self._try(blind.drivers[earlier], *list(self.probe.of(earlier).items())[-1])
        return self._at_creation(blind.drivers[facet], self.probe.known(facet))

    def _only_read(self, driver: Driver) -> Support:
        """What no driver ever writes: whether the store tells it."""
        _, unread = _asked(lambda: driver.read(self.scratch.bucket))
        return Support(Level.NONE, unread) if unread else FULL

    def _at_creation(self, driver: Driver, known: Support) -> Support:
        """Asked for later first, then of a bucket that is made with it."""
        later = self._try(driver, *self._harmless())
        _, refused = _asked(lambda: self.scratch.renew({self.row.facet: self._harmless()[1]}))
        if refused:
            self.scratch.remake({})
            return Support(Level.NONE, later.refused or refused)
        held = self._tried(driver, known)
        only = f"only a bucket created with it can have it: {later.refused}"
        return replace(held, level=Level.PARTIAL, reason=only) if later.refused and held == FULL else held

    def _harmless(self) -> tuple[str, Facet]:
        """The emptiest sample, which of a lock is one that locks nothing by itself."""
        return next(iter(self.probe.of(self.row.facet).items()))

    def _tried(self, driver: Driver, known: Support) -> Support:
        samples = self.probe.of(self.row.facet)
        trials: list[Trial] = []
        for name, value in samples.items():
            if not (uses(value, known.lost) or beyond(value, known.limits)):
                trials.append(self._try(driver, name, value))
                if trouble := self._trouble(driver):
                    return Support(Level.NONE, trouble)
                if trials[-1].unreadable:
                    return Support(Level.NONE, trials[-1].refused)
        gone = lost(trials)
        again = [t for trial in trials if not trial.kept for t in self._again(driver, trial, gone)]
        if trouble := self._trouble(driver):
            return Support(Level.NONE, trouble)
        return _untried(judge(trials, again, gone), known)

    def _again(self, driver: Driver, trial: Trial, gone: Sequence[str]) -> Iterator[Trial]:
        """What failed, without what is lost; and where that says nothing any more, without the whole item."""
        if not uses(trial.value, gone):
            yield trial
            return
        for items in (False, True):
            less = _less(trial.value, gone, items=items)
            if less is None or less.is_empty():
                return
            tried = self._try(driver, trial.sample, less)
            self._trouble(driver)
            if tried.kept or items:
                yield tried
                return

    def _try(self, driver: Driver, name: str, value: Facet) -> Trial:
        bucket = self.scratch.bucket
        before, unread = _asked(lambda: driver.read(bucket))
        _, refused = _asked(lambda: driver.write(bucket, value, before))
        if unread or refused:
            return Trial(name, value, refused=refused or unread, unreadable=bool(unread))
        return self._read_back(driver, Trial(name, value), before)

    def _read_back(self, driver: Driver, trial: Trial, before: Facet | None) -> Trial:
        altered: tuple[FieldDiff, ...] = ()
        trial = replace(trial, already=not self._differs(before, trial.value))
        for _ in range(round(_SETTLING / 0.25)):
            held, unread = _asked(lambda: driver.read(self.scratch.bucket))
            if unread:
                return replace(trial, refused=unread, unreadable=True)
            altered = self._differs(held, trial.value)
            if not altered:
                return replace(trial, upload=self._upload())
            if held != before:
                return replace(trial, altered=altered)
            self.probe.pause(0.25)
        return replace(trial, altered=altered, ignored=f"{self.row.write}: 200, and the store stores nothing")

    def _differs(self, held: Facet | None, sent: Facet) -> tuple[FieldDiff, ...]:
        return diff(self.row.facet, held.canonical() if held else None, sent.canonical())

    def _upload(self) -> str:
        """A setting may be held and break uploads. Not under a lock: such an object could not be removed."""
        if self.scratch.locked or FACETS[self.row.facet].at_creation:
            return ""
        return _asked(self.scratch.put)[1]

    def _trouble(self, driver: Driver) -> str:
        """Remove the setting as the operator would, and check that it alone is gone. Empty: it is."""
        bucket = self.scratch.bucket
        seen, unread = _asked(lambda: driver.read(bucket))
        if unread:  # then the operator sends nothing either
            return self._fallen()
        _, refused = _asked(lambda: driver.clear(bucket, seen))
        return self._fallen() or refused or self._still_there(driver)

    def _still_there(self, driver: Driver) -> str:
        """Some settings go back to a default of the store's instead of to nothing."""
        if not (self.row.clear or self.row.cleared):
            return ""

        def cleared() -> bool:
            left, unread = _asked(lambda: driver.read(self.scratch.bucket))
            return not unread and (left is None or left.is_empty() or self._default(left))

        return (
            "" if self.scratch.until(cleared, _SETTLING) else f"{self.row.clear}: 204, and it is still there"
        )

    def _default(self, left: Facet) -> bool:
        return self.row.cleared is not None and left.to_json() == self.row.cleared.to_json()

    def _fallen(self) -> str:
        """Whether the last call took the bucket or its object with it."""
        if self.scratch.survived():
            return ""
        operation = self.row.clear or self.row.write
        text = f"{operation} deleted the bucket itself, or what was in it"
        self.found.alarms.append(
            f"{self.row.facet}: {text}. It was made again; never send that to this server"
        )
        again = {self.row.facet: self._harmless()[1]} if self.scratch.locked else {}
        self.scratch.remake(again)
        return text


def _less(value: Facet, gone: Sequence[str], *, items: bool) -> Facet | None:
    try:
        return without(value, gone, items=items)
    except ValueError:  # what is left makes no sense
        return None


def _untried(held: Support, known: Support) -> Support:
    """What could not be tried without harm is not supported either."""
    if not known.lost or held.level is Level.NONE:
        return held
    reason = "; ".join(r for r in (held.reason, known.reason) if r)
    return replace(held, level=Level.PARTIAL, reason=reason, lost=(*held.lost, *known.lost))


def _asked(ask: Callable[[], T]) -> tuple[T | None, str]:
    """What was answered, and the refusal, empty if there was none. No answer at all ends the probe."""
    try:
        return ask(), ""
    except StoreError as error:
        if isinstance(error, Transient) and error.code not in ANSWERED and not _foreign(error):
            raise
        # The words differ from day to day, and from bucket to bucket.
        return None, ": ".join(str(error).split(": ")[: 1 if _foreign(error) else 2])


def _foreign(error: StoreError) -> bool:
    """An answer to something else than was asked, such as a listing: so servers say that they do not know it."""
    return "not the store's answer" in str(error)
