"""``imagestore generate``: write CRDs, RBAC and reference pages from the models. For contributors."""

import argparse
import sys
from pathlib import Path
from typing import Any

from imagestore.cli import options
from imagestore.cli.errors import CommandError


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = options.command(
        subparsers,
        "generate",
        "write CRDs, RBAC and reference pages from the models",
        "Write the CRDs, the chart's RBAC and the reference pages from the models. For contributors to imagestore.",
        codes={1: "an error, or with --check a file that is not up to date"},
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; list the files that are not up to date"
    )
    parser.add_argument(
        "--root", type=Path, help="the repository (default: the one around the current directory)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the files, or with --check only list them."""
    from imagestore.cli.reference import options_page
    from imagestore.crdgen.generate import generate

    stale = generate(args.root or _root(), args.check, [("docs/reference/cli.md", options_page())])
    sys.stdout.writelines(f"{'stale' if args.check else 'written'}: {path}\n" for path in stale)
    return 1 if stale and args.check else 0


def _root() -> Path:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "operator" / "imagestore").is_dir():
            return folder
    raise CommandError("this is not imagestore's repository; give --root DIR")
