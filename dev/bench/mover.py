"""`python -m dev.bench.mover`: one bucket copied to another store by our copier and listing alone. Told by JSON on its standard input."""

import json
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.objects import ObjectStore
from imagestore.backends.registry import connect_objects
from imagestore.backends.secrets import Given, SecretFields
from imagestore.core.objects import ListedObject
from imagestore.transfer.budget import ByteBudget
from imagestore.transfer.copying import Copier

MEMORY = 64 * 1024**2
WORKERS = 32
UNLIMITED = {"requestsPerSecond": 100000, "burst": 100000}


class Forgotten:
    """Nobody cleans up after a benchmark that was killed."""

    def begun(self, key: str, upload: str) -> None:
        """Nothing."""

    def ended(self, key: str, upload: str) -> None:
        """Nothing."""


def objects_of(told: dict[str, Any]) -> ObjectStore:
    """The objects of a MinIO with these coordinates."""
    spec = {
        "provider": "MinIO",
        "s3": {"endpoint": told["endpoint"], "region": told["region"]},
        "credentials": {"ambient": {}},
        "limits": UNLIMITED,
    }
    keys = {"accessKeyId": told["access_key"].encode(), "secretAccessKey": told["secret_key"].encode()}
    given = Given(store=SecretFields("bench", keys))
    objects = connect_objects("bench", StorageBackendSpec.model_validate(spec), given)
    if objects is None:
        raise SystemExit("the store moves no data")
    return objects


def listed(store: ObjectStore, bucket: str) -> Iterator[ListedObject]:
    """All current objects, page by page."""
    after: Mapping[str, str] | None = {}
    while after is not None:
        page = store.objects(bucket, after)
        yield from page.items
        after = page.after


def main() -> None:
    """Copy everything."""
    told = json.load(sys.stdin)
    source, destination = objects_of(told["source"]), objects_of(told["destination"])
    copier = Copier(source, told["from"], destination, told["to"], ByteBudget(MEMORY), Forgotten())

    def copy(item: ListedObject) -> int:
        return copier.copy(item.key, item.key, size=item.size).size

    with ThreadPoolExecutor(WORKERS) as pool:
        print(sum(pool.map(copy, listed(source, told["from"]))))


if __name__ == "__main__":
    main()
