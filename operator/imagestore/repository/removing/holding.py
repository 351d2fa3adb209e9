"""Why a removal deletes nothing. Pure."""

from collections.abc import Iterable

from imagestore.repository.store.runs import SLACK, KnownRun
from imagestore.repository.store.view import Backups


def clock_problem(found: Backups, runs: Iterable[KnownRun], now: int) -> str:
    """A store whose clock is behind what it told before: every age would be wrong. Empty: it is not."""
    newest = max([*(root.finished for root in found.roots), *(r.beat for r in runs)], default=0)
    if newest > now + SLACK:
        ahead = (newest - now) // 60_000
        return f"the repository has a time that lies {ahead} minutes in the future; the store's clock was set back"
    return ""


def lost_backup(missing: str) -> str:
    """What its packs hold would be condemned, and a root that is hidden for now may come back. Empty: none is missing."""
    return f"the backup {missing}, the newest that succeeded, is not in the repository" if missing else ""
