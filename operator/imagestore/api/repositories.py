"""What BackupSchedule, Backup and Restore have in common: where objects come from, and the repository that holds their backups."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.api.limits import MOVES_SOMETHING
from imagestore.core.model import Cel, ListSet, Model, Name, Prefix, Quantity

RunsIn = Literal["Operator", "Job"]
WHERE_IT_RUNS = (
    "Operator: the operator makes the backup by itself. Job: one pod of a Job makes it. Absent: a Job where about 100 000 objects or"
    " 100Gi are to be read, or more than 5 000 000 are there. Without a cluster, or without the chart's jobs.enabled, the operator"
    " makes every backup by itself."
)
ITS_POD = "Pod of a backup that is a Job, see runsIn. Absent: as the chart has it."


class NamedBucket(Model):
    """Names an ImageBucket of the same namespace."""

    name: Annotated[Name, Field(description="Name of the ImageBucket.")]


class NamedSecret(Model):
    """Names a Secret of the same namespace."""

    name: Annotated[Name, Field(description="Name of the Secret.")]


class BackupSource(Model):
    """Where the objects come from."""

    bucket_ref: Annotated[NamedBucket, Field(description="ImageBucket that is backed up.")]


class RepositoryEncryption(Model):
    """The key of a repository."""

    secret_ref: Annotated[
        NamedSecret,
        Field(
            description="Secret with one of these keys: key, at least 16 random bytes; passphrase; recoveryKey. The operator reads it"
            " when a run begins. In a cluster the chart's value rbac.backupKeys must list the namespace. Keep a copy of the key"
            " outside of the cluster: without it nothing can be restored."
        ),
    ]


class BackupRepository(Model):
    """Where the backups are."""

    bucket_ref: Annotated[
        NamedBucket,
        Field(
            description="ImageBucket that holds the repository. The operator must own it, and it must be another bucket than the source."
        ),
    ]
    prefix: Annotated[
        Prefix | None,
        Field(
            description="Prefix of the repository's files, such as photos/. Each source needs one of its own. Defaults to none."
        ),
    ] = None
    encryption: Annotated[
        RepositoryEncryption | None,
        Field(
            description="Encryption of all files in the repository, decided when it is created. Absent: none."
        ),
    ] = None


class ObjectSelection(Model):
    """Some objects of a bucket, by the beginnings of their keys."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.prefixes) || has(self.exclude)",
            "the filter selects nothing in particular; give prefixes or exclude, or remove filter",
        ),
    )

    prefixes: Annotated[
        tuple[Prefix, ...] | None,
        ListSet(),
        Field(
            min_length=1,
            max_length=32,
            description="Beginnings of keys. An object is taken if its key has one of them. Absent: all objects.",
        ),
    ] = None
    exclude: Annotated[
        tuple[Prefix, ...] | None,
        ListSet(),
        Field(
            min_length=1,
            max_length=32,
            description="Beginnings of keys that are left out, though prefixes takes them.",
        ),
    ] = None


class RepositoryImmutability(Model):
    """Object lock of a repository's files."""

    object_lock: Annotated[
        Literal["Governance", "Compliance"],
        Field(
            description="Mode of the lock. Governance: a user with a special right may lift it. Compliance: no user may."
        ),
    ]
    days: Annotated[
        int,
        Field(
            ge=1,
            le=36_500,
            description="Days for which a file is locked after it is written. Files of backups that are kept are locked again.",
        ),
    ]


class BackupLimits(Model):
    """Limits of each run, besides those of the StorageBackends."""

    bytes_per_second: Annotated[
        Quantity | None,
        MOVES_SOMETHING,
        Field(
            description="Bytes in a second, such as 200Mi: a Backup's are read from the source, a Restore's are written to the"
            " destination or read back from it, a check's are read from the repository. Absent: no limit."
        ),
    ] = None
    requests_per_second: Annotated[
        int | None,
        Field(
            ge=1, le=100_000, description="Requests to all stores of the run in a second. Absent: no limit."
        ),
    ] = None
    concurrency: Annotated[
        int | None,
        Field(
            ge=1,
            le=64,
            description="Objects that are read or written at once. Defaults to 18, and to fewer where bytesPerSecond is less than 18Mi.",
        ),
    ] = None


class RunProgressStatus(Model):
    """How far a run is that goes on."""

    percent: Annotated[
        int | None,
        Field(
            ge=0,
            le=100,
            description="Share of the objects that are done, in percent. Absent: it is not known how many there are.",
        ),
    ] = None
    objects: Annotated[int, Field(ge=0, description="Objects that are done.")] = 0
    objects_per_second: Annotated[
        int | None, Field(ge=0, description="Objects a second since the run began or was resumed.")
    ] = None
    eta: Annotated[
        datetime | None, Field(description="When the run ends if it goes on at this rate. Absent: not known.")
    ] = None
