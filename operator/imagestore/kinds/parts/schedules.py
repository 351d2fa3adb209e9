"""Which Backups are a BackupSchedule's, and what those tell it."""

from collections.abc import Iterator
from typing import Any

from imagestore.api.kinds import BACKUP_SCHEDULE
from imagestore.controller.runtime import Wake
from imagestore.controller.state.cache import ObjectChange
from imagestore.controller.state.objects import Key, Stored
from imagestore.reconcile.schedule.situation import SCHEDULE_LABEL


def schedule_of(backup: Stored[Any]) -> str:
    """The schedule of a Backup: by the operator's label, or because its spec names it; empty: none."""
    return dict(backup.labels).get(SCHEDULE_LABEL) or str(backup.extra.schedule)


def wake_schedule(change: ObjectChange) -> Iterator[Wake]:
    """A Backup changed: its schedule goes on."""
    obj = change.after or change.before
    if obj is not None and (name := schedule_of(obj)):
        yield Wake(Key(BACKUP_SCHEDULE.name, obj.key.namespace, name))
