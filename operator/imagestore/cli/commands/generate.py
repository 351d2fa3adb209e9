"""``imagestore generate``: CRDs, RBAC and reference pages from the models. For who works on imagestore."""

import argparse
import sys
from pathlib import Path
from typing import Any

from imagestore.cli.errors import CommandError


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser("generate", help="write CRDs, RBAC and reference pages from the models")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if something is stale")
    parser.add_argument("--root", type=Path, help="the repository (default: around the current folder)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Name what was, or would be, written."""
    from imagestore.crdgen.generate import generate

    stale = generate(args.root or _root(), args.check)
    sys.stdout.writelines(f"{'stale' if args.check else 'written'}: {path}\n" for path in stale)
    return 1 if stale and args.check else 0


def _root() -> Path:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "operator" / "imagestore").is_dir():
            return folder
    raise CommandError("this is not imagestore's repository; say --root DIR")
