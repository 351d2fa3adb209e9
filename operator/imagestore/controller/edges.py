"""What the controller needs of the world: something that writes to objects, and something that posts Events.

``k8s`` has both for the API server. Whatever tells the controller of objects calls ``work.triggers``.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from imagestore.api.kinds import Kind
from imagestore.controller.state.objects import Key, Stored
from imagestore.core.outcome import Event, Outcome


class Gone(Exception):
    """The object is not there any more, or it is a namesake."""


class WriteRefused(Exception):
    """A write is not taken. ``status``: as HTTP has it; 404 and 409 say that the object is another one by now. ``by``: who refuses."""

    status: int
    by: str


class ObjectApi(Protocol):
    """Where our objects are kept. Each write carries the resourceVersion that it is about: a stale one is refused (409).

    What is answered is the object as it is then. Every call raises WriteRefused.
    """

    async def read(self, kind: Kind, key: Key) -> Any:
        """Return the object; 404: there is none."""
        ...

    async def make(self, kind: Kind, body: Any) -> Any:
        """Make an object; 409: there is one of its name."""
        ...

    async def remove(self, kind: Kind, key: Key, uid: str) -> None:
        """Ask for this very object's deletion; 404: it is gone, 409: it is a namesake."""
        ...

    async def put_finalizers(self, kind: Kind, key: Key, version: str, finalizers: Sequence[str]) -> Any:
        """Replace them. An object that is being deleted is gone with its last one."""
        ...

    async def put_status(self, kind: Kind, key: Key, version: str, content: Any) -> Any:
        """Replace the status."""
        ...


class StatusSink(Protocol):
    """The only writer of our own objects."""

    async def carry_out(self, seen: Stored, outcome: Outcome[Any]) -> int:
        """How many writes it took. Raises Gone or WriteRefused."""
        ...

    async def status(self, seen: Stored, content: Any) -> int:
        """Write a status that is no model. Raises Gone or WriteRefused."""
        ...

    async def refresh(self, key: Key) -> None:
        """Look at the object as it is now, and tell the triggers. Raises WriteRefused."""
        ...


class EventRecorder(Protocol):
    """Posts Events."""

    def note(self, obj: Stored, note: Event) -> None:
        """Tell about an object. Never waits, never fails."""
        ...


class Withdrawals(Protocol):
    """Knows whether objects are deleted because their whole kind is."""

    async def concerns(self, obj: Stored) -> str:
        """Why a deletion asks for no data to be deleted; empty: it does, or it deletes none. Raises WriteRefused."""
        ...

    def forget(self, key: Key) -> None:
        """The object is gone."""
        ...
