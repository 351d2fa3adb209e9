"""VersityGW, an S3 gateway in front of a folder, built from its Go module. Nobody here has tuned for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dev.ports import free_port
from dev.process import Server, running
from dev.programs import program
from dev.stores.base import Store, new_secret


@contextmanager
def versitygw(directory: Path, *, name: str = "versitygw") -> Iterator[Store]:
    """A VersityGW whose data is in `directory/name`; it keeps versions, and what it knows of files beside them."""
    port = free_port()
    folder = directory / name
    for part in ("data", "versions", "sidecar"):
        (folder / part).mkdir(parents=True)
    endpoint = f"http://127.0.0.1:{port}"
    store = Store("S3", endpoint, "us-east-1", "imagestore", new_secret(), product="VersityGW")
    where: list[str | Path] = [
        "--versioning-dir",
        folder / "versions",
        "--sidecar",
        folder / "sidecar",
        folder / "data",
    ]
    server = Server(
        "versitygw",
        [program("versitygw"), "--port", f"127.0.0.1:{port}", "--quiet", "posix", *where],
        log=folder / "versitygw.log",
        env={
            "ROOT_ACCESS_KEY": store.access_key,
            "ROOT_SECRET_KEY": store.secret_key,
            "VGW_REGION": store.region,
        },
        ready=store.lists,
    )
    with running(server):
        yield replace(store, servers=(server,))
