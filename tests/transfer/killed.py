"""``python -m tests.transfer.killed WHEN ARGS...``: a command of imagestore that kills itself right behind a call to a store.

WHEN: the number of the call, or the name of the operation, whose first call it is then.
"""

import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from unittest.mock import patch

from imagestore.__main__ import main
from imagestore.backends.guard.call import Unobserved


def killing_after(when: str) -> Callable[[Unobserved, str, str, float], None]:
    """SIGKILL: nothing is flushed, closed or caught."""
    seen = count(1)

    def called(_: Unobserved, operation: str, outcome: str, seconds: float) -> None:
        number = next(seen)
        if operation == when or (when.isdecimal() and number >= int(when)):
            os.kill(os.getpid(), signal.SIGKILL)

    return called


if __name__ == "__main__":
    with patch.object(Unobserved, "called", killing_after(sys.argv[1])):
        sys.exit(main(sys.argv[2:]))
