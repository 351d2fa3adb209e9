"""`rclone serve s3` over a folder, built from its Go module. Nobody here has tuned for it, and it knows no settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dev.ports import free_port
from dev.process import Server, running
from dev.programs import program
from dev.stores.base import Store, new_secret


@contextmanager
def rclone(directory: Path, *, name: str = "rclone") -> Iterator[Store]:
    """An rclone whose buckets are folders in `directory/name`; unsigned requests are refused."""
    port = free_port()
    folder = directory / name
    (folder / "data").mkdir(parents=True)
    endpoint = f"http://127.0.0.1:{port}"
    store = Store("S3", endpoint, "us-east-1", "imagestore", new_secret(), product="rclone")
    server = Server(
        "rclone",
        [program("rclone"), "serve", "s3", "--addr", f"127.0.0.1:{port}", folder / "data"],
        log=folder / "rclone.log",
        # Not an argument: other users of the machine see those. Quoted, since a comma parts two of them. No configuration of the user's is read.
        env={
            "RCLONE_AUTH_KEY": f'"{store.access_key},{store.secret_key}"',
            "RCLONE_CONFIG": "/dev/null",
        },
        ready=store.lists,
    )
    with running(server):
        yield replace(store, servers=(server,))
