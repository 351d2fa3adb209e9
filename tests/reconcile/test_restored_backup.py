"""Which repository and backup a Restore means."""

from dataclasses import replace
from typing import Any

import pytest

from imagestore.api.restore import LatestBackup, RestoreSpec
from imagestore.reconcile.restore.origin import latest_of, named_backup, stated
from tests.reconcile.restored import PLAIN, REPOSITORY
from tests.reconcile.test_restore import FOUND, ended

SCHEDULE = {"source": {"bucketRef": {"name": "photos"}}, "repository": REPOSITORY}


def test_which_backup_is_meant() -> None:
    root = {"phase": "Succeeded", "backup": "20270301T000000Z-a"}
    inline = named_backup("b", SCHEDULE, root, None)
    assert inline.repository is not None
    assert (inline.backup, inline.source, inline.repository.prefix) == (
        "20270301T000000Z-a",
        "photos",
        "photos/",
    )
    by_schedule = named_backup("b", {"scheduleRef": {"name": "nightly"}}, root, SCHEDULE)
    assert by_schedule == inline
    for origin, reason, waits in (
        (named_backup("b", None, {}, None), "BackupNotFound", True),
        (named_backup("b", SCHEDULE, {"phase": "Running"}, None), "BackupNotReady", True),
        (named_backup("b", SCHEDULE, {**root, "phase": "Running"}, None), "BackupNotReady", True),
        (named_backup("b", SCHEDULE, {"phase": "Succeeded"}, None), "BackupNotReady", True),
        (named_backup("b", SCHEDULE, {"phase": "Failed"}, None), "BackupNotFound", False),
        (named_backup("b", {"scheduleRef": {"name": "gone"}}, root, None), "BackupNotFound", True),
        (latest_of(_latest(), None), "BackupNotFound", True),
        (latest_of(_latest(), {**SCHEDULE, "source": {"bucketSelector": {}}}), "BackupNotFound", False),
    ):
        assert origin.refusal is not None
        assert (str(origin.refusal.reason), origin.refusal.waits) == (reason, waits)
    assert latest_of(_latest(), SCHEDULE) == replace(inline, backup="")
    many = latest_of(_latest(bucketRef={"name": "film"}), {**SCHEDULE, "source": {"bucketSelector": {}}})
    assert many.repository is not None
    assert (many.source, many.repository.prefix) == ("film", "photos/film/"), (
        "each bucket has a repository of its own"
    )
    assert (
        stated(RestoreSpec.model_validate({"backupRef": {"name": "b"}, "destination": PLAIN["destination"]}))
        is None
    )


def test_a_backup_is_where_it_was_made_though_its_schedule_was_edited_or_deleted() -> None:
    """Its root was looked for in the repository that the schedule names now: the Restore failed for good, or waited for ever."""
    by_hand = {"scheduleRef": {"name": "nightly"}}
    status = {"phase": "Succeeded", "backup": "root-1", **SCHEDULE}
    edited = {
        "source": {"bucketRef": {"name": "film"}},
        "repository": {"bucketRef": {"name": "backups-2027"}, "secretRef": {"name": "another"}},
    }
    for schedule in (SCHEDULE, edited, None):
        found = named_backup("b", by_hand, status, schedule)
        assert found.refusal is None
        assert found.repository is not None
        assert (found.repository.bucket_ref.name, found.repository.prefix) == ("backups", "photos/")
        assert (found.backup, found.source) == ("root-1", "photos")
    odd = named_backup("b", SCHEDULE, {**status, "repository": {"not": "understood"}}, None)
    assert odd.repository is not None
    assert odd.repository.bucket_ref.name == "backups"


@pytest.mark.parametrize(
    ("found", "told"), [("Repository", "Repository"), ("Versions", "Versions"), ("", None)]
)
def test_a_restore_that_has_ended_tells_its_source_if_it_is_known(found: str, told: str | None) -> None:
    assert ended(replace(FOUND, source=found)).status.source == told


def _latest(**more: Any) -> LatestBackup:
    return LatestBackup.model_validate({"scheduleRef": {"name": "nightly"}, **more})
