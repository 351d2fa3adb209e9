"""The exceptions that the command line shows as a sentence, and what it exits with."""


class CommandError(Exception):
    """What a command cannot go on with. Carries all that is wrong, not only the first."""

    def __init__(self, *problems: object) -> None:
        super().__init__("\n".join(map(str, problems)))


class UsageError(CommandError):
    """The command was not given as it has to be: nothing was looked at."""


ERROR = 1
USAGE = 64  # as sysexits.h has it; argparse's own 2 would say that something changes
