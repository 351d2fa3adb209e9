"""Folders that nobody means to have: links, circles, what cannot be listed, long names, a clock that was set back, one name for two kinds."""

import os
import time
from pathlib import Path

import pytest

from imagestore.local import objects as kept_objects
from tests.local.world import Folder, told, writes


def ready(folder: Folder) -> Path:
    """The manifest of a bucket that would be deleted with it."""
    folder.bucket("deletionPolicy: DeleteIfEmpty")
    assert folder.apply().code == 0
    return folder.path / "photos.yaml"


def test_a_link_that_leads_nowhere_deletes_nothing(folder: Folder) -> None:
    """It was left out without a word, and the bucket of the manifest that it had led to was deleted."""
    file = ready(folder)
    file.unlink()
    file.symlink_to("gone.yaml")
    said = folder.apply("--prune")
    assert (said.code, said.json["problems"][0]["message"]) == (
        1,
        "cannot be read: No such file or directory",
    )
    assert folder.exists()


def test_a_folder_that_is_a_link_is_read_and_a_circle_once(folder: Folder) -> None:
    """A folder that was moved and linked to was a deletion of all that is in it."""
    file = ready(folder)
    away = folder.path.with_name("away")
    away.mkdir()
    file.rename(away / file.name)
    (folder.path / "shop").symlink_to(away)
    (away / "back").symlink_to(folder.path)
    (folder.path / "the-same").symlink_to(away)
    said = folder.apply("--prune")
    assert (said.code, said.json["deleted"]) == (0, []), said
    assert folder.exists()


def test_a_folder_that_cannot_be_listed_deletes_nothing(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = ready(folder)
    (folder.path / "shop").mkdir()
    file.rename(folder.path / "shop" / file.name)
    real = Path.iterdir

    def iterdir(path: Path) -> object:
        if path.name == "shop":
            raise PermissionError(13, os.strerror(13), str(path))
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", iterdir)
        said = folder.apply("--prune")
    assert (said.code, said.json["problems"][0]["message"]) == (1, "cannot be read: Permission denied")
    assert folder.exists()


@pytest.mark.parametrize(
    "left", ["", "---\n# a bucket\n", "apiVersion: images", 'apiVersion: "images', "kind: Ima", "[1]"]
)
def test_a_manifest_that_is_being_written_is_no_deletion(folder: Folder, left: str) -> None:
    """Its file was empty for longer than a second, and the bucket was deleted."""
    file = ready(folder)
    text = file.read_text()
    file.write_text(left)
    said = folder.apply("--prune")
    assert (
        f"nothing is deleted while {file} has no whole object in it"
        in str(said.json["notes"]) + str(said.json["problems"])
        or "nothing is deleted while a manifest cannot be read" in said.json["notes"]
    )
    assert folder.exists()
    file.write_text(text)
    assert folder.apply("--prune").code == 0


def test_other_yaml_in_the_folder_hinders_no_deletion(folder: Folder) -> None:
    ready(folder).unlink()
    (folder.path / "compose.yml").write_text("services: {web: {image: x}}\n")
    assert folder.apply("--prune").code == 0
    assert not folder.exists()


def test_of_two_manifests_of_one_object_neither_counts(folder: Folder) -> None:
    """Each was applied in turn, and the object had two more generations after each reading."""
    folder.bucket("tags: {team: shop}")
    folder.apply()
    text = (folder.path / "photos.yaml").read_text()
    (folder.path / "twice.yaml").write_text(text.replace("team: shop", "team: press"))
    before = folder.kept()
    said = folder.apply("--prune")
    assert (said.code, "shop/photos is already in" in said.json["problems"][0]["message"]) == (1, True)
    assert folder.kept() == before
    assert folder.tags()["team"] == "shop"


def test_a_name_that_no_file_can_have_is_one_manifests_problem(folder: Folder) -> None:
    folder.bucket()
    text = (folder.path / "photos.yaml").read_text()
    (folder.path / "long.yaml").write_text(text.replace("name: photos,", f"name: {'n' * 253},"))
    said = folder.apply()
    assert (said.code, told(said)["reason"]) == (1, "InSync")
    assert "names of at most 240 characters" in said.json["problems"][0]["message"]


def test_a_clock_that_was_set_back_makes_no_later_claim_the_older_one(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.bucket("tags: {team: shop}")
    folder.apply()
    folder.bucket("tags: {team: press}", name="albums")
    before, an_hour_ago = writes(), time.time() - 3600
    with monkeypatch.context() as patch:
        patch.setattr(kept_objects, "_now", lambda: "2020-01-01T00:00:00Z")
        patch.setattr(time, "time", lambda: an_hour_ago)
        said = folder.apply()
    assert told(said, "shop/albums")["reason"] == "Conflict"
    assert told(said, "shop/photos")["reason"] == "InSync"
    assert (folder.tags()["team"], writes()) == ("shop", before)


def test_two_kinds_of_one_name_are_two_objects(folder: Folder) -> None:
    folder.bucket()
    policy = {
        "bucketRefs": "[{name: photos}]",
        "rules": "[{name: tmp, match: {prefix: tmp/}, expire: {days: 3}}]",
    }
    lines = "".join(f"  {k}: {v}\n" for k, v in policy.items())
    (folder.path / "policy.yaml").write_text(
        "apiVersion: imagestore.dev/v1alpha1\nkind: LifecyclePolicy\n"
        f"metadata: {{name: photos, namespace: shop}}\nspec:\n{lines}"
    )
    said = folder.apply()
    assert said.code == 0, said
    found = {o["kind"] for o in said.json["objects"] if o["name"] == "shop/photos"}
    assert found == {"ImageBucket", "LifecyclePolicy"}
    (folder.path / "policy.yaml").unlink()
    assert [d["kind"] for d in folder.apply("--prune").json["deleted"]] == ["LifecyclePolicy"]
    assert folder.exists()
