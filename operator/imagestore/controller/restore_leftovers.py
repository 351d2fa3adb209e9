"""What Restores left in a destination that were deleted before their folders were emptied: in the middle, or while no operator was there."""

from collections.abc import Collection

from imagestore.controller.restore_folder import RESTORE_FOLDERS, RestoreFolder
from imagestore.transfer.job import TransferEnd

MOST_LOOKED_AT = 1000  # keys: one page of a listing
MOST_EMPTIED = 10  # folders at once; the next Restore that ends comes to the others
SETTLED = 3_600_000  # milliseconds: a Restore that was made a moment ago may not be known yet


def empty_leftovers(end: TransferEnd, known: Collection[str]) -> int:
    """Empty the folders of Restores that are not there any more, and return how many. ``known``: the uids of those that are.

    Their reports stay, as those of all others. The uploads that they had begun are aborted, and no others. StoreError.
    """
    page = end.store.objects(end.bucket, {}, prefix=RESTORE_FOLDERS, limit=MOST_LOOKED_AT)
    newest: dict[str, int] = {}
    for found in page.items:
        uid, _, name = found.key.removeprefix(RESTORE_FOLDERS).partition("/")
        if uid not in known and RestoreFolder.is_working_file(name):
            newest[uid] = max(newest.get(uid, 0), found.modified)
    if not newest:
        return 0
    now = end.store.now(end.bucket)
    left = [uid for uid, written in newest.items() if written < now - SETTLED][:MOST_EMPTIED]
    for uid in left:
        folder = RestoreFolder(end, uid, "")
        folder.checkpoint().abort_uploads(end)
        folder.empty()
    return len(left)
