"""A survey walks a bucket's listing through its desired rules and counts what they would delete and touch.

One survey serves the hold of removals and the preview of policies. It works page by page, so that it can be stopped at any
page: the reconcile itself for what fits into one, a thread of its own for the rest.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum, auto
from functools import cached_property
from typing import Protocol

from imagestore.backends.base import Backend, Lists
from imagestore.backends.walk import Walk, scopes
from imagestore.core.cost import MONTH, UNPRICED, PriceTable
from imagestore.core.errors import StoreError, Transient
from imagestore.core.stored import StoredVersion
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.forecast.forecast import Assumptions, Forecast
from imagestore.forecast.tally import Counted, tally
from imagestore.forecast.terms import Terms

_TAGS = 300  # keys of a bucket whose tags are asked for, at one call each
_UNLISTED = "the store tells no listing"


class Purpose(StrEnum):
    """What a survey is for."""

    REMOVAL = auto()  # a change waits for it
    PREVIEW = auto()  # a policy's status


@dataclass(frozen=True)
class SurveyQuestion:
    """What is asked about one bucket. ``versioning``: as desired, None: as observed. ``terms``: for a bucket without it.

    ``wish``: the digest of the merged lifecycle that it is about, which tells whether an answer is still current.
    """

    backend: str
    bucket: str
    rules: tuple[LifecycleRule, ...]
    terms: Terms = field(default_factory=Terms)
    versioning: str | None = None
    prices: PriceTable = UNPRICED
    wish: str = ""

    @cached_property
    def digest(self) -> str:
        """The same for the same question, on any day and for any purpose."""
        rules = json.dumps([r.to_json() for r in self.rules], sort_keys=True)
        said = (self.backend, self.bucket, rules, self.terms, self.versioning, self.prices)
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class SurveyAnswer:
    """``counted`` None: not known yet; then how many ``keys`` were counted so far, and what stops it.

    ``final``: it will not go on by itself.
    """

    counted: Counted | None = None
    keys: int = 0
    trouble: str = ""
    final: bool = False


class Surveys(Protocol):
    """What carries out the surveys of one ImageBucket."""

    def ask(
        self, purpose: Purpose, question: SurveyQuestion, backend: Backend, today: date, age: float
    ) -> SurveyAnswer:
        """What is known, if it is not older than ``age`` seconds; otherwise a survey is begun."""

    def drop(self, purpose: Purpose) -> None:
        """End the survey for this purpose."""


class _Later(Exception):
    """The step has asked for as many tags as it may."""


@dataclass
class Survey:
    """One survey. What was counted stays when the store fails: the next step continues from there."""

    question: SurveyQuestion
    backend: Backend
    today: date
    _walk: Walk | None = None
    _tags: dict[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    _left: int = 0

    @property
    def keys(self) -> int:
        """How many were counted so far."""
        return self._walk.forecast.ledger.keys if self._walk else 0

    def use(self, backend: Backend) -> None:
        """Continue through this connection: its Secret or its limits have changed."""
        self.backend = backend
        if self._walk is not None and isinstance(backend, Lists):
            self._walk.lists = backend

    def rest(self) -> None:
        """Free what is not needed to continue: many surveys may wait."""
        if self._walk is not None:
            self._walk.forecast.rest()

    def step(self, tags: int) -> Counted | None:
        """List a page, or ask for so many keys' tags; all that was asked, once it is known. May raise a StoreError."""
        walk = self._walk = self._walk or self._begun()
        if not walk.ended:
            walk.step()
        if not walk.ended:
            return None
        self._left = tags
        try:
            return self._finished(walk)
        except _Later:
            return None

    def _begun(self) -> Walk:
        backend, q = self.backend, self.question
        if not isinstance(backend, Lists):
            raise Unlisted(_UNLISTED)
        versioned = bool(q.versioning) or self._versioned()
        first = self.today.toordinal()
        asked = Assumptions(
            q.rules, backend.terms(versioned=versioned), first, first + MONTH, q.prices, _TAGS
        )
        return Walk(backend, q.bucket, scopes(q.rules, versions=versioned), Forecast(asked), _unsaved)

    def _versioned(self) -> bool:
        driver = self.backend.drivers.get("versioning")
        return driver is not None and driver.read(self.question.bucket) is not None

    def _finished(self, walk: Walk) -> Counted:
        ledger, sample = walk.forecast.finish(self._tags_of), walk.forecast.sample
        sampled = (len(sample.groups), sample.seen)
        return tally(ledger, self.question.rules, self.today.toordinal(), sampled)

    def _tags_of(self, stored: StoredVersion) -> Mapping[str, str]:
        """Each is asked for once, however often it is needed."""
        place = (stored.key, stored.version)
        if place not in self._tags:
            if self._left <= 0 or not isinstance(self.backend, Lists):
                raise _Later
            self._left -= 1
            self._tags[place] = self.backend.tags_of(self.question.bucket, stored)
        return self._tags[place]


class Unlisted(StoreError):
    """A backend without listings."""


def _unsaved(_state: object) -> None:
    """What was counted is in memory; a restart counts anew."""


@dataclass(frozen=True)
class Bounded:
    """Counts at once, up to so many pages; keeps nothing."""

    pages: int = 1
    tags: int = 0

    def ask(
        self, purpose: Purpose, question: SurveyQuestion, backend: Backend, today: date, age: float
    ) -> SurveyAnswer:
        """The answer, if it fits into so many pages."""
        survey = Survey(question, backend, today)
        try:
            for _ in range(self.pages):
                if (counted := survey.step(self.tags)) is not None:
                    return SurveyAnswer(counted)
        except StoreError as error:
            return unanswered(survey, error)
        return SurveyAnswer(keys=survey.keys)

    def drop(self, purpose: Purpose) -> None:
        """There is nothing to drop."""


def unanswered(survey: Survey, error: StoreError) -> SurveyAnswer:
    """The answer of a survey that an error of the store has stopped."""
    why = f"{type(error).__name__}: {error}"
    return SurveyAnswer(keys=survey.keys, trouble=why, final=not isinstance(error, Transient))
