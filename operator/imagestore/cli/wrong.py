"""The one exception that the command line shows as a sentence."""


class Wrong(Exception):
    """What a command cannot go on with. Carries all that is wrong, not only the first."""

    def __init__(self, *problems: object) -> None:
        super().__init__("\n".join(map(str, problems)))
