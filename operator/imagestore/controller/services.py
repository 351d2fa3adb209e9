"""What a record may ask when it is asked something itself: all that is remembered, and what is kept beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from imagestore.controller.contributions import Contributions
from imagestore.controller.runs import Runs
from imagestore.controller.state.cache import Cache
from imagestore.controller.state.objects import Key, Stored
from imagestore.controller.stores import BackendConnections
from imagestore.controller.surveyor import Surveyor
from imagestore.reconcile.replication.situation import Publish, unpublished
from imagestore.reconcile.shared.making import NothingOwn, OwnObjects
from imagestore.reconcile.shared.situation import Settings

T = TypeVar("T")


class NamespaceLabels(Protocol):
    """The labels of namespaces."""

    def labels(self, name: str) -> Mapping[str, str]:
        """A namespace's labels; none while it is not known."""
        ...


class AskLoop(Protocol):
    """How a thread asks the event loop."""

    def __call__(self, what: Callable[[], T]) -> T:
        """The answer, which is waited for."""
        ...


def in_step() -> float:
    """Where objects are created by our own clock."""
    return 0.0


@dataclass(frozen=True)
class Services:
    """Asked in the event loop, except where a field says otherwise.

    ``now`` is the time that statuses say, ``clock`` counts seconds and is never set; both are asked from any thread, as
    ``ask``, ``surveyor``, ``runs``, ``publish`` and ``own`` are. ``ahead``: seconds that the clock by which objects are created is
    ahead of ``now``, see ``created``.
    """

    cache: Cache
    stores: BackendConnections
    contributions: Contributions
    surveyor: Surveyor
    runs: Runs
    namespaces: NamespaceLabels
    settings: Settings
    now: Callable[[], datetime]
    clock: Callable[[], float]
    is_running: Callable[[Key], bool]
    ask: AskLoop
    publish: Publish = unpublished
    own: OwnObjects = field(default_factory=NothingOwn)
    ahead: Callable[[], float] = in_step

    def created(self, obj: Stored) -> datetime:
        """When an object was created, by ``now``. From any thread.

        The API server's clock says when an object was created, and everything else goes by ours: with that clock minutes ahead, what was
        uploaded in the first minutes of a policy without existingObjects was never copied, and deadlines came late.
        """
        return min(obj.created - timedelta(seconds=self.ahead()), self.now())

    def close(self) -> None:
        """Begin no further step beside the reconciles."""
        self.surveyor.close()
        self.runs.close()
