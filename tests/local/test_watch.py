"""``imagestore apply --watch``: edits, vanished and broken files, drift, metrics, and its end in good order."""

import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dev.ports import free_port
from tests.cli.world import imagestore
from tests.local.world import INSTALLATION, Folder, until


class Watching:
    """A process that follows a folder."""

    def __init__(self, folder: Folder, *argv: str) -> None:
        self.folder, self.port = folder, free_port()
        self.out, self.err = (folder.path.with_name(f"watch.{name}") for name in ("out", "err"))
        given = [
            "apply",
            "-f",
            str(folder.path),
            "--installation",
            INSTALLATION,
            "--watch",
            "--format",
            "json",
        ]
        given += [
            "--confirm-drift",
            "1",
            "--drift-interval",
            "2",
            "--listen",
            f"127.0.0.1:{self.port}",
            *argv,
        ]
        with self.out.open("a") as out, self.err.open("a") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "imagestore", *given], stdout=out, stderr=err
            )

    def get(self, path: str) -> str:
        """What it serves."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            text: str = answer.read().decode()
            return text

    def serves(self) -> bool:
        """Whether it does."""
        try:
            return bool(self.get("/readyz"))
        except OSError:
            return False


@contextmanager
def watching(folder: Folder, *argv: str) -> Iterator[Watching]:
    """One, which is ended in good order."""
    made = Watching(folder, *argv)
    try:
        yield made
        made.process.send_signal(signal.SIGTERM)
        assert made.process.wait(30) == 0, made.err.read_text()
    finally:
        made.process.kill()
        made.process.wait()


def reason(folder: Folder) -> str:
    """Of the bucket's Ready condition, empty while there is none."""
    return reason_and_uid(folder)[0]


def reason_and_uid(folder: Folder) -> tuple[str, str]:
    """By one read: between a deletion and a creation there is no file, and a second read met that under load."""
    try:
        kept = folder.kept()
    except FileNotFoundError:
        return "", ""
    conditions = kept.get("status", {}).get("conditions", ())
    told = next((str(c["reason"]) for c in conditions if c["type"] == "Ready"), "")
    return told, str(kept["metadata"]["uid"])


def test_it_follows_edits_and_corrects_drift(folder: Folder) -> None:
    folder.bucket("versioning: {state: Enabled}", "tags: {team: shop}")
    with watching(folder) as watched:
        until(lambda: reason(folder) == "InSync")
        folder.bucket("versioning: {state: Enabled}", "tags: {team: press}")
        until(lambda: folder.tags()["team"] == "press")
        s3 = folder.store.s3()
        s3.put_bucket_versioning(Bucket=folder.name, VersioningConfiguration={"Status": "Suspended"})
        until(lambda: s3.get_bucket_versioning(Bucket=folder.name)["Status"] == "Enabled")
        until(lambda: '"reason": "DriftCorrected"' in watched.out.read_text())
        assert watched.get("/healthz") == "alive\n"
        assert watched.get("/readyz") == "working\n"
        assert 'name="photos"' in watched.get("/metrics")
    assert folder.status().code == 0
    assert folder.apply().code == 0  # the lock is free again


def test_a_file_that_vanishes_is_a_deletion_and_a_broken_one_is_not(folder: Folder) -> None:
    folder.bucket("deletionPolicy: DeleteIfEmpty", "tags: {team: shop}")
    file: Path = folder.path / "photos.yaml"
    with watching(folder) as watched:
        until(lambda: reason(folder) == "InSync")
        text = file.read_text()
        file.write_text(text.replace("tags:", "tagz:"))
        until(lambda: "spec.tagz: unknown field; did you mean tags?" in watched.err.read_text())
        assert "the last good version of what cannot be read stays in force" in watched.err.read_text()
        file.write_text(text.replace("team: shop", "team: press"))
        until(lambda: folder.tags()["team"] == "press")
        assert "every manifest can be read again" in watched.err.read_text()
        file.unlink()
        until(lambda: not folder.exists())
        until(lambda: '"reason": "Deleted"' in watched.out.read_text())
        file.write_text(text)
        until(lambda: folder.exists())


def test_a_manifest_that_comes_back_during_the_deletion_is_applied_after_it(folder: Folder) -> None:
    folder.bucket("deletionPolicy: DeleteIfEmpty")
    s3, file = folder.store.s3(), folder.path / "photos.yaml"
    with watching(folder):
        until(lambda: reason(folder) == "InSync")
        uid, text = folder.kept()["metadata"]["uid"], file.read_text()
        s3.put_object(Bucket=folder.name, Key="a.jpg", Body=b"picture")
        file.unlink()
        until(lambda: reason(folder) == "NotEmpty")
        file.write_text(text)
        s3.delete_object(Bucket=folder.name, Key="a.jpg")

        def anew() -> bool:
            told, now = reason_and_uid(folder)
            return told == "InSync" and now != uid

        until(anew, 60)


def test_an_unmounted_folder_deletes_nothing(folder: Folder) -> None:
    folder.bucket("deletionPolicy: DeleteIfEmpty")
    state = folder.path.with_name("state")
    folder.apply("--state", str(state))
    with watching(folder, "--state", str(state)) as watched:
        until(watched.serves)
        folder.path.rename(folder.path.with_name("elsewhere"))
        until(lambda: "error: " in watched.err.read_text())
        assert folder.exists()
        folder.path.with_name("elsewhere").rename(folder.path)
        until(lambda: "every manifest can be read again" in watched.err.read_text())
        assert folder.exists()


@pytest.mark.parametrize("more", [["--watch", "--dry-run"], ["--listen", "127.0.0.1:0"]])
def test_what_does_not_go_together(folder: Folder, more: list[str]) -> None:
    assert folder.apply(*more).code == 64


def test_standard_input_is_not_followed(folder: Folder) -> None:
    said = imagestore(folder.capsys, "apply", "-f", "-", "--installation", INSTALLATION, "--watch")
    assert (said.code, "--watch follows files" in said.err) == (64, True)
