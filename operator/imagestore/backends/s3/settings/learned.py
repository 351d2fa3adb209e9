"""What a store turned out to drop, by trial: of one bucket, and for an hour.

Held against the whole backend until the operator restarted, one bucket's foreign rules made every other bucket of it
``Unsupported``. Only a profile speaks for a store.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

LASTS = 3600.0  # seconds; then it is tried out once more


@dataclass
class Learned:
    """Patterns as in ``Support.lost``, by facet and bucket. May be asked and told by many threads."""

    clock: Callable[[], float] = time.monotonic
    _until: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)

    def learn(self, facet: str, bucket: str, patterns: Iterable[str]) -> None:
        """What has faded, of any bucket, goes with it."""
        now = self.clock()
        held = {p: until for p, until in self._until.get((facet, bucket), {}).items() if until > now}
        told = {**held, **dict.fromkeys(patterns, now + LASTS)}
        others = {k: v for k, v in list(self._until.items()) if max(v.values(), default=0.0) > now}
        self._until = {**others, (facet, bucket): told}

    def of(self, facet: str, bucket: str) -> list[str]:
        """What is still believed."""
        now = self.clock()
        return sorted(p for p, until in self._until.get((facet, bucket), {}).items() if until > now)
