"""The examples of backups in a cluster, applied as a user would."""

from dev import examples
from dev.demo.operator import CHART, RELEASE, SYSTEM, Operator
from dev.stores import Store


def test_backup_of_a_bucket(operated: Operator, minio_store: Store, seaweedfs_store: Store) -> None:
    objects = examples.manifests(
        "16-backup-of-a-bucket", {"gallery": minio_store, "gallery-far": seaweedfs_store}
    )
    later = [o for o in objects if o["kind"] == "Backup"]
    operated.kube.apply(examples.text([o for o in objects if o["kind"] != "Backup"]))
    operated.await_ready("prints", "gallery")
    for key in ("mona.tif", "tmp/draft.tif"):
        minio_store.s3().put_object(Bucket="gallery--prints", Key=key, Body=b"picture")
    granted = ("--reuse-values", "--set", "rbac.backupKeys={gallery}")
    operated.kube.helm("upgrade", RELEASE, str(CHART), "--namespace", SYSTEM, *granted)
    operated.kube.apply(examples.text(later))
    backup = ("ibk", "prints-before-the-move", "-n", "gallery")
    operated.kube.kubectl("wait", *backup, "--for=condition=Ready", "--timeout=60s")
    status = operated.kube.get(*backup)["status"]
    assert (status["phase"], status["objects"]) == ("Succeeded", 1)
    root = f"prints/backups/{status['backup']}"
    assert seaweedfs_store.s3().head_object(Bucket="gallery--prints-backups", Key=root)
    operated.kube.kubectl("delete", *backup)
