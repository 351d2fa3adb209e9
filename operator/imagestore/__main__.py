"""``imagestore``: run the operator, or plan, import, release and generate without it."""

import argparse
import importlib
import importlib.util
import sys
from collections.abc import Sequence

from imagestore import __version__
from imagestore.cli.wrong import Wrong

_COMMANDS = ("run", "plan", "import_", "release", "generate")


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command; the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="imagestore", description=__doc__)
    parser.add_argument("--version", action="version", version=f"imagestore {__version__}")
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in _needed(words):
        importlib.import_module(f"imagestore.cli.{command}").register(subparsers)
    arguments = parser.parse_args(words)
    try:
        return int(arguments.command(arguments))
    except Wrong as wrong:
        sys.stderr.writelines(f"error: {line}\n" for line in str(wrong).splitlines())
        return 1
    except KeyboardInterrupt:
        return 130


def _needed(words: Sequence[str]) -> tuple[str, ...]:
    """Only the command that was asked for is loaded: the operator needs no command line's libraries."""
    asked = tuple(c for c in _COMMANDS if words and words[0] == c.rstrip("_"))
    return asked or tuple(c for c in _COMMANDS if importlib.util.find_spec(f"imagestore.cli.{c}"))


if __name__ == "__main__":
    sys.exit(main())
