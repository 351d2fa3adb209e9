"""What a record may ask when it is asked something itself: all that is remembered, and what is kept beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from imagestore.controller.contributions import Contributions
from imagestore.controller.state.cache import Cache
from imagestore.controller.state.objects import Key
from imagestore.controller.stores import BackendConnections
from imagestore.controller.surveyor import Surveyor
from imagestore.controller.transfers import Transfers
from imagestore.reconcile.replication.situation import Publish, unpublished
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


@dataclass(frozen=True)
class Services:
    """Asked in the event loop, except where a field says otherwise.

    ``now`` is the time that statuses say, ``clock`` counts seconds and is never set; both are asked from any thread, as
    ``ask``, ``surveyor``, ``transfers`` and ``publish`` are.
    """

    cache: Cache
    stores: BackendConnections
    contributions: Contributions
    surveyor: Surveyor
    transfers: Transfers
    namespaces: NamespaceLabels
    settings: Settings
    now: Callable[[], datetime]
    clock: Callable[[], float]
    is_running: Callable[[Key], bool]
    ask: AskLoop
    publish: Publish = unpublished

    def close(self) -> None:
        """Begin no further step beside the reconciles."""
        self.surveyor.close()
        self.transfers.close()
