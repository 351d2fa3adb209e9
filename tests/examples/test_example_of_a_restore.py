"""Example 17: a bucket that was emptied comes back."""

import subprocess
import sys
from pathlib import Path

from dev import examples
from dev.demo.operator import Operator
from dev.stores import Store
from dev.wait import eventually


def test_restore(operated: Operator, minio_store: Store, seaweedfs_store: Store, tmp_path: Path) -> None:
    """The bucket is backed up by the command line, emptied, and comes back when the Restore is applied again."""
    stores = {"atelier": minio_store, "atelier-far": seaweedfs_store}
    objects = examples.manifests("17-restore", stores)
    (restore,) = [o for o in objects if o["kind"] == "Restore"]
    operated.kube.apply(examples.text([o for o in objects if o is not restore]))
    for bucket in ("prints", "prints-backups"):
        operated.await_ready(bucket, "atelier")
    (tmp_path / "all.yaml").write_text(examples.text(objects))
    s3 = minio_store.s3()
    for key in ("thumbs/a.jpg", "a.jpg"):
        s3.put_object(Bucket="atelier--prints", Key=key, Body=key.encode())
    backup = (
        "backup", "create", "atelier-far/atelier--prints-backups/prints", "atelier/atelier--prints", "--init",
        "-f", str(tmp_path / "all.yaml"), "--offline",
    )  # fmt: skip
    made = subprocess.run([sys.executable, "-m", "imagestore", *backup], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    for key in ("thumbs/a.jpg", "a.jpg"):
        s3.delete_object(Bucket="atelier--prints", Key=key)
    operated.kube.apply(examples.text([restore]))
    ended = ("rst/prints-back", "-n", "atelier", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=90s")
    operated.kube.kubectl("wait", *ended)
    assert s3.get_object(Bucket="atelier--prints", Key="thumbs/a.jpg")["Body"].read() == b"thumbs/a.jpg"
    eventually(
        lambda: s3.list_objects_v2(Bucket="atelier--prints")["KeyCount"] == 2, 60, "nothing else is left"
    )
    operated.kube.kubectl("delete", "rst", "prints-back", "-n", "atelier")
