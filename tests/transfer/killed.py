"""``python -m tests.transfer.killed N ARGS...``: a command of imagestore that kills itself after its Nth call to a store."""

import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from unittest.mock import patch

from imagestore.__main__ import main
from imagestore.backends.guard.call import Unobserved


def killing_after(calls: int) -> Callable[[Unobserved, str, str, float], None]:
    """SIGKILL: nothing is flushed, closed or caught."""
    seen = count(1)

    def called(_: Unobserved, operation: str, outcome: str, seconds: float) -> None:
        if next(seen) >= calls:
            os.kill(os.getpid(), signal.SIGKILL)

    return called


if __name__ == "__main__":
    with patch.object(Unobserved, "called", killing_after(int(sys.argv[1]))):
        sys.exit(main(sys.argv[2:]))
