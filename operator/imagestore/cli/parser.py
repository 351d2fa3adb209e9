"""The parser of the whole command line."""

import argparse
import sys
from importlib import import_module
from typing import NoReturn

from imagestore import __version__
from imagestore.cli.errors import USAGE

COMMANDS = (
    "run",
    "plan",
    "apply",
    "status",
    "lifecycle",
    "transfer",
    "import_",
    "release",
    "backup",
    "backend",
    "generate",
)


class Parser(argparse.ArgumentParser):
    """argparse exits with 2, which is what ``plan`` says when something would change."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the error, and exit."""
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"error: {message}; see {self.prog} --help\n")


def command_line() -> Parser:
    """The parser with all commands. Cheap: a command's module only declares its options."""
    parser = Parser(prog="imagestore", description="Keeps image storage as its YAML describes it.")
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        import_module(f"imagestore.cli.commands.{name}").register(subparsers)
    return parser
