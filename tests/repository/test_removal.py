"""Removal beside everything: no backup that is listed ever lacks a byte."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagestore.repository.errors import RepositoryProblem
from imagestore.repository.format.roots import BackupCounts, BackupFilter, BackupRoot
from imagestore.repository.removing.options import PruneOptions
from imagestore.repository.removing.prune import prune
from imagestore.repository.removing.retention import Forgetting
from imagestore.repository.restoring.selection import ExistingPolicy
from imagestore.repository.store.view import backups
from tests.repository.outside_reader import OutsideReader
from tests.repository.world import SECRET, WRITES, Killed, World, killed_after

PACK = 3000


def small(**how: Any) -> World:
    """Objects of a kilobyte, three to a pack."""
    world = World(pack_bytes=PACK, **how)
    for n in range(12):
        world.put(f"{n:02}", world.random(1000))
    return world


def named_files(world: World) -> set[str]:
    """What the backups need, by a reader that is not ours: brute force."""
    files = world.stored()
    reader = OutsideReader(files, SECRET.value, "secret")
    found: set[str] = set()
    for backup in reader.backups():
        for leaf in reader.document(f"backups/{backup}")["leaves"]:
            found.add(f"leaves/{leaf['leaf'][:2]}/{leaf['leaf']}")
        for row in reader.rows(backup):
            where, offset = row.get("pack"), row.get("offset", 0)
            while where and (place := reader._moved(where, offset)) is not None:
                found |= {n for n in files if n.startswith(f"moved/{where}-")}
                where, offset = place["pack"], place["offset"]
            if where:
                found.add(f"packs/{where[:2]}/{where}")
    return found


def test_what_only_a_forgotten_backup_needs_goes_after_the_grace_time_and_not_before() -> None:
    world = small()
    world.back_up()
    for n in range(12):
        world.put(f"{n:02}", world.random(1000))
    kept, content = world.back_up(), world.content()
    packs = {n for n in world.stored() if n.startswith("packs/")}
    first = world.prune()
    assert [d.backup.name for d in first.retention.decisions if not d.stays] != []
    assert first.deleted.files == 0 < first.condemned.files
    world.clock.pass_hours(47)
    assert world.prune().deleted.files == 0
    assert packs <= set(world.stored())
    world.clock.pass_hours(1)
    assert world.prune().deleted.files > 0
    assert {n for n in world.stored() if n.startswith("packs/")} < packs
    world.assert_restores(kept, content)
    world.prune_fully()
    assert {n for n in world.stored() if n.startswith(("packs/", "leaves/", "moved/"))} == named_files(world)


def test_a_dry_run_writes_nothing_and_tells_the_same() -> None:
    world = small()
    world.back_up()
    for n in range(12):
        world.put(f"{n:02}", world.random(1000))
    world.back_up()
    before = world.stored()
    told = world.prune(dry_run=True)
    assert world.stored() == before
    done = world.prune()
    assert (told.condemned, len(told.retention.forgotten)) == (done.condemned, len(done.retention.forgotten))


def test_packs_below_half_alive_are_repacked_and_every_backup_still_restores() -> None:
    world = small()
    world.back_up()
    for n in range(12):
        if n % 3:
            world.source_server.remove("photos", f"{n:02}")
    kept, content = world.back_up(), world.content()
    world.pack_bytes = 16 * 1024**2
    assert world.prune(repack_below=20.0).repacked > 0  # pages of 16 KiB are coarse for packs of 3 kB
    world.assert_restores(kept, content)
    world.clock.pass_hours(49)
    assert world.prune().deleted.files > 0
    world.assert_restores(kept, content)
    after = world.back_up()
    assert after.counts.read == 0
    world.prune_fully(last=1)
    world.assert_restores(after, content)
    assert {n for n in world.stored() if n.startswith(("packs/", "leaves/", "moved/"))} == named_files(world)


@contextmanager
def frozen_at(
    number: int, world: World, *, whole: bool = True
) -> Iterator[tuple[threading.Event, threading.Event]]:
    """The n-th write of another thread than this one waits until it is let go on, and if ``whole`` all writes of others after it."""
    left, frozen, go_on = [number], threading.Event(), threading.Event()
    outsiders = {threading.get_ident()}

    def fault(operation: str, _bucket: str, _key: str) -> None:
        if threading.get_ident() in outsiders or operation not in WRITES or go_on.is_set():
            return
        if frozen.is_set() and not whole:
            return
        left[0] -= 1
        if left[0] < 0:
            frozen.set()
            go_on.wait(60)

    world.server.fault = fault
    try:
        yield frozen, go_on
    finally:
        go_on.set()
        world.server.fault = None


def in_thread(action: Callable[[], Any], results: list[Any]) -> threading.Thread:
    def work() -> None:
        try:
            results.append(action())
        except Exception as error:  # noqa: BLE001  judged by the test
            results.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def changed_world(step: int = 2) -> tuple[World, dict[str, dict[str, bytes]]]:
    """Two backups, the older one with contents that come back: the next backup finds them in packs that are about to go."""
    world, expected = small(), {}
    old = world.content()
    root = world.back_up()
    expected[root.name] = world.content()
    for n in range(0, 12, step):
        world.put(f"{n:02}", world.random(1000))
    root = world.back_up()
    expected[root.name] = world.content()
    for n in range(6):
        world.put(f"{n:02}", old[f"{n:02}"])
        world.put(f"new-{n:02}", world.random(1000))
    return world, expected


def listed_restore(world: World, expected: dict[str, dict[str, bytes]]) -> list[str]:
    """Every backup that is listed restores to what its bucket held."""
    roots = backups(world.opened()).roots
    for root in roots:
        world.assert_restores(root, expected[root.name])
    return [root.name for root in roots]


@pytest.mark.parametrize("hours", [0, 49])
def test_a_backup_frozen_at_every_write_while_removal_runs_to_its_end(hours: int) -> None:
    """rustic docs#144, duplicacy#323: its packs were removed under it. With 49 hours it was declared dead; its root must not count."""
    for number in range(40):
        world, expected = changed_world()
        content, results = world.content(), list[Any]()
        with frozen_at(number, world) as (frozen, go_on):
            thread = in_thread(world.back_up, results)
            while not frozen.wait(0.01) and thread.is_alive():
                pass
            reached = frozen.is_set()
            if reached:
                world.clock.pass_hours(hours)
                for _ in range(3):
                    world.prune()
                    world.clock.pass_hours(hours)
            go_on.set()
            thread.join()
        if isinstance(results[0], BackupRoot):
            expected[results[0].name] = content
        else:
            assert isinstance(results[0], RepositoryProblem), results
        listed = listed_restore(world, expected)
        assert isinstance(results[0], BackupRoot) == any(n not in list(expected)[:2] for n in listed)
        last, held = world.back_up(), world.content()
        world.prune_fully()
        world.assert_restores(last, held)
        if not reached:
            return
    raise AssertionError("a backup has fewer writes")


@pytest.mark.parametrize("repack_below", [0.0, 20.0])
def test_a_removal_frozen_at_every_write_while_others_go_on(repack_below: float) -> None:
    """Without repacking by the others, the pack into which the frozen one moved contents is removed under it."""
    for number in range(40):
        world, expected = changed_world()
        world.prune()
        world.clock.pass_hours(49)
        results: list[Any] = []
        with frozen_at(number, world, whole=False) as (frozen, go_on):
            thread = in_thread(lambda w=world: w.prune(repack_below=20.0), results)  # type: ignore[misc]
            while not frozen.wait(0.01) and thread.is_alive():
                pass
            reached = frozen.is_set()
            for _ in range(3 if reached else 0):
                world.put("during", world.random(1000))
                expected[world.back_up().name] = world.content()
                world.prune(repack_below=repack_below)
                world.clock.pass_hours(49)
            go_on.set()
            thread.join()
        listed_restore(world, expected)
        for _ in range(3):
            world.prune(repack_below=0.0)
            world.clock.pass_hours(49)
        listed_restore(world, expected)
        assert_written_once(world)
        if not reached:
            return
    raise AssertionError("a removal has fewer writes")


def assert_written_once(world: World) -> None:
    """No name is used twice: a removal that wakes up late deletes what it meant, and nothing else."""
    written = [k for o, _, k in world.server.calls if o == "Put" and "/runs/" not in k]
    assert len(written) == len(set(written))


@pytest.mark.parametrize("condemned_before", [False, True])
def test_contents_found_in_packs_that_are_about_to_go(
    *, condemned_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that lasts longer than the grace time refers to packs that were condemned after it began: they wait for it. A run that
    began later refers to none of them, though they are still there."""
    monkeypatch.setattr("imagestore.repository.making.backup.WINDOW_OBJECTS", 1)
    world, expected = changed_world(step=1)
    if condemned_before:
        world.prune()
        world.clock.pass_hours(49)

    def between(counts: BackupCounts) -> None:
        world.clock.pass_hours(10)
        if counts.objects > 6:
            world.prune()

    root = world.back_up(beat=0.0, clock=count().__next__, told=between)
    assert (root.counts.duplicates > 0) is not condemned_before
    assert root.finished - root.started > 2 * world.repository.grace
    expected[root.name] = world.content()
    listed_restore(world, expected)


def test_a_leaf_that_comes_back_has_another_name() -> None:
    world = small()
    for exclude in ((), ("05",), (), ("05",), ()):
        world.back_up(filter=BackupFilter(exclude=exclude))
    assert_written_once(world)


def test_a_removal_killed_at_every_call_leaves_every_listed_backup_whole() -> None:
    """duplicacy#686: packs went before the roots that named them."""
    for number in range(60):
        world, expected = changed_world()
        expected[world.back_up().name] = world.content()
        world.prune()
        world.clock.pass_hours(49)
        killed_after(number, world.server)
        try:
            world.prune(repack_below=20.0)
            killed = False
        except Killed:
            killed = True
        world.server.fault = None
        listed_restore(world, expected)
        world.prune_fully()
        listed_restore(world, expected)
        if not killed:
            return
    raise AssertionError("a removal has fewer writes")


def test_two_backups_and_a_removal_at_once() -> None:
    world, expected = changed_world()
    content, results = world.content(), list[Any]()
    world.prune()
    world.clock.pass_hours(49)
    threads = [
        in_thread(action, results) for action in (world.back_up, world.prune, world.back_up, world.prune)
    ]
    for thread in threads:
        thread.join()
    made = [r for r in results if isinstance(r, BackupRoot)]
    assert len(made) == 2, results
    for root in made:
        expected[root.name] = content
    listed_restore(world, expected)
    world.prune_fully()
    listed_restore(world, expected)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 7), st.integers(0, 5)),
        st.tuples(st.just("remove"), st.integers(0, 7), st.just(0)),
        st.tuples(st.just("back_up"), st.just(0), st.just(0)),
        st.tuples(st.just("back_up killed"), st.integers(0, 8), st.just(0)),
        st.tuples(st.just("prune"), st.integers(1, 3), st.just(0)),
        st.tuples(st.just("prune killed"), st.integers(0, 12), st.just(0)),
        st.tuples(st.just("pass"), st.sampled_from([1, 25, 49]), st.just(0)),
    ),
    max_size=25,
)


def play(
    world: World, step: tuple[str, int, int], contents: list[bytes], expected: dict[str, dict[str, bytes]]
) -> None:
    verb, number, content = step
    if verb.endswith("killed"):
        killed_after(number, world.server)
    if verb == "put":
        world.put(f"k{number}", contents[content])
    elif verb == "remove":
        world.source_server.remove("photos", f"k{number}")
    elif verb == "pass":
        world.clock.pass_hours(number)
    elif verb.startswith("prune"):
        world.prune(1 + number % 3, repack_below=20.0)
    else:
        held = world.content()
        expected[world.back_up().name] = held


@settings(max_examples=40)
@given(STEPS)
def test_the_live_set_is_what_brute_force_finds(steps: list[tuple[str, int, int]]) -> None:
    """rustic#392: a pack was judged dead that held the same blob twice. Contents repeat here on purpose."""
    world, expected = World(pack_bytes=1500), {}
    contents = [world.random(400 + 300 * n) for n in range(6)]
    for step in steps:
        with suppress(Killed):
            play(world, step, contents, expected)
        world.server.fault = None
    listed = [root for root in backups(world.opened()).roots if root.name in expected]
    for root in listed:
        world.assert_restores(root, expected[root.name])
    if listed:
        for _ in range(3):
            world.prune(3)
            world.clock.pass_hours(49)
        kept = {n for n in world.stored() if n.startswith(("packs/", "leaves/", "moved/"))}
        assert named_files(world) <= kept


@pytest.mark.parametrize("hours", [-48, 48])
def test_the_hosts_clock_decides_nothing(hours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """borg#9870, icechunk#2310: a host two days ahead found everything old enough."""
    import time

    world, expected = changed_world()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + hours * 3600)
    expected[world.back_up().name] = world.content()
    world.prune()
    assert world.prune().deleted.files == 0
    listed_restore(world, expected)
    world.clock.pass_hours(49)
    assert world.prune().deleted.files > 0
    listed_restore(world, expected)


def test_a_store_whose_clock_was_set_back_holds_the_removal() -> None:
    world, _ = changed_world()
    world.back_up()
    world.clock.pass_hours(-48)
    report = world.prune()
    assert "the store's clock was set back" in report.held
    assert (report.deleted.files, report.condemned.files) == (0, 0)


def test_a_probe_that_is_not_read_back_fresh_ends_the_removal() -> None:
    """Garage answered with an old object for a while (keiretsu-labs/kubernetes-manifests#2746)."""
    world, expected = changed_world()
    world.prune()
    world.clock.pass_hours(49)
    put = world.server.put

    def stale(bucket: str, key: str, *rest: Any) -> Any:
        held = world.server.content(bucket).current(key)
        return held if held is not None and "/runs/" in key else put(bucket, key, *rest)

    world.server.put = stale  # type: ignore[method-assign]
    with pytest.raises(RepositoryProblem, match="is not read back as it was written"):
        world.prune()
    listed_restore(world, expected)


def test_a_dead_run_needs_nobody_and_its_late_root_does_not_count() -> None:
    """keelhaven#27, volsync#1042: a stale lock made backups green and removal dead."""
    world, _ = changed_world()
    killed_after(3, world.server)
    with pytest.raises(Killed):
        world.back_up()
    world.server.fault = None
    done = world.back_up()
    assert world.prune().dead_runs == ()
    world.clock.pass_hours(49)
    assert len(world.prune().dead_runs) == 1
    world.clock.pass_hours(49)
    assert world.prune().deleted.files > 0
    world.assert_restores(done, world.content())


def test_a_damaged_leaf_holds_the_removal() -> None:
    world, _ = changed_world()
    world.back_up()
    leaf = next(n for n in world.stored() if n.startswith("leaves/"))
    world.server.remove("backup", f"shop/{leaf}")
    report = world.prune(last=3)
    assert "is not in the repository" in report.held
    assert report.condemned.files == 0


def test_a_named_backup_is_forgotten_but_never_the_newest() -> None:
    world, expected = changed_world()
    old, new = list(expected)
    with pytest.raises(RepositoryProblem, match="is the newest backup"):
        prune(world.opened(), PruneOptions(Forgetting(names=frozenset({new}))))
    prune(world.opened(), PruneOptions(Forgetting(names=frozenset({old}))))
    assert listed_restore(world, expected) == [new]


def test_overwriting_restore_of_an_old_backup_after_all_that() -> None:
    world, expected = changed_world()
    first = backups(world.opened()).roots[0]
    world.prune(last=2)
    world.clock.pass_hours(49)
    world.prune(last=2)
    world.restore(first, existing=ExistingPolicy.OVERWRITE)
    assert world.restored() == expected[first.name]
