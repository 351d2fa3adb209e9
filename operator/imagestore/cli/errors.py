"""The errors that the command line reports as a sentence, and the exit codes for them."""

ERROR = 1
USAGE = 64  # as in sysexits.h; argparse's own 2 is what plan says when something would change


class CommandError(Exception):
    """A command cannot continue. Carries every problem, not only the first."""

    def __init__(self, *problems: object) -> None:
        super().__init__("\n".join(map(str, problems)))


class UsageError(CommandError):
    """The command's arguments are wrong. Nothing was read."""
