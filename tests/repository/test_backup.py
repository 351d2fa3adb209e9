"""What a backup holds, costs and tells, and what a restore brings back."""

import json
from dataclasses import replace
from typing import Any

import pytest

from imagestore.backends.memory_content import CAPABLE
from imagestore.backends.memory_objects import MemoryObjectStore
from imagestore.core.errors import Conflict, Denied, NotFound, StoreError, Unavailable
from imagestore.core.objects import KeyOrder, ObjectHead
from imagestore.repository.errors import OtherSource, RepositoryProblem, SourceUnlisted, WrongKey
from imagestore.repository.format.roots import BackupFilter, BackupState, SourceName
from imagestore.repository.format.rows import BackupRow, row_line, row_of
from imagestore.repository.format.slots import OpeningSecret, SlotKind
from imagestore.repository.making.backup import back_up
from imagestore.repository.making.deciding import BackupOptions
from imagestore.repository.restoring.options import RestoreState
from imagestore.repository.restoring.selection import ExistingPolicy
from imagestore.repository.store.opening import open_repository, refuse_other_source
from imagestore.repository.store.view import backups, lines_of_leaf, rows_of
from imagestore.transfer.job import TransferEnd
from tests.repository.pictures import attributes, filled
from tests.repository.world import World


@pytest.mark.parametrize("sealed", [False, True])
def test_a_restore_brings_back_every_byte_and_attribute(*, sealed: bool) -> None:
    world = filled(sealed=sealed, large=True)
    root = world.back_up()
    assert root.state is BackupState.SUCCEEDED
    assert root.counts.objects == len(world.content())
    assert root.counts.duplicates == 1
    report = world.restore(root)
    assert report.state is RestoreState.SUCCEEDED
    assert world.restored() == world.content()
    assert attributes(world, "restored") == attributes(world, "photos")
    assert report.counts.restored == root.counts.objects


def test_what_is_encrypted_tells_neither_keys_nor_contents() -> None:
    world = filled()
    world.put("secret-name", b"a very secret content of a picture")
    world.back_up()
    stored = (
        b"".join(world.server.current("backup").values()) + "".join(world.server.current("backup")).encode()
    )
    for told in (b"secret-name", b"a very secret content", b"artist", b"shop/07"):
        assert told not in stored


def test_an_unchanged_bucket_costs_its_listing_and_no_content() -> None:
    world = filled()
    first = world.back_up()
    calls = world.count(world.source_server, lambda: world.back_up(reread=0))
    assert calls == {"ListObjects": 1, "Get": 1}, "the Get asks whether the repository lies in its source"
    second = backups(world.opened()).roots[-1]
    assert second.leaves == first.leaves, "an unchanged range is the same leaf"
    assert (second.counts.unchanged, second.counts.stored_bytes) == (first.counts.objects, 0)
    written = [o for o in world.count(world.server, lambda: world.back_up(reread=0)) if o == "Put"]
    assert written == ["Put"]
    assert world.restore(second).state is RestoreState.SUCCEEDED
    assert world.restored() == world.content()


def test_a_changed_object_is_read_and_a_deleted_one_is_gone() -> None:
    world = filled()
    old = world.back_up()
    before = world.content()
    world.put("shop/03.png", b"new")
    world.source_server.remove("photos", "shop/04.png")
    new = world.back_up()
    assert new.counts.read == 1
    world.restore(new)
    assert world.restored() == world.content()
    world.restore(old, existing=ExistingPolicy.OVERWRITE)
    assert world.restored() == before


def test_tags_that_listings_hide_are_found_by_the_rolling_share() -> None:
    world = filled()
    world.back_up()
    world.end.store.set_tags("photos", "shop/05.png", {"team": "print"})
    for _ in range(3):
        root = world.back_up(reread=3)
    tags = {row.key: row.tags for row in rows_of(world.opened(), root)}
    assert tags["shop/05.png"] == {"team": "print"}
    assert root.counts.read == 0


def test_a_content_moved_to_another_key_is_not_stored_again() -> None:
    world = filled()
    world.back_up()
    world.put("moved.png", world.content()["shop/09.png"])
    root = world.back_up()
    assert (root.counts.read, root.counts.duplicates) == (1, 1)
    world.restore(root)
    assert world.restored() == world.content()


def test_metadata_that_cannot_be_read_again_is_told_and_the_content_stays_as_it_is() -> None:
    world = filled()
    world.back_up()
    world.source_server.fault = lambda operation, _b, key: _refuse(
        operation == "Head" and key == "shop/05.png"
    )
    root = world.back_up(reread=1)
    world.source_server.fault = None
    assert (root.counts.failed, root.counts.stale, root.counts.read) == (1, 0, 0)
    world.assert_restores(root, world.content())


class Special(MemoryObjectStore):
    """A source whose objects are special."""

    special: dict[str, ObjectHead | StoreError]

    def read(self, bucket: str, key: str, **options: Any) -> Any:
        found = self.special.get(key)
        if isinstance(found, StoreError):
            raise found
        if found is not None:
            raise Denied("no", code="InvalidRequest")
        return super().read(bucket, key, **options)

    def head(self, bucket: str, key: str, version: str = "") -> ObjectHead:
        found = self.special.get(key)
        return found if isinstance(found, ObjectHead) else super().head(bucket, key, version)


def test_what_cannot_be_read_is_listed_with_its_reason_and_an_earlier_content_stays() -> None:
    world = filled()
    world.back_up()
    before = world.content()["shop/02.png"]
    store = Special(world.source_server, "eu")
    object.__setattr__(store, "special", {
        "ssec": ObjectHead(4, "e", 1, customer_key=True),
        "glacier": ObjectHead(4, "e", 1, archived=True),
        "gone": NotFound("gone", code="NoSuchKey"),
        "busy": Conflict("changed"),
        "shop/02.png": Unavailable("down", code="SlowDown"),
    })  # fmt: skip
    for key in ("ssec", "glacier", "gone", "busy", "shop/02.png"):
        world.put(key, b"data")
    root = back_up(world.opened(), TransferEnd(store, "photos"), BackupOptions())
    assert root.state is BackupState.PARTIALLY_FAILED
    counts = root.counts
    assert (counts.skipped, counts.failed, counts.vanished, counts.stale) == (2, 2, 1, 1)
    report = [json.loads(line) for line in lines_of_leaf(world.opened(), root.report)]
    assert {line["key"]: line["problem"] for line in report} == {
        "ssec": "CustomerKey", "glacier": "Archived", "busy": "Changing", "shop/02.png": "Failed",
    }  # fmt: skip
    done = world.restore(root)
    assert done.counts.stale == 1
    assert world.restored()["shop/02.png"] == before
    again = world.back_up()
    assert again.counts.stale == 0
    assert again.counts.read == 5, "what failed is read again, though the listing has not changed"


def test_a_source_that_cannot_be_read_ends_the_run_without_a_root() -> None:
    world = World()
    for n in range(150):
        world.put(f"{n:03}", b"x")
    world.source_server.fault = lambda operation, _b, key: _refuse(operation == "Get" and key[:1].isdigit())
    with pytest.raises(RepositoryProblem, match="100 objects in a row"):
        world.back_up()
    assert backups(world.opened()).roots == ()


def _refuse(when: object) -> None:
    if when:
        raise Denied("no", code="AccessDenied")


def test_a_listing_that_breaks_off_or_is_out_of_order_makes_no_backup() -> None:
    world = filled()
    world.source_server.page = 10
    pages = iter(range(100))
    world.source_server.fault = lambda o, _b, _k: _refuse(o == "ListObjects" and next(pages) == 2)
    with pytest.raises(SourceUnlisted) as told:
        world.back_up()
    assert isinstance(told.value.error, Denied)
    world.source_server.fault = None
    world.source_server.ranks = lambda _order: lambda key: key[::-1]
    with pytest.raises(SourceUnlisted, match="the run stopped and deleted nothing"):
        world.back_up()
    assert backups(world.opened()).roots == ()


@pytest.mark.parametrize("order", [KeyOrder.DIRECTORY, KeyOrder.UTF16, KeyOrder.NONE])
def test_stores_of_other_orders_are_sorted(order: KeyOrder) -> None:
    world = filled()
    world.source_server.traits = replace(CAPABLE, order=order)
    world.target_server.traits = replace(CAPABLE, order=order)
    world.back_up()
    root = world.back_up(reread=0)
    assert root.counts.unchanged == root.counts.objects
    world.restore(root)
    assert world.restored() == world.content()
    again = world.restore(root, existing=ExistingPolicy.OVERWRITE)
    assert again.counts.equal == root.counts.objects


def test_what_the_operator_keeps_for_itself_is_no_content() -> None:
    """Else a drill that runs beside a backup would be backed up."""
    world = filled()
    world.put(".imagestore/drill/ab/shop/00.png", b"restored for a drill")
    assert world.back_up().counts.objects == len(world.content()) - 1


def test_a_filter_leaves_out_what_it_excludes() -> None:
    world = filled()
    root = world.back_up(filter=BackupFilter(("shop/",), ("shop/1",)))
    keys = {row.key for row in rows_of(world.opened(), root)}
    assert keys == {k for k in world.content() if k.startswith("shop/") and not k.startswith("shop/1")}


def test_other_sources_wrong_keys_and_its_own_bucket_are_refused() -> None:
    world = filled()
    with pytest.raises(OtherSource, match="eu/photos, not of eu/other"):
        refuse_other_source(world.repository, SourceName("eu", "other"))
    for secret in (
        OpeningSecret(),
        OpeningSecret(SlotKind.SECRET, b"x" * 32),
        OpeningSecret(SlotKind.PASSPHRASE, b"x"),
    ):
        with pytest.raises(WrongKey, match="no slot of us/backup/shop opens"):
            open_repository(world.files(), secret, world.random)
    with pytest.raises(RepositoryProblem, match="lies in the bucket that it backs up"):
        back_up(
            world.opened(), TransferEnd(MemoryObjectStore(world.server, "alias"), "backup"), BackupOptions()
        )


def test_a_row_is_what_its_line_says() -> None:
    row = BackupRow(
        "\udcff", 1, "e", 2, "ab", metadata={"ä": "ö"}, pack="aa", offset=3, length=4, stale=True, note="n"
    )

    assert row_of(row_line(row)) == row
