"""The command line: ``imagestore run | plan | apply | status | lifecycle | transfer | import | release | backend | generate``."""

import sys
from collections.abc import Sequence

from imagestore.cli import parser
from imagestore.cli.errors import ERROR, USAGE, CommandError, UsageError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = parser.command_line().parse_args(argv)
    try:
        return int(args.run(args))
    except CommandError as error:
        sys.stderr.writelines(f"error: {line}\n" for line in str(error).splitlines())
        return USAGE if isinstance(error, UsageError) else ERROR
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has closed the pipe: imagestore plan | head
        sys.stderr.close()
        return 141


if __name__ == "__main__":
    sys.exit(main())
