"""The command line: ``imagestore run | plan | lifecycle | import | release | backend | generate``.

Starting up is cheap: a command's module only declares its options, and imports the rest when it runs.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import NoReturn

from imagestore import __version__
from imagestore.cli.errors import ERROR, USAGE, CommandError, UsageError

COMMANDS = ("run", "plan", "lifecycle", "import_", "release", "backend", "generate")


class Parser(argparse.ArgumentParser):
    """argparse exits with 2, which is how ``plan`` says that something would change."""

    def error(self, message: str) -> NoReturn:
        """How the command is to be given, and what is wrong with it."""
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"error: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    parser = Parser(prog="imagestore", description="Keeps image storage the way its YAML says.")
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        if find_spec(f"imagestore.cli.commands.{name}"):
            import_module(f"imagestore.cli.commands.{name}").register(subparsers)
    args = parser.parse_args(argv)
    try:
        return int(args.run(args))
    except CommandError as wrong:
        sys.stderr.writelines(f"error: {line}\n" for line in str(wrong).splitlines())
        return USAGE if isinstance(wrong, UsageError) else ERROR
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever reads has read enough: imagestore plan | head
        sys.stderr.close()
        return 141


if __name__ == "__main__":
    sys.exit(main())
