"""How a run is carried out: what it is given, and what it hands back."""

from collections.abc import Mapping
from typing import Any, Protocol

from imagestore.controller.state.objects import Key
from imagestore.reconcile.shared.runs import RunProgress, RunResult


class RunControl(Protocol):
    """What a run asks while it goes on."""

    def stop(self) -> bool:
        """Whether to save the checkpoint and end."""

    def ready(self) -> None:
        """What is done again whenever the run goes on is done: from now on each step counts, so its turn begins now.

        Two runs of which each took longer than a turn to list a side stopped each other for ever, and neither copied an object. A run that
        is stopped before gets a longer turn the next time.
        """

    def give_way(self) -> None:
        """Wait while objects wait to be reconciled, but not for ever."""

    def named(self) -> frozenset[str]:
        """Keys of objects that a store has told of, whose attributes may have changed."""

    def tell(self, progress: RunProgress) -> None:
        """Tell what has been done so far."""


class CarryOut(Protocol):
    """Does one run of a job. Blocking. None: it was stopped, and is to go on later. Raises Fenced."""

    def __call__(self, key: Key, job: Any, control: RunControl, /) -> RunResult | None:
        """Return what the run found; an error of a store is in the report."""


Carriers = Mapping[type, CarryOut]
"""How a job is carried out, by its class."""
