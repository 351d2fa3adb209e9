"""`python -m dev.live BACKEND.yaml --consent NAME`: the contract suite against a real account (`make live`).

It says first what that will cost, and goes no further without consent: the StorageBackend's name once more.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from dev.programs.progress import say

SUITE = ("tests/contract/test_drivers.py", "tests/contract/test_foreign.py")
# It shows what a trial does on servers that are known to drop something; a real account need not.
NOT_LIVE = "tests/contract/test_foreign.py::test_an_unknown_loss_is_found_out_before_it_takes_effect"


def main() -> int:
    """Run it in a pytest of its own; its exit code."""
    args, more = _parser().parse_known_args()
    if not args.backend or not Path(args.backend).is_file():
        say("live: give the manifest of a StorageBackend: make live BACKEND=eu.yaml")
        return 2
    environment = {
        "IMAGESTORE_LIVE": str(Path(args.backend).absolute()),
        "IMAGESTORE_LIVE_CONSENT": args.consent,
        "IMAGESTORE_LIVE_REQUESTS": str(args.requests),
        "IMAGESTORE_LIVE_KMS_KEY": args.kms_key,
        "IMAGESTORE_LIVE_SETTLE": str(args.settle),
    }
    pytest = [sys.executable, "-m", "pytest", "--numprocesses=0", "--deselect", NOT_LIVE, *SUITE, *more]
    return subprocess.run(pytest, env={**os.environ, **environment}, check=False).returncode


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.live", description=__doc__)
    parser.add_argument("backend", nargs="?", default="", help="a file with the StorageBackend")
    parser.add_argument("--consent", default="", metavar="NAME", help="the StorageBackend's name")
    parser.add_argument(
        "--requests", type=int, default=20000, help="no more than these (default: %(default)s)"
    )
    parser.add_argument("--kms-key", default="", help="a key of the account's, to test SSE-KMS with")
    parser.add_argument(
        "--settle",
        type=float,
        default=0,
        help="seconds to wait after a write, where reads lag behind (AWS: 5)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
