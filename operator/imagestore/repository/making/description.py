"""The description of a backup that another process makes, as JSON. It holds no credentials and no key."""

import json
from dataclasses import asdict, dataclass

from imagestore.core.keys import unquoted, url_encoded
from imagestore.repository.format.roots import BackupFilter
from imagestore.repository.making.deciding import BackupOptions
from imagestore.repository.store.files import RepositoryFiles
from imagestore.transfer.descriptions import DescriptionKind, StoreNamed, described_place, end_of_place
from imagestore.transfer.job import TransferEnd
from imagestore.transfer.pace import MovingLimits

BACKUP_DESCRIPTION = DescriptionKind("backup", 2, ("source", "repository"))


@dataclass(frozen=True)
class DescribedBackup:
    """A backup with its stores. ``run``: the id of this order. ``decode``: whether images are decoded."""

    source: TransferEnd
    files: RepositoryFiles
    options: BackupOptions
    decode: bool
    run: str
    limits: MovingLimits


def described_backup(backup: DescribedBackup) -> str:
    """The description."""
    options, source, files = backup.options, backup.source, backup.files
    told = {
        "form": BACKUP_DESCRIPTION.form,
        "run": backup.run,
        "source": described_place(source.store, source.bucket, source.prefix),
        "repository": described_place(files.store, files.bucket, files.prefix),
        "include": [url_encoded(p) for p in options.filter.include],
        "exclude": [url_encoded(p) for p in options.filter.exclude],
        "scheduled": options.scheduled,
        "full": options.full,
        "label": options.label,
        "decode": backup.decode,
        "limits": asdict(backup.limits),
    }
    return json.dumps(told, indent=1) + "\n"


def backup_of(text: str, store: StoreNamed) -> DescribedBackup:
    """What ``described_backup`` wrote, with the stores. Raises WrongDescription."""
    told = BACKUP_DESCRIPTION.parsed(text)
    with BACKUP_DESCRIPTION.whole():
        place = told["repository"]
        return DescribedBackup(
            end_of_place(told["source"], store),
            RepositoryFiles(store(place["backend"]), place["bucket"], unquoted(place["prefix"])),
            BackupOptions(
                BackupFilter(tuple(map(unquoted, told["include"])), tuple(map(unquoted, told["exclude"]))),
                scheduled=told["scheduled"],
                full=told["full"],
                label=told["label"],
            ),
            told["decode"],
            told["run"],
            MovingLimits(**told["limits"]),
        )
