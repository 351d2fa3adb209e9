"""The picture of example 12: lag and backlog of a copy while images arrive and the destination is down for a while.

``python -m dev.lag examples/12-replication/lag.svg`` runs it on a MinIO and a Ceph of this machine, in two minutes.
"""

import sys
import threading
import time
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dev import examples
from dev.ports import free_port
from dev.process import Server
from dev.stores import Store, ceph, minio

RPO = 15.0  # seconds; the example's minutes in a hurry
DOWN = (35.0, 60.0)  # seconds between which the destination does not answer
END = 90.0
_LAG = 'imagestore_replication_lag_seconds{name="paintings",namespace="museum"}'


def main() -> None:
    """Run it and draw."""
    with TemporaryDirectory() as folder:
        directory = Path(folder)
        with minio(directory / "near") as near, ceph(directory / "far") as far:
            samples = _measured(directory, near, far)
    _draw(samples, Path(sys.argv[1]))


def _measured(directory: Path, near: Store, far: Store) -> list[tuple[float, float, int]]:
    """Time, lag, and images that the destination does not have."""
    port, manifests = free_port(), directory / "manifests"
    manifests.mkdir()
    (manifests / "all.yaml").write_text(examples.text(_hurried(near, far)))
    command = [sys.executable, "-m", "imagestore", "apply", "-f", str(manifests), "--installation", "museum"]
    command += ["--watch", "--listen", f"127.0.0.1:{port}"]
    operator = Server("apply", command, log=directory / "apply.log", ready=lambda: _scraped(port) is not None)
    operator.start()
    ended = threading.Event()
    try:
        return _followed(port, near, far, ended)
    finally:
        ended.set()
        operator.stop()


def _hurried(near: Store, far: Store) -> list[dict[str, Any]]:
    found = examples.manifests("12-replication", {"museum": near, "museum-far": far})
    (policy,) = (o for o in found if o["kind"] == "ReplicationPolicy")
    policy["spec"] |= {"schedule": {"interval": "5s"}, "objectives": {"rpo": f"{RPO:.0f}s"}}
    return found


def _followed(port: int, near: Store, far: Store, ended: threading.Event) -> list[tuple[float, float, int]]:
    while _LAG not in (_scraped(port) or {}):
        time.sleep(0.2)
    written = [0]
    writer = threading.Thread(target=_write, args=(near, written, ended), daemon=True)
    writer.start()
    samples: list[tuple[float, float, int]] = []
    began, down, held = time.monotonic(), False, 0
    while (now := time.monotonic() - began) < END:
        if (DOWN[0] < now < DOWN[1]) is not down:
            far.start() if down else far.stop()
            down = not down
        metrics = _scraped(port) or {}
        held = held if down else _count(far)
        samples.append((now, metrics.get(_LAG, 0.0), written[0] - held))
        time.sleep(0.5)
    return samples


def _write(near: Store, written: list[int], ended: threading.Event) -> None:
    s3 = near.s3()
    while not ended.wait(0.1):
        s3.put_object(Bucket="museum--paintings", Key=f"{written[0]:06}.jpg", Body=b"x" * 16384)
        written[0] += 1


def _count(far: Store) -> int:
    pages = far.s3().get_paginator("list_objects_v2").paginate(Bucket="museum--paintings-copy")
    return sum(o["Key"].endswith(".jpg") for page in pages for o in page.get("Contents", ()))


def _scraped(port: int) -> dict[str, float] | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return None
    return {
        n: float(v) for n, v in (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    }


def _draw(samples: list[tuple[float, float, int]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.5), layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    at = [s[0] for s in samples]
    above.plot(at, [s[1] for s in samples], color="#28536b", label="imagestore_replication_lag_seconds")
    above.axhline(RPO, color="#c8553d", linestyle="--", label="objectives.rpo")
    above.set_ylabel("seconds")
    below.plot(at, [s[2] for s in samples], color="#28536b", label="images that the destination lacks")
    below.set_ylabel("objects")
    below.set_xlabel("seconds; ten images a second arrive, a run begins every five")
    for axes in (above, below):
        axes.axvspan(*DOWN, color="#eeeeee", label="destination down")
        axes.set_ylim(bottom=0)
        axes.legend(loc="upper left", fontsize="small")
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
