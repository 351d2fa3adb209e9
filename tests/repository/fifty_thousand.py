"""``python -m tests.repository.fifty_thousand COUNT < store.json``: objects of a real store, backed up and restored byte for byte with attributes.

Prints seconds and the peak of the memory, as JSON.
"""

import json
import os
import secrets
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

from dev.memory import peak
from dev.stores import Store
from imagestore.backends.objects import ObjectStore
from imagestore.core.objects import ObjectAttributes, ObjectUpload
from imagestore.repository.format.roots import SourceName
from imagestore.repository.making.backup import back_up
from imagestore.repository.making.deciding import BackupOptions
from imagestore.repository.restoring.options import RestoreOptions
from imagestore.repository.restoring.restore import restore
from imagestore.repository.store.creating import create_repository
from imagestore.repository.store.files import RepositoryFiles
from imagestore.transfer.job import TransferEnd
from tests.contract.stores import connected
from tests.repository.world import SECRET

WRITERS = 16


def content(number: int) -> tuple[str, bytes, ObjectAttributes]:
    """Key, bytes and attributes of an object; a tenth of them has tags."""
    data = sha256(str(number).encode()).digest() * (1 + number % 300)
    headers = {"content-type": "image/png", "cache-control": f"max-age={number}"}
    tags = {"n": str(number)} if number % 10 == 0 else None
    return (
        f"p/{number % 97:02}/{number:07}.png",
        data,
        ObjectAttributes(headers, {"camera": f"c{number}"}, tags),
    )


def put(store: ObjectStore, bucket: str, number: int) -> None:
    """Write one."""
    key, data, attributes = content(number)
    store.write(bucket, key, ObjectUpload(data, len(data)), attributes)


def is_back(store: ObjectStore, bucket: str, number: int) -> bool:
    """Whether it has every byte and attribute."""
    key, data, wanted = content(number)
    with store.read(bucket, key) as body:
        same = b"".join(body) == data
        found = body.head.attributes
    tags = dict(store.tags(bucket, key)) if wanted.tags else {}
    return (
        same
        and dict(found.headers) == dict(wanted.headers)
        and dict(found.metadata) == dict(wanted.metadata)
        and tags == dict(wanted.tags or {})
    )


def main(count: int) -> None:
    """All of it on one server."""
    server, name, told = Store(**json.load(sys.stdin)), secrets.token_hex(5), dict[str, object]()
    store = connected(server).objects
    assert store is not None
    source, back, place = f"many-{name}", f"many-back-{name}", f"many-repository-{name}"
    for bucket in (source, back, place):
        server.s3().create_bucket(Bucket=bucket)
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda n: put(store, source, n), range(count)))
        named = SourceName(store.name, source)
        files = RepositoryFiles(store, place)
        repository = create_repository(files, named, {"secret": SECRET}, os.urandom, sealed=True)
        began = time.monotonic()
        root = back_up(repository, TransferEnd(store, source), BackupOptions())
        told |= {"objects": root.counts.objects, "backup seconds": round(time.monotonic() - began, 1)}
        report = restore(repository, root, TransferEnd(store, back), RestoreOptions())
        assert (report.state, report.counts.restored) == ("Succeeded", count), report
        told |= {"restore seconds": round(report.seconds, 1), "megabytes": round(peak())}
        assert all(pool.map(lambda n: is_back(store, back, n), range(count)))
    print(json.dumps({"store": server.name, **told, "equal": count}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
