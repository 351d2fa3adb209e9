"""The list of keys of ``imagestore backup restore --keys-file``."""

from argparse import Namespace
from pathlib import Path

from imagestore.cli.backups.restoring import keys_in_file, selection_asked
from imagestore.controller.restore_source import selection_of
from imagestore.reconcile.restore.runs import RestoreJob
from imagestore.reconcile.shared.runs import JobEnd


def test_a_list_that_was_written_on_windows_names_the_same_keys(tmp_path: Path) -> None:
    """Each key had a return at its end, and none was found."""
    path = tmp_path / "keys"
    path.write_bytes(b"a.jpg\r\n\r\nb.jpg\n")
    assert keys_in_file(str(path)) == {"a.jpg", "b.jpg"}


def test_a_filter_selects_the_same_objects_in_a_restore_and_on_the_command_line(tmp_path: Path) -> None:
    """The keys of a list were whole ones here, and in a Restore without the source's prefix: a list of a report found nothing there."""
    path = tmp_path / "keys"
    path.write_bytes(b"shop/a.jpg\n")
    args = Namespace(prefixes=["originals/"], keys_file=str(path), first=["thumbs/"])
    end = JobEnd("eu", "photos", "")
    job = RestoreJob("uid", end, prefixes=("originals/",), priorities=("thumbs/",), keys=(end, "keys"))
    asked = selection_asked(args, "shop/")
    assert asked == selection_of(job, "shop/", frozenset({"shop/a.jpg"}))
    assert [
        key for key in ("shop/a.jpg", "shop/originals/b", "a.jpg", "shop/shop/a.jpg") if asked.takes(key)
    ] == [
        "shop/a.jpg",
        "shop/originals/b",
    ]
