"""Memory does not grow with the bucket. ``python -m tests.repository.million 1000000 FOLDER create`` measures a million objects."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from imagestore.repository.checking.verify import VerifyLevel, VerifyOptions, _Verification
from tests.repository.world import World

MOST = 300  # MB, at any number of objects


def test_backup_verification_and_removal_of_many_objects_stay_small(tmp_path: Path) -> None:
    """velero#7510, kopia#2888: maintenance ran out of memory, and backups stopped."""
    for action in ("create", "again", "verify", "restore", "drill", "prune"):
        command = [sys.executable, "-m", "tests.repository.million", "30000", str(tmp_path), action]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peak = re.search(r"(\d+) MB at the peak", done.stdout)
        assert peak is not None, done.stdout
        assert int(peak[1]) < MOST // 2, done.stdout


def test_tables_of_packs_are_held_by_the_number_of_their_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million tiny objects: twelve packs of 85 000 took 250 MB, and 32 were to be held."""
    world = World(pack_bytes=4096)
    for number in range(200):
        world.put(f"{number:03}", world.random(200))
    root = world.back_up()
    packs = len([key for key in world.server.current("backup") if "/packs/" in key])
    assert packs > 8
    monkeypatch.setattr("imagestore.repository.checking.verify.ENTRIES_HELD", 200 // packs * 3)
    work = _Verification(world.opened(), (root,), VerifyOptions(VerifyLevel.FULL))
    report = work.run()
    assert (report.whole, report.read) == (True, 200)
    held = [len(table) for table in work._tables.values() if isinstance(table, dict)]
    assert 1 < len(held) < 5
    assert sum(held) <= 200 // packs * 3
