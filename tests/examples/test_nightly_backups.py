"""The example of a BackupSchedule, applied as its page says."""

from dev import examples
from dev.demo.operator import CHART, RELEASE, SYSTEM, Operator
from dev.stores import Store
from tests.examples.test_examples import apply


def test_nightly_backups(operated: Operator, minio_store: Store, seaweedfs_store: Store) -> None:
    """The commands of its page, and then no night is waited for: a Backup is made now."""
    apply(operated, "15-nightly-backups", studio=minio_store, studio_vault=seaweedfs_store)
    kubectl = operated.kube.kubectl
    key = ("--from-literal=key=0123456789abcdef0123456789abcdef", "-n", "studio")
    kubectl("create", "secret", "generic", "backup-key", *key)
    chosen = ("--reuse-values", "--set", "rbac.backupKeys={studio}", "--no-hooks")
    operated.kube.helm("upgrade", RELEASE, str(CHART), "--namespace", SYSTEM, *chosen)
    kubectl("wait", "bsch/photos-nightly", "-n", "studio", "--for=condition=Ready", "--timeout=60s")
    minio_store.s3().put_object(Bucket="studio--photos", Key="a.jpg", Body=b"picture")
    now = {
        "apiVersion": "imagestore.dev/v1alpha1",
        "kind": "Backup",
        "spec": {"scheduleRef": {"name": "photos-nightly"}},
    }
    operated.kube.apply(examples.text([now | {"metadata": {"name": "now", "namespace": "studio"}}]))
    kubectl("wait", "backup/now", "-n", "studio", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s")
    kubectl("wait", "bsch/photos-nightly", "-n", "studio", "--for=condition=WithinRpo", "--timeout=60s")
    found = seaweedfs_store.s3().list_objects_v2(Bucket="studio--backups", Prefix="photos/backups/")
    assert found["KeyCount"] == 1
