"""The exact calls of a change, told before anything is sent."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from imagestore.core.facet import Facet
from imagestore.core.plan import Change

ForetoldCall = Mapping[str, Any]
"""``operation`` and ``parameters`` of a call, as the store's own documentation names them."""


@runtime_checkable
class Foretells(Protocol):
    """A backend that tells the exact calls of a change before anything is sent, for people to read."""

    def calls_of(self, bucket: str, change: Change, owner: str) -> tuple[ForetoldCall, ...]:
        """What writing this change sends. Rejected: what the driver refuses before it sends anything."""

    def calls_to_create(
        self, bucket: str, wanted: Mapping[str, Facet], owner: str
    ) -> tuple[ForetoldCall, ...]:
        """What creating the bucket and marking it as ours sends."""
