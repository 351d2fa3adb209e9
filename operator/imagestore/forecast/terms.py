"""How a store applies lifecycle rules, beyond the text of the rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from imagestore.core.stored import HOT
from imagestore.facets.lifecycle_rule import LifecycleRule


@dataclass(frozen=True)
class Terms:
    """``classes``: the store's class of each tier. ``ladder``: all classes, each colder than the one before.

    ``smallest``: objects below this size do not move, unless the rule itself speaks of sizes. ``once``: an object that has
    moved never moves again. ``versioned``: an expiry hides the object behind a delete marker.
    """

    classes: Mapping[str, str] = field(default_factory=dict)
    ladder: tuple[str, ...] = (HOT,)
    smallest: int = 0
    once: bool = False
    versioned: bool = False

    def colder(self, target: str, present: str) -> bool:
        """Whether the target is colder. Objects never leave an unknown class."""
        if target not in self.ladder or present not in self.ladder:
            return False
        if self.once and present != self.ladder[0]:
            return False
        return self.ladder.index(target) > self.ladder.index(present)

    def may_move(self, rule: LifecycleRule, size: int) -> bool:
        """Whether an object is large enough for this rule's transitions."""
        sized = rule.match is not None and (rule.match.min_size or rule.match.max_size)
        return size >= self.smallest or bool(sized)
