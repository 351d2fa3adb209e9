"""Why a repository cannot be used, as a sentence for its owner. Messages name files of the repository, never a key of an object."""


class RepositoryProblem(Exception):
    """What is wrong and what to do, as a sentence."""


class NotARepository(RepositoryProblem):
    """There is no format.json, or it is not one."""


class NewerFormat(RepositoryProblem):
    """A later version of imagestore wrote this repository."""


class WrongKey(RepositoryProblem):
    """No slot opens with the given secret, or none was given."""


class OtherSource(RepositoryProblem):
    """The repository belongs to the backups of another bucket."""


class DamagedFile(RepositoryProblem):
    """A file of the repository is missing, cut short, or not what was written. ``name``: its name in the repository."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name


class MissingFile(DamagedFile):
    """A file of the repository is not there."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "is not in the repository")


class RunLost(RepositoryProblem):
    """A run did not beat for too long; its work must not count."""
