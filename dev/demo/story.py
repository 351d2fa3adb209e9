"""What the second act tells, step by step. Each step shows what a user would type and what the cluster answers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dev import examples
from dev.demo import pictures
from dev.demo.operator import Operator
from dev.demo.screen import Screen
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


def play(screen: Screen, operator: Operator, store: Store, cast: Cast) -> None:
    """The whole story."""
    screen.title("1  kubectl apply")
    apply(screen, operator, store, cast)
    screen.title("2  Real pictures in, and out again")
    show_pictures(screen, store, cast)
    screen.title("3  Another program suspends versioning")
    drift(screen, operator, store, cast)
    screen.title("4  A pull request: what would change?")
    show_plan(screen, cast)


def apply(screen: Screen, operator: Operator, store: Store, cast: Cast) -> None:
    """Apply the examples and wait until each bucket is Ready."""
    for example in cast.examples:
        objects = examples.manifests(example, dict.fromkeys(cast.backends, store))
        folder = screen.folder / "examples" / example
        folder.mkdir(parents=True)
        (folder / "manifests.yaml").write_text(examples.text(objects))
        screen.run(f"kubectl apply -f examples/{example}")
    for example in cast.examples:
        for found in examples.manifests(example, dict.fromkeys(cast.backends, store)):
            if found["kind"] == "ImageBucket":
                operator.await_ready(found["metadata"]["name"], found["metadata"]["namespace"])
    screen.run("kubectl get imagebuckets --all-namespaces")


def show_pictures(screen: Screen, store: Store, cast: Cast) -> None:
    """Upload, read, compare."""
    chosen = pictures.pictures()
    bucket = f"{cast.namespace}--{cast.bucket}"
    size = pictures.upload(store, bucket, cast.prefix, chosen)
    screen.say(f"{len(chosen)} pictures, {size / 1e6:.1f} MB, are uploaded to {bucket}/{cast.prefix}.")
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
    screen.say(f"Read back {how}: {good} of {len(chosen)} have the hash that they were sent with.")


def drift(screen: Screen, operator: Operator, store: Store, cast: Cast) -> None:
    """Change a setting in the store, and watch it be noticed, said and put right."""
    bucket, s3 = f"{cast.namespace}--{cast.bucket}", store.s3()
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    screen.say(
        f"Versioning of {bucket} in the store: {_versioning(s3, bucket)}. A check is due every ten minutes; this asks for one:"
    )
    patch = '{"spec": {"reconcileRequest": "demo"}}'
    screen.run(f"kubectl patch imagebucket {cast.bucket} -n {cast.namespace} --type=merge -p '{patch}'")
    alert = eventually(lambda: _alert(operator, cast), 60, "the drift alert")
    screen.say(f"Event, status and metric say DriftDetected: {alert}")
    eventually(lambda: _corrected(operator, cast), 60, "the drift corrected")
    record = _status(operator, cast)["drift"]["history"][0]
    screen.say(
        f"Corrected: {', '.join(record['paths'])} was wrong from {record['since']} to {record['until']}."
    )
    screen.say(f"Versioning of {bucket} in the store: {_versioning(s3, bucket)}.")
    operator.await_ready(cast.bucket, cast.namespace)


def _versioning(s3: Any, bucket: str) -> str:
    return str(s3.get_bucket_versioning(Bucket=bucket)["Status"])


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


def show_plan(screen: Screen, cast: Cast) -> None:
    """`imagestore plan` of an edited manifest: field by field, and what would have to be approved."""
    folder = screen.folder / "pull-request"
    folder.mkdir()
    _edited(cast, folder / "bucket.yaml")
    screen.run("imagestore plan -f pull-request/bucket.yaml --installation demo", ends=2)


def _edited(cast: Cast, path: Path) -> None:
    found = yaml.safe_load((examples.FOLDER / cast.plan / "bucket.yaml").read_text())
    cast.edit(found["spec"])
    path.write_text(yaml.safe_dump(found, sort_keys=False))
