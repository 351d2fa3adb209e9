"""`python -m dev.soak.large`: one object of 6 GiB copied from one MinIO to another, and inside of one, and read back."""

import argparse
import hashlib
import os
import resource
import tempfile
import time
from pathlib import Path

from dev.bench.mover import MEMORY, Forgotten, objects_of
from dev.memory import peak
from dev.stores import minio
from imagestore.backends.objects import ObjectStore
from imagestore.core.objects import ObjectAttributes, ObjectUpload
from imagestore.transfer.budget import ByteBudget
from imagestore.transfer.copying import Copier

PART = 16 * 1024**2
BUCKET, KEY, COPY = "large", "scan.raw", "copy.raw"
ALLOWED = 200.0  # MB of this process


def written(store: ObjectStore, parts: int) -> str:
    """The SHA-256 of the object."""
    upload, whole, made = (
        store.begin(BUCKET, KEY, ObjectAttributes({"content-type": "image/x-raw"})),
        hashlib.sha256(),
        [],
    )
    blocks = [os.urandom(PART) for _ in range(3)]
    for number in range(1, parts + 1):
        block = blocks[number % 3]
        made.append(store.write_part(BUCKET, KEY, upload, number, ObjectUpload(block)))
        whole.update(block)
    store.complete(BUCKET, KEY, upload, made)
    return whole.hexdigest()


def read(store: ObjectStore) -> str:
    """The SHA-256 of the copy."""
    whole = hashlib.sha256()
    with store.read(BUCKET, COPY) as body:
        for block in body:
            whole.update(block)
    return whole.hexdigest()


def copied(source: ObjectStore, destination: ObjectStore, digest: str) -> None:
    """Copy, read back, and say what it took."""
    copier = Copier(source, BUCKET, destination, BUCKET, ByteBudget(MEMORY), Forgotten())
    began, used = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    made = copier.copy(KEY, COPY)
    seconds, now = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu, most = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, peak()
    if read(destination) != digest:
        raise SystemExit("the copy has other bytes")
    if most > ALLOWED:
        raise SystemExit(f"{most:.0f} MB, and {ALLOWED:.0f} are allowed")
    how = "inside of a store" if made.server_side else "as a stream"
    rate = made.size / seconds / 1e6
    print(
        f"{made.size} bytes {how}: {seconds:.1f} s, {rate:.0f} MB/s, {cpu:.1f} s of CPU, {most:.0f} MB",
        flush=True,
    )


def main() -> None:
    """A stream, then parts that the store copies by itself."""
    parser = argparse.ArgumentParser(prog="python -m dev.soak.large", description=main.__doc__)
    parser.add_argument("--gib", type=float, default=6.0, help="size of the object; default %(default)s")
    parts = int(parser.parse_args().gib * 1024**3 // PART)
    with tempfile.TemporaryDirectory(prefix="imagestore-") as name:
        folder = Path(name)
        with minio(folder, name="a", kms=False) as a, minio(folder, name="b", kms=False) as b:
            for store in (a, b):
                store.s3().create_bucket(Bucket=BUCKET)
            source, destination = objects_of(a.coordinates()), objects_of(b.coordinates())
            digest = written(source, parts)
            copied(source, destination, digest)
            copied(source, source, digest)


if __name__ == "__main__":
    main()
