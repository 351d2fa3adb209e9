"""Why a repository cannot be used, as a sentence for its owner. Messages name files of the repository, never a key of an object."""

from imagestore.core.errors import StoreError


class RepositoryProblem(Exception):
    """What is wrong and what to do, as a sentence."""


class NotARepository(RepositoryProblem):
    """There is no format.json, or it is not one."""


class NoRepository(NotARepository):
    """There is no format.json."""


class NewerFormat(RepositoryProblem):
    """A later version of imagestore wrote this repository."""


class WrongKey(RepositoryProblem):
    """No slot opens with the given secret, or none was given."""


class SlotTaken(RepositoryProblem):
    """A slot of this name is there."""


class OtherSource(RepositoryProblem):
    """The repository belongs to the backups of another bucket."""


class SameBucketAsSource(RepositoryProblem):
    """The repository lies in the bucket that it backs up, and would be lost with it."""


class SourceUnlisted(RepositoryProblem):
    """The source could not be listed. ``error``: what its store answered."""

    def __init__(self, error: StoreError) -> None:
        super().__init__(str(error))
        self.error = error


class SourceUnreadable(RepositoryProblem):
    """Too many objects of the source in a row could not be read."""


class DamagedFile(RepositoryProblem):
    """A file of the repository is missing, cut short, or not what was written. ``name``: its name in the repository."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name


class MissingFile(DamagedFile):
    """A file of the repository is not there."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "is not in the repository")


class FileNotGiven(DamagedFile):
    """The store gives other files of the repository, but not this one: it is lost for now."""

    def __init__(self, name: str, error: StoreError) -> None:
        super().__init__(name, f"its store does not give it: {error.reason} {error.code}".rstrip())


class BackupNotGiven(RepositoryProblem):
    """The store gives other files of the repository, but not the root of a backup that is meant, or may be."""


class RunLost(RepositoryProblem):
    """A run did not beat for too long; its work must not count."""


class RunStopped(RepositoryProblem):
    """The caller asked the run to stop."""
