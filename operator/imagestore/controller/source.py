"""Where events of objects come from: the controller's edge on that side. No API server is known here."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

from imagestore.api.kinds import Kind

Json = Any


@dataclass(frozen=True)
class Subscription:
    """What a source delivers, where, and from which versions on."""

    kinds: tuple[Kind, ...]
    deliver: Callable[[Kind, str | None, Json], None]
    """Takes kind, type (``ADDED``, ``MODIFIED``, ``DELETED``; None: from a listing) and the object."""
    knows: Callable[[Kind, Json], bool]
    """Whether this version of an object is remembered. Then it need not be delivered; a deletion always is."""
    versions: MutableMapping[str, str]
    """The resourceVersions of listings made a moment ago, by plural. The source removes each when it begins behind it."""
    listed: Callable[[Kind], Awaitable[None]]
    """Waits until the kind could be listed. Before that the source would only be refused."""


class EventSource(Protocol):
    """Delivers every change of the objects of some kinds."""

    async def start(self) -> None:
        """Begin. It may take over the process's signals: set the handlers again afterwards."""

    async def run(self) -> None:
        """Return when it is stopped, or raise its failure."""

    def list_anew(self) -> None:
        """The API server went back in time: forget every version and list everything."""

    async def stop(self) -> None:
        """Stop in good order, within seconds."""

    async def close(self) -> None:
        """Stop whatever is left, at once."""
