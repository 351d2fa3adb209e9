"""The kinds: one record each, in a file of its own. Nothing outside this package compares against a kind.

To add a kind: its ``Kind`` with spec and status in ``api/``, its reconcile in ``reconcile/``, and its record here.
``tests/kinds/tagset.py`` is a whole one.
"""

from imagestore.controller.runtime import Kinds
from imagestore.kinds.backup import BACKUPS
from imagestore.kinds.backupschedule import BACKUP_SCHEDULES
from imagestore.kinds.imagebucket import IMAGE_BUCKETS
from imagestore.kinds.lifecyclepolicy import LIFECYCLE_POLICIES
from imagestore.kinds.replicationpolicy import REPLICATION_POLICIES
from imagestore.kinds.restore import RESTORES
from imagestore.kinds.storagebackend import STORAGE_BACKENDS

# Policies before buckets: what was listed last is judged by what is known already.
ALL = Kinds(
    STORAGE_BACKENDS,
    LIFECYCLE_POLICIES,
    REPLICATION_POLICIES,
    BACKUP_SCHEDULES,
    BACKUPS,
    RESTORES,
    IMAGE_BUCKETS,
)
