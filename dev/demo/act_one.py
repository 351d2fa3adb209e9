"""The first act: the operator without a cluster, on a store that a Python wheel brings."""

import re
import string
import time
from datetime import date
from pathlib import Path
from typing import Any

from dev.demo import photographs
from dev.demo.screen import Screen, Unexpected
from dev.stores import Store, seaweedfs

MANIFESTS = Path(__file__).with_name("manifests")
PLOT = "cool-down.svg"
_BUCKET = "shop--photos"
_APPLY = "imagestore apply -f manifests --installation demo"
_DAY = date(2026, 12, 1)  # of the inventory, which is invented
_KEYS = 30_000


def play(screen: Screen) -> float:
    """The whole act; when the first bucket was Ready, by the monotonic clock. The plot is left in the screen's folder."""
    screen.heading("imagestore, without a cluster")
    screen.say("""
        A shop keeps its photos in object storage. A manifest says how their bucket has to be. imagestore makes it so, corrects
        what others change, and waits for approval where something could be lost.
    """)
    screen.title("1  A store and a manifest")
    with seaweedfs(screen.folder / "store") as store:
        screen.say(f"SeaweedFS, an S3 store, answers at {store.endpoint}. This is the manifest of a bucket:")
        _write_manifests(screen.folder / "manifests", store)
        screen.run("cat manifests/photos.yaml")
        ready = _make(screen, store)
        _drift(screen, store)
        _hold(screen)
    _forecast(screen)
    return ready


def _write_manifests(folder: Path, store: Store) -> None:
    folder.mkdir()
    (folder / "photos.yaml").write_text((MANIFESTS / "photos.yaml").read_text())
    backend = string.Template((MANIFESTS / "backend.yaml").read_text())
    values = {name: str(value) for name, value in store.coordinates().items()}
    (folder / "backend.yaml").write_text(backend.substitute(values))


def _make(screen: Screen, store: Store) -> float:
    screen.title("2  Apply it")
    screen.run(_APPLY)
    ready = time.monotonic()
    chosen = photographs.photographs(24)
    photographs.upload(store, _BUCKET, chosen)
    good = photographs.returned(store, _BUCKET, chosen)
    if good != len(chosen):
        raise Unexpected(f"only {good} of {len(chosen)} photographs came back as they were")
    size = sum(map(len, chosen.values())) / 1e6
    screen.say(f"""
        Ready means that the bucket was read back. The shop uploads {len(chosen)} photos ({size:.1f} MB). {good} of {len(chosen)}
        are read back with the same SHA-256, and decode.
    """)
    return ready


def _drift(screen: Screen, store: Store) -> None:
    screen.title("3  Another program changes the bucket")
    s3 = store.s3()
    s3.put_bucket_versioning(Bucket=_BUCKET, VersioningConfiguration={"Status": "Suspended"})
    screen.say(
        f"It suspends versioning: the store now says {_versioning(s3)}. imagestore reads twice before it believes that:"
    )
    screen.run(f"{_APPLY} --confirm-drift 3")
    screen.say(
        f"The store says {_versioning(s3)} again. With --watch this happens by itself, at every check."
    )


def _versioning(s3: Any) -> str:
    return str(s3.get_bucket_versioning(Bucket=_BUCKET)["Status"])


def _hold(screen: Screen) -> None:
    screen.title("4  A pull request: drafts are deleted after 7 days instead of 30")
    screen.run("sed -i 's/days: 30/days: 7/' manifests/photos.yaml")
    screen.run(f"{_APPLY} --dry-run", ends=2)
    screen.title("5  A change that deletes sooner waits for approval")
    said = screen.run(_APPLY, ends=2)
    found = re.search(r"\[approve: (\w+)\]", said)
    if found is None:
        raise Unexpected(f"no token in\n{said}")
    screen.say(
        "The token approves this change and no other. It is added to the manifest, where a review sees it:"
    )
    screen.run(f"sed -i '/^spec:/a \\  approve: [{found[1]}]' manifests/photos.yaml")
    screen.run(_APPLY)


def _forecast(screen: Screen) -> None:
    screen.title("6  What would lifecycle rules do to a larger shop on Amazon S3?")
    (screen.folder / "cool-down.yaml").write_text((MANIFESTS / "cool-down.yaml").read_text())
    lines = photographs.inventory(_DAY, _KEYS)
    (screen.folder / "shop.csv").write_text("".join(f"{line}\n" for line in lines))
    screen.say(
        f"An inventory of {_KEYS} invented objects. The rules move originals to colder tiers and delete previews:"
    )
    screen.run(
        f"imagestore lifecycle simulate -f cool-down.yaml --listing shop.csv --prices AWS --day {_DAY} --plot {PLOT}"
    )
