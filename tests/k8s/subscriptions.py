"""What a source is told to deliver, for tests: all of our kinds, to nothing."""

from typing import Any

from imagestore.api.kinds import KINDS, Kind
from imagestore.controller.source import Subscription


def subscription(**more: Any) -> Subscription:
    """Nothing is remembered, and every kind may be listed."""
    plain: dict[str, Any] = {
        "kinds": KINDS,
        "deliver": lambda *_: None,
        "knows": lambda *_: False,
        "versions": {},
        "listed": _at_once,
    }
    return Subscription(**{**plain, **more})


async def _at_once(_: Kind) -> None:
    """Every kind could be listed."""
