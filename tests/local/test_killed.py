"""SIGKILL at every write to state and store: the next run converges, and leaves no trace of the one before."""

import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.local.world import INSTALLATION, Folder, writes

ROOT = Path(__file__).resolve().parents[2]
SIDES = ("before", "within", "after")


def run(folder: Folder, number: int, side: str) -> subprocess.CompletedProcess[str]:
    """One ``apply`` in a process of its own, which dies at this write."""
    given = [
        "apply",
        "-f",
        str(folder.path),
        "--installation",
        INSTALLATION,
        "--confirm-drift",
        "1",
        "--prune",
    ]
    command = [sys.executable, "-m", "tests.local.killed", str(number), side, *given]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def count(said: subprocess.CompletedProcess[str]) -> int:
    """How many writes it made."""
    return len(re.findall(r"^write \d+: ", said.stderr, re.MULTILINE))


def copy(folder: Folder, number: int) -> Folder:
    """The same manifests for another bucket."""
    path = folder.path.with_name(f"at{number}")
    path.mkdir()
    made = Folder(path, folder.store, folder.capsys, f"{folder.name}-{number}")
    made.backend()
    return made


def converged(folder: Folder, team: str = "shop") -> None:
    """The next run ends as if nothing had happened, and the one after it has nothing to do."""
    assert folder.apply().code == 0
    assert folder.tags() == {"team": team, "imagestore.dev/owner": "shed/shop/photos"}
    before = writes()
    assert folder.apply().code == 0
    assert writes() == before
    assert list(folder.state.rglob(".*.tmp")) == []


@pytest.mark.parametrize("side", SIDES)
def test_creation(folder: Folder, side: str) -> None:
    def killed(number: int) -> Folder:
        mine = copy(folder, number)
        mine.bucket("versioning: {state: Enabled}", "tags: {team: shop}")
        said = run(mine, number, side)
        assert said.returncode == (-signal.SIGKILL if number else 0), said.stderr
        return mine

    whole = copy(folder, 0)
    whole.bucket("versioning: {state: Enabled}", "tags: {team: shop}")
    total = count(run(whole, 0, side))
    assert total > 8
    with ThreadPoolExecutor(2) as pool:
        for one in pool.map(killed, range(1, total)):
            converged(one)


def test_an_edit_that_takes_something_back(folder: Folder) -> None:
    """What was managed is remembered by the state alone: were it written too late, rules would stay that nothing knows of."""
    rules = "lifecycle: {rules: [{name: tmp, match: {prefix: tmp/}, expire: {days: 3}}]}"
    for number in range(1, 30):
        mine = copy(folder, number)
        mine.bucket("tags: {team: shop, season: summer}", rules)
        assert mine.apply().code == 0
        mine.bucket("tags: {team: press}")
        ended = run(mine, number, SIDES[number % 3])
        converged(mine, "press")
        with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
            mine.store.s3().get_bucket_lifecycle_configuration(Bucket=mine.name)
        if ended.returncode == 0:
            assert number > 4
            return
    raise AssertionError("it never came to its end")


def test_deletion(folder: Folder) -> None:
    for number in range(1, 20):
        mine = copy(folder, number)
        mine.bucket("deletionPolicy: DeleteIfEmpty")
        mine.apply()
        (mine.path / "photos.yaml").unlink()
        ended = run(mine, number, SIDES[number % 3])
        assert mine.apply("--prune").code == 0
        assert not mine.exists()
        assert not (mine.state / "imagebuckets/shop/photos.yaml").exists()
        if ended.returncode == 0:
            assert number > 2
            return
    raise AssertionError("it never came to its end")
