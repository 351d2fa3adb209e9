"""The kinds of backups."""

from imagestore.api.backup import BackupSpec, BackupStatus
from imagestore.api.backupschedule import BackupScheduleSpec
from imagestore.api.backupschedulestatus import BackupScheduleStatus
from imagestore.api.kind import AGE_COLUMN, REASON_COLUMN, Column, Kind, condition_column
from imagestore.api.restore import RestoreSpec
from imagestore.api.restorestatus import RestoreStatus
from imagestore.core.model import Cel

BACKUP = Kind(
    name="Backup",
    plural="backups",
    scope="Namespaced",
    short="ibk",
    description="One backup of a bucket's objects. Deleting it stops its run, and deletes nothing in the repository.",
    spec=BackupSpec,
    status=BackupStatus,
    columns=(
        Column("Phase", ".status.phase", "Pending, Running, Succeeded, PartiallyFailed or Failed."),
        Column(
            "Done", ".status.progress.percent", "Share of the objects that are done, in percent.", "integer"
        ),
        Column("Objects", ".status.objects", "Objects in the backup.", "integer"),
        Column("Size", ".status.bytes", "Size of these objects in bytes.", "integer"),
        Column("New", ".status.newBytes", "Bytes that were written to the repository.", "integer"),
        Column("Failed", ".status.failed.count", "Objects that could not be backed up.", "integer"),
        Column("Source", ".spec.source.bucketRef.name", "ImageBucket that is backed up.", priority=1),
        Column("Schedule", ".spec.scheduleRef.name", "BackupSchedule that says what to back up.", priority=1),
        Column("Name", ".status.backup", "Name of the backup in the repository.", priority=1),
        REASON_COLUMN,
        AGE_COLUMN,
    ),
)

BACKUP_SCHEDULE = Kind(
    name="BackupSchedule",
    plural="backupschedules",
    scope="Namespaced",
    short="bsch",
    description="Backs up a bucket at set times, and proves that the backups restore.",
    spec=BackupScheduleSpec,
    status=BackupScheduleStatus,
    columns=(
        Column(
            "Ready",
            condition_column("Ready"),
            "Whether the last Backup succeeded and its checks could be made.",
        ),
        Column(
            "WithinRpo",
            condition_column("WithinRpo"),
            "Whether the newest backup is younger than spec.objectives.rpo.",
        ),
        Column(
            "Verified",
            condition_column("Verified"),
            "Whether contents were read back lately, and all were whole.",
        ),
        Column(
            "Drilled",
            condition_column("Drilled"),
            "Whether the last drill restored its sample within spec.objectives.rto.",
        ),
        Column(
            "Last success",
            ".status.lastSuccess",
            "Time since the newest backup that succeeded began.",
            "date",
        ),
        Column("Next", ".status.nextRun", "When the next Backup is made."),
        Column("Missed", ".status.missed", "Scheduled times that passed without a run.", "integer", 1),
        Column("Source", ".spec.source.bucketRef.name", "ImageBucket that is backed up.", priority=1),
        Column(
            "Repository", ".spec.repository.bucketRef.name", "ImageBucket that holds the backups.", priority=1
        ),
        REASON_COLUMN,
        AGE_COLUMN,
    ),
    cel=lambda: (
        Cel(
            "size(self.metadata.name) <= 63",
            "the name is a label of the schedule's Backups and part of their names; use at most 63 characters",
        ),
    ),
)

RESTORE = Kind(
    name="Restore",
    plural="restores",
    scope="Namespaced",
    short="rst",
    description="Brings objects back from a backup or from a bucket's own versions, or proves with a sample that they would come back.",
    spec=RestoreSpec,
    status=RestoreStatus,
    columns=(
        Column("Phase", ".status.phase", "Pending, Running, Held, Succeeded or Failed."),
        Column("Destination", ".spec.destination.bucketRef.name", "ImageBucket that receives the objects."),
        Column("Done", ".status.progress.percent", "Percent of the objects that are done.", "integer"),
        Column("Objects", ".status.objects", "Objects that were written.", "integer"),
        Column("Failed", ".status.failed.count", "Objects that are not at the destination.", "integer"),
        Column("Verified", ".status.verified", "Objects that were read back and hashed.", "integer", 1),
        Column("Source", ".status.source", "Repository or Versions.", priority=1),
        Column("Backup", ".status.backup", "Name of the backup in the repository.", priority=1),
        REASON_COLUMN,
        AGE_COLUMN,
    ),
)
