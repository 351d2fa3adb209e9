"""``python -m imagestore.crdgen [--check]``: the same as ``imagestore generate``."""

import argparse
import sys
from pathlib import Path

from imagestore.crdgen.generate import generate


def main() -> int:
    """Write what is stale, or with --check say what is and end with 1."""
    parser = argparse.ArgumentParser(prog="python -m imagestore.crdgen", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; end with 1 if something is stale"
    )
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the repository")
    given = parser.parse_args()
    stale = generate(given.root, check=given.check)
    for path in stale:
        sys.stdout.write(f"{'stale' if given.check else 'written'}: {path}\n")
    return 1 if stale and given.check else 0


if __name__ == "__main__":
    sys.exit(main())
