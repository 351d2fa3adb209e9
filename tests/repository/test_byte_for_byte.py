"""Objects of a real store come back with every byte and attribute. ``make soak-backup`` takes 50 000."""

import json
import subprocess
import sys

from dev.stores import Store


def test_some_hundred_objects_come_back_byte_for_byte(seaweedfs_store: Store) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.repository.fifty_thousand", "300"],
        input=json.dumps(seaweedfs_store.coordinates()),
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["equal"] == 300
