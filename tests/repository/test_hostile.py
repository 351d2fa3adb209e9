"""What a hostile reader of the code tried: forged repositories, foreign objects in the way of a deletion, restores that forget."""

from itertools import count

import pytest

from imagestore.backends.memory_content import MemoryContent
from imagestore.core.errors import NotFound
from imagestore.core.objects import ObjectAttributes
from imagestore.repository.checking.drill import DrillOptions, drill
from imagestore.repository.errors import RepositoryProblem, WrongKey
from imagestore.repository.format.names import moved_file
from imagestore.repository.format.roots import SourceName
from imagestore.repository.format.slots import OpeningSecret
from imagestore.repository.removing.retention import RetentionRules, retention_plan
from imagestore.repository.restoring.options import RestorePoint, RestoreState
from imagestore.repository.restoring.selection import ExistingPolicy
from imagestore.repository.store.creating import create_repository
from imagestore.repository.store.files import RepositoryFiles
from imagestore.repository.store.opening import open_repository
from imagestore.repository.store.runs import begin_run, document_bytes
from imagestore.repository.store.view import backups, rows_of
from imagestore.transfer.job import TransferEnd
from tests.repository.pictures import filled
from tests.repository.test_retention import NOW, kept, nightly, root
from tests.repository.world import SECRET, World


def test_a_repository_that_another_put_in_our_place_does_not_open_with_our_key() -> None:
    """Who may write to the bucket, but has no key, would else get all contents in the clear, and could feed a restore."""
    world = filled()
    for name in world.stored():
        world.server.remove("backup", f"shop/{name}")
    source = world.repository.source
    create_repository(world.files(), source, {"secret": OpeningSecret()}, world.random, sealed=False)
    with pytest.raises(WrongKey):
        world.opened()


def test_an_emptied_source_does_not_age_out_what_it_held() -> None:
    """The hold ended on the day after, when the newest two were alike, and before the alert that waits for a day."""
    rules, roots, token = RetentionRules(last=3, most_share=1.0), nightly(3), ""
    for day in range(4, 16):
        roots.append(root(f"2027-01-{day:02}T02:30", objects=1))
        plan = retention_plan(roots, rules, NOW)
        assert (
            plan.held == "the newest backup has 1 objects, 2027-01-03T02:30 had 100: was the bucket emptied?"
        )
        assert token in ("", plan.token), "one approval is good for all nights"
        token = plan.token
    approved = frozenset({token})
    for day in range(16, 29):
        roots.append(root(f"2027-01-{day:02}T02:30", objects=1))
        plan = retention_plan(roots, rules, NOW, approved=approved)
        assert plan.held == ""
        roots = [r for r in roots if r.name in kept(plan)]
        assert "2027-01-03T02:30" in kept(plan)
    assert len(roots) == 4
    (reasons,) = [d.reasons for d in plan.decisions if d.backup.name == "2027-01-03T02:30"]
    assert reasons == ("the last one before the bucket shrank to less than half",)


def test_fail_overwrites_nothing_that_came_after_the_check() -> None:
    world = filled()
    made, lost = world.back_up(), dict[str, str]()

    def meanwhile(point: RestorePoint) -> None:
        if point.checked and not point.after:
            world.target_server.put("restored", "shop/11.png", b"mine", ObjectAttributes())

    report = world.restore(made, existing=ExistingPolicy.FAIL, save=meanwhile, problem=lost.__setitem__)
    assert world.restored() == {**world.content(), "shop/11.png": b"mine"}
    assert (report.state, list(lost)) == (RestoreState.FAILED, ["shop/11.png"])


@pytest.mark.parametrize(("existing", "state"), [("Fail", "Failed"), ("Skip", "Succeeded")])
def test_a_large_object_overwrites_nothing_that_came_while_it_was_sent(existing: str, state: str) -> None:
    world = World()
    world.put("large", bytes(20 * 1024**2))
    made = world.back_up()

    def meanwhile(operation: str, _bucket: str, _key: str) -> None:
        if operation == "Begin":
            world.target_server.put("restored", "large", b"mine", ObjectAttributes())

    world.target_server.fault = meanwhile
    report = world.restore(made, existing=ExistingPolicy(existing))
    assert (report.state, world.restored()) == (state, {"large": b"mine"})


def test_a_restore_that_goes_on_does_not_forget_what_failed_before() -> None:
    world = filled()
    made, points, lost = world.back_up(), list[RestorePoint](), dict[str, str]()
    gone = next(k for k in world.server.current("backup") if "/packs/" in k)
    data = world.server.current("backup")[gone]
    world.server.remove("backup", gone)
    failed = world.restore(made, save=points.append, problem=lost.__setitem__).counts.failed
    assert failed > 0
    resumed = world.restore(made, point=points[1])
    assert (resumed.state, resumed.counts.failed) == (RestoreState.FAILED, failed)
    again = world.restore(made, point=points[-1])
    assert (again.state, again.counts.failed) == (RestoreState.FAILED, failed)
    world.server.put("backup", gone, data, ObjectAttributes())
    last = world.restore(made, point=points[-1])
    assert (last.state, world.restored()) == (RestoreState.SUCCEEDED, world.content())


def test_a_drill_deletes_nothing_of_others_below_its_prefix() -> None:
    world = filled()
    made = world.back_up()
    world.target_server.put("restored", "images/mine.png", b"mine", ObjectAttributes())
    for prefix in ("images/", "im"):
        report = drill(
            world.opened(), made, TransferEnd(world.target.store, "restored", prefix), DrillOptions()
        )
        assert report.passed
        assert world.restored() == {"images/mine.png": b"mine"}


def test_a_bucket_that_goes_away_is_no_backup_of_nothing() -> None:
    world = filled()

    def fault(operation: str, _bucket: str, _key: str) -> None:
        if operation in ("Get", "Head"):
            raise NotFound("the bucket does not exist", code="NoSuchBucket")

    world.source_server.fault = fault
    try:
        made = world.back_up()
    except RepositoryProblem:
        return
    assert made.counts.failed > 0
    assert made.counts.vanished == 0


def test_a_removal_leaves_what_is_no_file_of_a_repository() -> None:
    world = filled()
    names = ("moved/tree.jpg", "leaves/oak.jpg", "packs/abcd", "packs/read.me", "packs/packs/aa/" + "aa" * 16,
             "runs/2027/report.csv", "runs/list", "index/catalog.json", "trash/bin.txt", "verified/x", "backups/old.zip")  # fmt: skip
    for name in names:
        world.server.put("backup", f"shop/{name}", b"mine", ObjectAttributes())
    upload = world.files().store.begin("backup", "shop/blobs/film.mov", ObjectAttributes())
    made = world.back_up()
    world.prune_fully()
    assert set(names) <= set(world.stored())
    assert [u.upload for u in world.files().store.uploads("backup", prefix="shop/blobs/")] == [upload]
    assert backups(world.opened()).rejected == {}
    world.assert_restores(made, world.content())


@pytest.mark.parametrize("versioned", [False, True])
def test_a_repository_leaves_one_that_lies_in_a_folder_of_its_own(*, versioned: bool) -> None:
    """A bucket named runs, in a group without a prefix: the other repository's removal deleted its format.json and its key."""
    world = World(versioned=versioned)
    world.server.buckets["backup"] = MemoryContent(versioned=versioned)
    inner = RepositoryFiles(world.files().store, "backup", "shop/runs/")
    create_repository(inner, SourceName("eu", "other"), {"secret": SECRET}, world.random, sealed=True)
    begin_run(open_repository(inner, SECRET, world.random), "backup")
    there = world.stored()
    create_repository(
        world.files(), SourceName("eu", "photos"), {"secret": SECRET}, world.random, sealed=True
    )
    world.put("a", b"a")
    made = world.back_up()
    world.prune_fully()
    assert there.items() <= world.stored().items()
    assert open_repository(inner, SECRET, world.random).source.bucket == "other"
    world.assert_restores(made, world.content())


def test_a_repository_is_not_made_in_a_folder_of_another() -> None:
    world = World()
    inner = RepositoryFiles(world.files().store, "backup", "shop/keys/a/")
    with pytest.raises(RepositoryProblem, match="lies in the folder keys of the repository us/backup/shop;"):
        create_repository(inner, SourceName("eu", "other"), {"secret": SECRET}, world.random, sealed=True)
    beside = RepositoryFiles(world.files().store, "backup", "shop/other/")
    create_repository(beside, SourceName("eu", "other"), {"secret": SECRET}, world.random, sealed=True)


def test_a_backup_refers_to_no_pack_that_a_frozen_removal_named_too_late() -> None:
    """The removal wrote a pack, slept for days while others removed it, and then wrote where the contents stand: there is nothing."""
    world = filled()
    made, repository = world.back_up(), world.opened()
    row = next(r for r in rows_of(repository, made) if r.pack)
    name = moved_file(row.pack, f"{'ab' * 16}.0")
    content = {"container": row.pack, "entries": [[row.offset, "cd" * 16, "", 0, row.length]]}
    repository.files.write(name, document_bytes(repository, name, content))
    second = world.back_up()
    world.assert_restores(second, world.content())
    assert len(backups(repository).roots) == 2


def test_what_a_running_backup_wrote_is_not_uploaded_again_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A removal beside the first backup, which takes days, condemned all that it had written."""
    monkeypatch.setattr("imagestore.repository.making.backup.WINDOW_OBJECTS", 1)
    world = filled()
    monkeypatch.setattr("imagestore.repository.making.recording.TOLD_AFTER", 1)
    world.pack_bytes = 1000
    world.back_up(
        beat=0.0, clock=count().__next__, told=lambda counts: counts.objects == 40 and world.prune()
    )
    assert world.back_up(reread=0).counts.read == 0
    world.prune_fully()
    world.assert_restores(backups(world.opened()).roots[-1], world.content())
