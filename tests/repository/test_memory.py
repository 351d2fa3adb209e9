"""Memory does not grow with the bucket. ``python -m tests.repository.million 1000000 FOLDER create`` measures a million objects."""

import re
import subprocess
import sys
from pathlib import Path

MOST = 300  # MB, at any number of objects


def test_backup_verification_and_removal_of_many_objects_stay_small(tmp_path: Path) -> None:
    """velero#7510, kopia#2888: maintenance ran out of memory, and backups stopped."""
    for action in ("create", "again", "verify", "prune"):
        command = [sys.executable, "-m", "tests.repository.million", "30000", str(tmp_path), action]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peak = re.search(r"(\d+) MB at the peak", done.stdout)
        assert peak is not None, done.stdout
        assert int(peak[1]) < MOST // 2, done.stdout
