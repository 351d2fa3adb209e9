"""Leave to write, asked for before each call to a store that may change something."""

from collections.abc import Mapping
from typing import Any

from imagestore.backends.decorators import Call
from imagestore.core.fencing import Permit

_READS = ("Get", "Head", "List", "admin:Get", "admin:List")


def fenced(call: Call, permit: Permit) -> Call:
    """``permit`` is asked right before the call is sent: also after a wait for the limit, and for each attempt."""

    def asking(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        if not operation.startswith(_READS):
            permit()
        return call(operation, parameters)

    return asking
