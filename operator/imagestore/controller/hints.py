"""What stores have told of one object's runs: a run begins sooner, and compares what listings do not show."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

SOON = 1.0  # seconds from the first notification to the run: many come together
REST = 4.0  # times as long as the last run took, until the next one begins because of a notification
MOST_NAMED = 10_000  # keys; of more the runs are only brought forward


@dataclass
class Hints:
    """``named``: when a key was last told of. ``since``: when the run began that has not gone over everything yet; None: none does.
    ``rested``: the moment before which none begins because of a notification.
    """

    named: dict[str, float] = field(default_factory=dict)
    since: float | None = None
    last: float = -inf  # when the last one came
    rested: float = -inf

    def note(self, keys: Iterable[str], now: float) -> None:
        """A store has told of these objects."""
        self.last = now
        for key in keys:
            if key in self.named or len(self.named) < MOST_NAMED:
                self.named[key] = now

    def due(self, now: float) -> float:
        """When a run begins that a store has told of now."""
        return max(now + SOON, self.rested)

    def begun(self, now: float) -> None:
        """A run begins, or one that was interrupted goes on."""
        self.since = now if self.since is None else self.since

    def ended(self, began: float, now: float, *, whole: bool) -> float:
        """A run has ended. ``whole``: it went over everything. Return when the next one is due; inf: nothing was told meanwhile.

        A run that was interrupted may have passed by a key before it was named.
        """
        self.rested = now + REST * (now - began)
        if not whole or self.since is None:
            return inf
        since, self.since = self.since, None
        self.named = {key: at for key, at in self.named.items() if at > since}
        return self.due(now) if self.last > since else inf
