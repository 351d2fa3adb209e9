"""A BackupSchedule in the folder that ``imagestore apply`` carries out once, and that ``--watch`` follows."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from tests.local.test_watch import watching
from tests.local.world import Folder, until

SPEC: dict[str, Any] = {
    "source": {"bucketRef": {"name": "photos"}},
    "repository": {"bucketRef": {"name": "backups"}},
}


def just_passed() -> dict[str, str]:
    """An hourly schedule whose time passed a minute ago: a test that runs across a full minute meets no other time."""
    return {"cron": f"{datetime.now(UTC) - timedelta(minutes=1):%M} * * * *"}


def write(folder: Folder, **spec: Any) -> None:
    """The manifest, which is JSON and so YAML."""
    body = {
        "apiVersion": "imagestore.dev/v1alpha1",
        "kind": "BackupSchedule",
        "metadata": {"name": "hourly", "namespace": "shop"},
        "spec": SPEC | {"schedule": just_passed()} | spec,
    }
    (folder.path / "hourly.yaml").write_text(json.dumps(body))


def away(folder: Folder, minutes: int) -> None:
    """As if no process had followed the folder for so long."""
    file = folder.state / "backupschedules/shop/hourly.yaml"
    kept = yaml.safe_load(file.read_text())
    kept["status"]["until"] = f"{datetime.now(UTC) - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"
    file.write_text(yaml.safe_dump(kept) + "# end of the object\n")


def phases(folder: Folder) -> list[str]:
    """Of the Backups in the state folder."""
    files = (folder.state / "backups/shop").glob("hourly-*.yaml")
    return [(yaml.safe_load(f.read_text()).get("status") or {}).get("phase", "") for f in files]


def test_what_is_due_is_made_and_no_edit_of_a_manifest_deletes_it(folder: Folder) -> None:
    """No manifest names a Backup that the operator made, and the watch deletes what no manifest names any more."""
    folder.bucket()
    folder.bucket(name="backups", bucket_name=f"{folder.name}-backups")
    write(folder)
    assert folder.apply().code == 0
    folder.store.s3().put_object(Bucket=folder.name, Key="a.jpg", Body=b"picture")
    away(folder, 3)
    with watching(folder) as watched:
        until(lambda: "Succeeded" in phases(folder))
        until(lambda: '"reason": "BackupMade"' in watched.out.read_text())
        folder.bucket("tags: {team: press}")
        until(lambda: folder.tags().get("team") == "press")
        assert "Succeeded" in phases(folder)
        (folder.path / "hourly.yaml").unlink()
        until(lambda: not (folder.state / "backupschedules/shop/hourly.yaml").exists())
        assert "Succeeded" in phases(folder), "deleting the schedule deletes no backup"
    stored = folder.store.s3().list_objects_v2(Bucket=f"{folder.name}-backups", Prefix="backups/")
    assert stored["KeyCount"] >= 1


def test_each_bucket_with_the_labels_has_a_repository_of_its_own(folder: Folder) -> None:
    """The bucket of the repositories has the label as well, and is not backed up into itself."""
    for name in ("photos", "scans", "backups"):
        folder.bucket(name=name, bucket_name=f"{folder.name}-{name}")
        file = folder.path / f"{name}.yaml"
        file.write_text(file.read_text().replace("metadata: {", "metadata: {labels: {class: photos}, "))
    selector = {"bucketSelector": {"matchLabels": {"class": "photos"}}}
    write(folder, source=selector)
    assert folder.apply().code == 0
    for name in ("photos", "scans"):
        folder.store.s3().put_object(Bucket=f"{folder.name}-{name}", Key="a.jpg", Body=name.encode())
    away(folder, 3)
    assert folder.apply().code == 0
    assert phases(folder) == ["Succeeded", "Succeeded"]
    listed = folder.store.s3().list_objects_v2(Bucket=f"{folder.name}-backups", Delimiter="/")
    assert [p["Prefix"] for p in listed["CommonPrefixes"]] == ["photos/", "scans/"]
    kept = folder.kept("hourly", "backupschedules/shop")["status"]["buckets"]
    assert [(b["name"], b["quick"]["damaged"]) for b in kept] == [("photos", 0), ("scans", 0)]
