"""What the demo tells, step by step. Each step shows what a user would type and what the cluster answers."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dev import examples
from dev.demo import pictures
from dev.demo.operator import Operator
from dev.stores import Store
from dev.wait import eventually


@dataclass(frozen=True)
class Cast:
    """Which examples a store plays, which bucket gets the pictures and is tampered with, and what a plan is of."""

    examples: tuple[str, ...]
    backends: tuple[str, ...]
    namespace: str
    bucket: str
    prefix: str
    public: bool
    plan: str
    edit: Callable[[dict[str, Any]], None]


def _sooner(spec: dict[str, Any]) -> None:
    """What somebody might propose: wire pictures go sooner, and versioning off to save money."""
    next(r for r in spec["lifecycle"]["rules"] if r["name"] == "wire-pictures-go")["expire"]["days"] = 7
    spec["versioning"]["state"] = "Suspended"


def _smaller(spec: dict[str, Any]) -> None:
    """What somebody might propose: a smaller quota, and versioning off to save money."""
    spec["quota"]["hard"] = "200Gi"
    spec["versioning"]["state"] = "Suspended"


CASTS = {
    "seaweedfs": Cast(
        examples=("01-shop-photos", "02-press-archive"),
        backends=("cdn-origin", "archive"),
        namespace="shop",
        bucket="photos",
        prefix="public/",
        public=True,
        plan="02-press-archive",
        edit=_sooner,
    ),
    "minio": Cast(
        examples=("04-training-set",),
        backends=("research",),
        namespace="research",
        bucket="training-set",
        prefix="images/",
        public=False,
        plan="04-training-set",
        edit=_smaller,
    ),
}


def tell(line: str = "") -> None:
    """A line of the story, at once."""
    print(line, flush=True)


@contextmanager
def chapter(title: str) -> Iterator[None]:
    """A heading, and at the end how long it took."""
    tell(f"\n== {title}")
    begun = time.monotonic()
    yield
    tell(f"   ({time.monotonic() - begun:.1f} s)")


def play(operator: Operator, store: Store, cast: Cast) -> None:
    """The whole story."""
    with chapter("kubectl apply: what is wished"):
        apply(operator, store, cast)
    with chapter("Real pictures in, and out again"):
        show_pictures(store, cast)
    with chapter("Somebody switches versioning off behind the operator's back"):
        drift(operator, store, cast)
    with chapter("A pull request: what would change?"):
        show_plan(operator, cast)


def apply(operator: Operator, store: Store, cast: Cast) -> None:
    """Apply the examples and wait until each bucket is Ready."""
    for example in cast.examples:
        objects = examples.manifests(example, dict.fromkeys(cast.backends, store))
        tell(f"$ kubectl apply -f examples/{example}")
        operator.kube.apply(examples.text(objects))
    for example in cast.examples:
        for found in examples.manifests(example, dict.fromkeys(cast.backends, store)):
            if found["kind"] == "ImageBucket":
                operator.await_ready(found["metadata"]["name"], found["metadata"]["namespace"])
    show(operator, "get", "imagebuckets", "--all-namespaces")


def show_pictures(store: Store, cast: Cast) -> None:
    """Upload, read, compare."""
    chosen = pictures.pictures()
    bucket = f"{cast.namespace}--{cast.bucket}"
    size = pictures.upload(store, bucket, cast.prefix, chosen)
    tell(f"   {len(chosen)} pictures, {size / 1e6:.1f} MB, put into {bucket}/{cast.prefix}")
    # A store may know its own policy a moment later: SeaweedFS's gateway by an event of its filer.
    eventually(
        lambda: pictures.same(store, bucket, cast.prefix, chosen[:1], signed=not cast.public),
        30,
        "a first picture is served",
        retry_on=(OSError,),
    )
    good = pictures.same(store, bucket, cast.prefix, chosen, signed=not cast.public)
    how = "without credentials, as a CDN does" if cast.public else "with credentials"
    if good != len(chosen):
        raise RuntimeError(f"only {good} of {len(chosen)} pictures came back as they were")
    tell(f"   read back {how}: {good} of {len(chosen)} have the hash that they were sent with")


def drift(operator: Operator, store: Store, cast: Cast) -> None:
    """Change a setting in the store, and watch it be noticed, said and put right."""
    bucket, s3 = f"{cast.namespace}--{cast.bucket}", store.s3()
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    tell(f"   in the store: versioning of {bucket} is {s3.get_bucket_versioning(Bucket=bucket)['Status']}")
    tell("   the operator looks every ten minutes; we ask for a look now:")
    patch = '{"spec": {"reconcileRequest": "demo"}}'
    tell(f"$ kubectl patch imagebucket {cast.bucket} -n {cast.namespace} --type=merge -p '{patch}'")
    operator.kube.kubectl(
        "patch", "imagebucket", cast.bucket, "-n", cast.namespace, "--type=merge", "-p", patch
    )
    alert = eventually(lambda: _alert(operator, cast), 60, "the drift alert")
    tell(f"   alert (Event, status and metric): DriftDetected: {alert}")
    eventually(lambda: _corrected(operator, cast), 60, "the drift corrected")
    record = _status(operator, cast)["drift"]["history"][0]
    tell(f"   corrected: {', '.join(record['paths'])} was wrong from {record['since']} to {record['until']}")
    tell(f"   in the store: versioning of {bucket} is {s3.get_bucket_versioning(Bucket=bucket)['Status']}")
    operator.await_ready(cast.bucket, cast.namespace)


def _alert(operator: Operator, cast: Cast) -> str:
    """What the Event says. The condition DriftDetected lasts only until the drift is put right."""
    events = operator.kube.get("events", "-n", cast.namespace, "--field-selector", "reason=DriftDetected")
    messages = [str(e.get("message") or "") for e in events["items"]]
    return messages[-1] if messages else ""


def _status(operator: Operator, cast: Cast) -> dict[str, Any]:
    found = operator.kube.get("imagebucket", cast.bucket, "-n", cast.namespace)
    status: dict[str, Any] = found.get("status") or {}
    return status


def _corrected(operator: Operator, cast: Cast) -> bool:
    history = (_status(operator, cast).get("drift") or {}).get("history") or []
    return any(record["how"] == "Corrected" for record in history)


def show_plan(operator: Operator, cast: Cast) -> None:
    """`imagestore plan` of an edited manifest: field by field, and what would have to be approved."""
    folder = operator.kube.directory / "pull-request"
    folder.mkdir(exist_ok=True)
    manifest = _edited(cast, folder / "bucket.yaml")
    tell("$ imagestore plan -f pull-request/bucket.yaml")
    command = [sys.executable, "-m", "imagestore", "plan", "-f", str(manifest), "--installation", "demo"]
    done = subprocess.run(
        command, env=operator.kube.environment(), capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode != 2:
        raise RuntimeError(f"imagestore plan ended with {done.returncode}\n{done.stdout}{done.stderr}")
    tell(_indented(done.stdout))


def _edited(cast: Cast, path: Path) -> Path:
    found = yaml.safe_load((examples.FOLDER / cast.plan / "bucket.yaml").read_text())
    cast.edit(found["spec"])
    path.write_text(yaml.safe_dump(found, sort_keys=False))
    return path


def show(operator: Operator, *args: str) -> None:
    """A kubectl command and its answer."""
    tell(f"$ kubectl {' '.join(args)}")
    tell(_indented(operator.kube.kubectl(*args).stdout))


def _indented(text: str) -> str:
    return "\n".join(f"   {line}".rstrip() for line in text.rstrip().splitlines())
