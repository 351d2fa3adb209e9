"""Events, told to a person or a program instead of an API server."""

import logging
from collections.abc import Callable

from imagestore.controller.logs import REDACTOR
from imagestore.controller.state.objects import Key, Stored
from imagestore.core.outcome import Event

log = logging.getLogger(__name__)
Tell = Callable[[Key, Event, str], None]
"""An object, an Event on it, and its message without credentials."""


class ToldEvents:
    """Hands each Event on."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def note(self, obj: Stored, note: Event) -> None:
        """Tell about an object."""
        log.log(logging.WARNING if note.warning else logging.INFO, "%s: %s", note.reason, note.message)
        self._tell(obj.key, note, REDACTOR.clean(note.message))


class NoWithdrawals:
    """A folder has no CRDs: what is deleted there, a person asked for."""

    async def concerns(self, _: Stored) -> str:
        """Nothing speaks against it."""
        return ""

    def forget(self, key: Key) -> None:
        """Nothing is kept."""
