"""``python -m tests.transfer.soak``: what takes too long for each test run. A million keys, and a kill after every single call."""

import json
import os
import subprocess
import sys
import time

from tests.transfer.memory import main as generated

MILLION = 1_000_000


def main() -> int:
    """The exit code; prints what was measured."""
    for by_directory in (False, True):
        found = generated(MILLION, by_directory=by_directory)
        print(json.dumps(found | {"sorted": by_directory}), flush=True)
        if found["megabytes"] >= 200:
            return 1
    began = time.monotonic()
    sweep = ["-q", "-p", "no:cacheprovider", "tests/transfer/test_killed_process.py"]
    code = subprocess.run(
        [sys.executable, "-m", "pytest", *sweep], env={**os.environ, "TRANSFER_KILL_STEP": "1"}, check=False
    ).returncode
    print(json.dumps({"killed after every call": code == 0, "seconds": time.monotonic() - began}))
    return code


if __name__ == "__main__":
    sys.exit(main())
