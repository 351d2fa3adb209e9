"""`python -m dev.bench.listing`: a bucket of a million keys previewed, beside the store's own speed of listing it.

MinIO unpacks archives into objects itself (snowball), so a million are there in minutes: all of them are its own.
"""

import argparse
import http.client
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from dev.bench import process
from dev.bench.running import watched
from dev.bench.world import BACKEND, LIMITS, MEMORY, NAMESPACE, Operator, World, manifest, world
from dev.cluster.api import Json, bucket_path, policy_path
from dev.stores import Store
from dev.wait import eventually

BUCKET = f"{NAMESPACE}--photos"
PACK = 10_000  # keys of an archive
# By turns: the folder that an archive's keys are in, and the bytes of each.
KINDS = [("originals", 100)] * 3 + [("thumbs", 10)] * 2
RULES = [
    {"name": "thumbs", "match": {"prefix": "thumbs/"}, "expire": {"days": 20}},
    {"name": "large", "match": {"prefix": "originals/", "minSize": "1Mi"}, "expire": {"days": 365}},
]
_PATIENCE = 1800.0


@dataclass
class Cost:
    """What one way of listing it took. ``peak``: MB of whoever lists, at its highest."""

    who: str
    keys: int
    seconds: float = 0.0
    cpu: float = 0.0
    store_cpu: float = 0.0
    peak: float = 0.0

    def row(self) -> str:
        """Of a Markdown table."""
        rate = self.keys / self.seconds
        spent = f"{self.cpu:.1f} | {self.store_cpu:.1f} | {self.peak:.0f}"
        return f"| {self.who} | {self.keys} | {self.seconds:.1f} | {rate:.0f} | {spent} |"


@dataclass(frozen=True)
class Bench:
    """One bucket in one world."""

    world: World
    keys: int

    @property
    def packs(self) -> list[tuple[int, int]]:
        """The archives: the number of each, and its keys."""
        begins = range(0, self.keys, PACK)
        return [(number, min(PACK, self.keys - first)) for number, first in enumerate(begins)]

    @contextmanager
    def cost(self, who: str) -> Iterator[Cost]:
        """Timed, and shown at once."""
        (server,) = self.world.store.servers
        assert server.pid is not None, "it runs"  # noqa: S101
        one, used, began = Cost(who, self.keys), process.cpu(server.pid), time.monotonic()
        yield one
        one.seconds, one.store_cpu = time.monotonic() - began, process.cpu(server.pid) - used
        print(one.row(), flush=True)

    def fill(self) -> None:
        """All keys, in folders of a thousand."""
        s3 = self.world.store.s3()

        def put(number: int, keys: int) -> None:
            unpacked = {"snowball-auto-extract": "true"}
            s3.put_object(Bucket=BUCKET, Key=f"{number}.tar", Body=archive(number, keys), Metadata=unpacked)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(put, *zip(*self.packs, strict=True)))

    def alone(self) -> None:
        """Pages as fast as the store gives them, not even parsed: of whatever lists them, nothing is faster."""
        with self.cost("MinIO alone, its pages unread") as cost:
            used, keys = process.cpu(os.getpid()), sum(map(_keys, _pages(self.world.store)))
            cost.cpu, cost.peak = process.cpu(os.getpid()) - used, process.memory(os.getpid()).now
        assert keys == self.keys, keys  # noqa: S101

    def previewed(self) -> None:
        """`imagestore lifecycle preview`, with its start."""
        manifest_file = self.world.directory / "preview.yaml"
        manifest_file.write_text(yaml.safe_dump_all([_bucket(), _policy()]))
        asked = ["lifecycle", "preview", "-f", str(manifest_file), "--format", "json"]
        command = [sys.executable, "-m", "imagestore", *asked]
        env = {**os.environ, "KUBECONFIG": str(self.world.cluster.kubeconfig)}
        with self.cost("`imagestore lifecycle preview`") as cost, tempfile.TemporaryFile() as answer:
            with subprocess.Popen(command, stdout=answer, env=env) as child:
                spent = watched(child)
            answer.seek(0)
            self._check_told(json.load(answer))
            cost.cpu, cost.peak = spent.cpu, spent.peak

    def _check_told(self, told: Json) -> None:
        (bucket,) = told["buckets"]
        touched = {
            r["name"].rpartition("/")[2]: sum(t["objects"] for t in r["touches"]) for r in bucket["rules"]
        }
        assert touched == {"thumbs": self.thumbs, "large": 0}, bucket  # noqa: S101

    @property
    def thumbs(self) -> int:
        """How many keys the first rule is for."""
        return sum(keys for number, keys in self.packs if _kind(number)[0] == "thumbs")

    def surveyed(self, operator: Operator) -> None:
        """`status.preview` of a policy, by an operator that does nothing else."""
        api, path = self.world.cluster.api, policy_path(NAMESPACE, "tidy")
        with self.cost("the operator, for `status.preview`") as cost:
            used = process.cpu(operator.pid)
            api.call("POST", policy_path(NAMESPACE), _policy())
            eventually(lambda: _counted(api.get(path)), _PATIENCE, "it is counted", interval=0.5)
            cost.cpu, cost.peak = process.cpu(operator.pid) - used, process.memory(operator.pid).peak
        total = next(r for r in api.get(path)["status"]["preview"]["rules"] if r["name"] == "thumbs")
        assert total["next30Days"]["objects"] == self.thumbs, total  # noqa: S101
        api.call("DELETE", path)


def archive(number: int, keys: int) -> bytes:
    """A tar of so many small pictures."""
    kind, size = _kind(number)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for n in range(number * PACK, number * PACK + keys):
            entry = tarfile.TarInfo(f"{kind}/{n // 1000:04}/{n:07}.jpg")
            entry.size = size
            tar.addfile(entry, io.BytesIO(b"x" * size))
    return packed.getvalue()


def _kind(number: int) -> tuple[str, int]:
    return KINDS[number % len(KINDS)]


def _pages(store: Store) -> Iterator[bytes]:
    signer = S3SigV4Auth(Credentials(store.access_key, store.secret_key), "s3", store.region)
    asked = {"list-type": "2", "max-keys": "1000", "encoding-type": "url"}
    connection = http.client.HTTPConnection(urlsplit(store.endpoint).netloc, timeout=60)
    more = True
    while more:
        request = AWSRequest("GET", f"{store.endpoint}/{BUCKET}", params=asked)
        signer.add_auth(request)
        prepared = request.prepare()
        connection.request("GET", prepared.url.removeprefix(store.endpoint), headers=dict(prepared.headers))
        page = connection.getresponse().read()
        yield page
        token = re.search(rb"<NextContinuationToken>([^<]+)<", page)
        more = token is not None
        asked |= {"continuation-token": token[1].decode()} if token else {}


def _keys(page: bytes) -> int:
    return page.count(b"<Key>")


def _counted(policy: Json) -> bool:
    told = policy.get("status", {}).get("preview", {})
    return bool(told.get("counted") == 1 and not told.get("pending"))


def _bucket() -> Json:
    spec = {"backendRef": {"name": BACKEND}, "bucketName": BUCKET}
    return manifest("ImageBucket", "photos", spec)


def _policy() -> Json:
    spec = {"bucketRefs": [{"name": "photos"}], "rules": RULES, "preview": {"enabled": True}}
    return manifest("LifecyclePolicy", "tidy", spec)


def measure(there: World, keys: int, repeat: int) -> None:
    """By turns, so that what else the machine does falls on all of them."""
    bench = Bench(there, keys)
    with there.operator() as operator:
        there.cluster.api.call("POST", bucket_path(NAMESPACE), _bucket())
        eventually(lambda: bool(there.store.s3().list_buckets()["Buckets"]), 60, "the bucket is there")
        with bench.cost("(filling it)"):
            bench.fill()
        for _ in range(repeat):
            bench.alone()
            bench.previewed()
        bench.surveyed(operator)


def main() -> None:
    """Print a table, row by row."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench.listing", description=main.__doc__)
    parser.add_argument("--keys", type=int, default=1_000_000, help="in the bucket; default %(default)s")
    parser.add_argument("--repeat", type=int, default=3, help="default %(default)s")
    options = parser.parse_args()
    print("| | keys | seconds | keys/s | CPU s | CPU s of MinIO | peak MB |\n|---|---|---|---|---|---|---|")
    folder = tempfile.TemporaryDirectory(prefix="imagestore-bench-", dir=MEMORY)
    with folder as name, world(Path(name), LIMITS) as there:
        measure(there, options.keys, options.repeat)
    print(json.dumps(process.machine()))


if __name__ == "__main__":
    main()
