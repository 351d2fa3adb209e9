"""What a run of a Backup tells of what it met."""

import pytest

from imagestore.controller.backing_up import backup_result
from imagestore.controller.opening import Unready, troubled
from imagestore.core.errors import Denied, StoreError, Unavailable
from imagestore.core.reasons import Reason
from imagestore.reconcile.shared.runs import RunTrouble
from imagestore.repository.errors import (
    DamagedFile,
    NewerFormat,
    NotARepository,
    OtherSource,
    RepositoryProblem,
    RunLost,
    SameBucketAsSource,
    SourceUnlisted,
    SourceUnreadable,
    WrongKey,
)
from tests.repository.pictures import filled


def test_what_failed_is_counted_by_the_stores_own_word_and_no_key_is_told() -> None:
    world = filled()
    errors = {
        "shop/01.png": Denied("no", code="AccessDenied"),
        "shop/02.png": Unavailable("down", code="SlowDown"),
    }

    def fault(operation: str, _bucket: str, key: str) -> None:
        if operation == "Get" and key in errors:
            raise errors[key]

    world.source_server.fault = fault
    root = world.back_up(label="uid-1")
    made = backup_result(world.opened(), root)
    assert (made.partial, made.failed, made.skipped) == (True, {"AccessDenied": 1, "SlowDown": 1}, {})
    assert (made.name, made.objects) == (root.name, root.counts.objects)
    assert "shop/" not in str(made)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (WrongKey("no slot"), ("repository", Reason.WRONG_KEY, False)),
        (NewerFormat("version 2"), ("repository", Reason.NEWER_FORMAT, False)),
        (NotARepository("none"), ("repository", Reason.NO_REPOSITORY, False)),
        (DamagedFile("format.json", "is not JSON"), ("repository", Reason.REPOSITORY_DAMAGED, False)),
        (OtherSource("of another"), ("repository", Reason.OTHER_SOURCE, True)),
        (SameBucketAsSource("in it"), ("repository", Reason.SAME_BUCKET, True)),
        (RunLost("silent"), ("repository", Reason.REPOSITORY_FAILED, False)),
        (SourceUnlisted(Denied("ListObjects")), ("source", Reason.DENIED, False)),
        (SourceUnreadable("100 in a row"), ("source", Reason.UNAVAILABLE, False)),
        (Denied("PutObject: AccessDenied"), ("repository", Reason.DENIED, False)),
        (Unavailable("PutObject: XMinioStorageFull"), ("repository", Reason.UNAVAILABLE, False)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_trouble_has_its_reason(
    error: RepositoryProblem | StoreError, told: tuple[str, Reason, bool]
) -> None:
    trouble = troubled(error)
    assert (trouble.side, trouble.reason, trouble.final) == told
    assert str(error) in trouble.message


def test_an_end_that_is_not_ready_tells_its_own_trouble() -> None:
    trouble = RunTrouble("source", Reason.NOT_FOUND, "there is no bucket a")
    assert troubled(Unready(trouble)) == trouble
