"""What is built once is built whole, once, and found in the promised order."""

import subprocess
import sys
from pathlib import Path

import pytest

from dev.programs import on_path, program
from dev.programs.cache import cache_folder, obtain
from dev.wait import eventually

ROOT = Path(__file__).parents[2]


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IMAGESTORE_CACHE", str(tmp_path / "cache"))
    return cache_folder()


def test_a_failed_build_leaves_nothing(own_cache: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("done")
        raise RuntimeError("no disk")

    with pytest.raises(RuntimeError, match="no disk"):
        obtain("thing", "1", fail)
    assert [path.name for path in (own_cache / "thing").iterdir()] == [".1.lock"]


def test_what_a_killed_build_left_is_swept(own_cache: Path) -> None:
    leftover = own_cache / "thing" / ".1.abc"
    leftover.mkdir(parents=True)
    obtain("thing", "1", lambda _: None)
    assert not leftover.exists()


def test_processes_side_by_side_build_once(own_cache: Path) -> None:
    code = (
        "from dev.programs.cache import obtain\n"
        "def make(folder):\n"
        "    print('made', flush=True)\n"
        "    (folder / 'file').write_text('whole')\n"
        "print((obtain('thing', '1', make) / 'file').read_text())"
    )
    command = [sys.executable, "-c", code]
    started = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    words = [word for process in started for word in process.communicate()[0].split()]
    assert sorted(words) == ["made", *["whole"] * 4]


def test_the_users_own_assets_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etcd").touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    assert program("etcd") == tmp_path / "etcd"
    assert program("helm") != tmp_path / "helm"


def test_a_program_of_another_version_on_path_does_not_serve(
    own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    fake = tmp_path / "etcd"
    fake.write_text("#!/bin/sh\necho etcd Version: 3.6.99\n")
    fake.chmod(0o755)
    assert program("etcd") == fake
    fake.write_text("#!/bin/sh\necho etcd Version: 3.4.1\n")
    assert on_path("etcd") is None


@pytest.mark.parametrize("lock", [*ROOT.glob("requirements*.lock"), ROOT / "dev" / "go" / "toolchain.lock"])
def test_locks_pin_with_hashes_and_name_no_host(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    entries = text.replace("\\\n", " ").splitlines()
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)


def test_a_deadline_says_what_was_waited_for() -> None:
    with pytest.raises(TimeoutError, match=r"not within 0.1 s: the tide \(last answer: 0\)"):
        eventually(lambda: 0, 0.1, "the tide")


def test_an_expected_error_counts_as_not_yet() -> None:
    answers = iter([OSError("refused"), "here"])

    def ask() -> str:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return str(answer)

    assert eventually(ask, 1, "an answer", retry_on=(OSError,)) == "here"
