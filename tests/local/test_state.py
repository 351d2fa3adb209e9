"""A state folder that is damaged, from a newer version, read-only or in use: a clear error, and nothing is lost."""

import fcntl
import re
import subprocess
import sys
from pathlib import Path

import pytest

from imagestore.api.kinds import KINDS
from imagestore.local import folder as folders
from imagestore.local.folder import StateError, StateFolder
from tests.cli.world import imagestore
from tests.local.world import INSTALLATION, Folder, writes


def contents(folder: Folder) -> dict[str, str]:
    """Every object file."""
    return {str(f): f.read_text() for f in folder.state.rglob("*.yaml")}


@pytest.mark.parametrize("left", [0.0, 0.3, 0.9, 0.999])
def test_a_file_that_was_cut(folder: Folder, left: float) -> None:
    folder.bucket("tags: {team: shop}")
    folder.apply()
    file = folder.state / "imagebuckets/shop/photos.yaml"
    text = file.read_text()
    file.write_text(text[: int(len(text) * left)])
    before, kept = writes(), contents(folder)
    for said in (folder.apply(), folder.status()):
        assert said.code == 1
        assert f"{file}: is damaged; restore it, or remove it" in said.err
    assert (writes(), contents(folder)) == (before, kept)
    file.unlink()
    assert folder.apply().code == 0
    assert writes() == before


@pytest.mark.parametrize("cut", ["\n  resourceVersion", "\n  uid", "\nspec:"])
def test_a_file_that_is_yaml_and_no_object(folder: Folder, cut: str) -> None:
    folder.bucket()
    folder.apply()
    file = folder.state / "imagebuckets/shop/photos.yaml"
    assert cut in file.read_text()
    file.write_text(file.read_text().replace(cut, cut[:-2] + "x" + cut[-2:]))
    assert "is damaged" in folder.apply().err


def test_a_newer_versions_folder(folder: Folder) -> None:
    folder.bucket()
    folder.apply()
    (folder.state / "format").write_text("2\n")
    before, kept = writes(), contents(folder)
    said = folder.apply()
    assert said.code == 1
    assert (
        "a newer version of imagestore wrote this state folder (format 2, this version knows 1)" in said.err
    )
    assert (writes(), contents(folder)) == (before, kept)


def test_an_object_of_a_newer_version(folder: Folder) -> None:
    folder.bucket()
    folder.apply()
    file = folder.state / "imagebuckets/shop/photos.yaml"
    file.write_text(file.read_text().replace("imagestore.dev/v1alpha1", "imagestore.dev/v2"))
    said = folder.apply()
    assert (
        said.code,
        "holds imagestore.dev/v2 ImageBucket, which this version does not know" in said.err,
    ) == (1, True)


def test_a_folder_that_is_in_use(folder: Folder) -> None:
    folder.bucket()
    folder.apply()
    with StateFolder(folder.state, KINDS).locked():
        command = ["apply", "-f", str(folder.path), "--installation", INSTALLATION]
        said = subprocess.run(
            [sys.executable, "-m", "imagestore", *command], capture_output=True, text=True, check=False
        )
        assert said.returncode == 1
        assert "another imagestore (process " in said.stderr
        assert folder.status().code == 0  # reading needs no lock
    assert folder.apply().code == 0


def test_a_folder_that_is_read_only(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.bucket()
    folder.apply()
    before, kept = writes(), contents(folder)

    def refuse(file: Path, _: str) -> None:
        raise OSError(30, "Read-only file system", str(file))

    with monkeypatch.context() as patch:
        patch.setattr(folders, "_replace", refuse)
        said = folder.apply()
    assert said.code == 1
    assert "Read-only file system; the state folder must be readable and writable" in said.err
    assert (writes(), contents(folder)) == (before, kept)


@pytest.mark.parametrize("after", range(1, 6))
def test_a_disk_that_is_full_stops_it_before_the_store_is_changed_unremembered(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    folder.bucket("versioning: {state: Enabled}")
    real, made = folders._replace, 0

    def fills(file: Path, text: str) -> None:
        nonlocal made
        made += 1
        if made > after:
            raise OSError(28, "No space left on device", str(file))
        real(file, text)

    with monkeypatch.context() as patch:
        patch.setattr(folders, "_replace", fills)
        said = folder.apply("--log-level", "debug")
    assert said.code == 1
    assert "No space left on device; nothing more is done" in said.err
    assert not re.search("API server|replica|Lease", said.err), "there is none here"
    assert folder.apply().code == 0


def test_a_lock_that_is_left_by_a_process_that_died_does_not_matter(folder: Folder) -> None:
    folder.bucket()
    folder.apply()
    (folder.state / "lock").write_text("1\n")
    with (folder.state / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert folder.apply().code == 0


def test_status_of_a_folder_that_is_not_there(folder: Folder) -> None:
    said = folder.status()
    assert (said.code, "there is no state folder" in said.err) == (1, True)


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    obj = {
        "apiVersion": "imagestore.dev/v1alpha1", "kind": "StorageBackend",
        "metadata": {"name": "eu", "uid": "1", "resourceVersion": "1", "generation": 1, "creationTimestamp": "2026-11-29T00:00:00Z"},
        "spec": {"text": "\u2028 \x85 \U0001f4f7 no: yes, 2026-11-29"},
    }  # fmt: skip
    folder = StateFolder(tmp_path / "state", KINDS)
    with folder.locked():
        folder.write(KINDS[0], obj)
        assert folder.load() == [(KINDS[0], obj)]
        with pytest.raises(StateError, match="another imagestore"), folder.locked():
            pass


def test_a_state_folder_among_the_manifests_is_refused(folder: Folder) -> None:
    said = folder.apply("--state", str(folder.path / "state"))
    assert (said.code, "would be read as" in said.err) == (64, True)
    assert folder.apply("--state", str(folder.path / ".state")).code == 0


def test_installation_is_required(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMAGESTORE_INSTALLATION", raising=False)
    said = imagestore(folder.capsys, "apply", "-f", folder.path)
    assert (said.code, "--installation" in said.err) == (64, True)


def test_an_object_that_is_deleted_while_the_folder_is_read(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.bucket()
    folder.apply()
    gone = folder.state / "imagebuckets/shop/gone.yaml"
    real = StateFolder._files
    monkeypatch.setattr(StateFolder, "_files", lambda self, kind: [*real(self, kind), gone])
    assert folder.status().code == 0
