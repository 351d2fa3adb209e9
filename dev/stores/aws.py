"""moto's server, standing in for what only AWS has."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dev.ports import free_port
from dev.process import Server, running
from dev.stores.base import Store, new_secret


@contextmanager
def aws(directory: Path, *, name: str = "aws") -> Iterator[Store]:
    """moto in a process of its own. It checks no credentials, and what it holds is gone when it stops.

    It has an SQS queue `images`, which can be told of uploads.
    """
    port = free_port()
    store = Store("AWS", f"http://127.0.0.1:{port}", "us-east-1", "imagestore", new_secret())
    server = Server(
        "moto",
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        log=directory / name / "moto.log",
        ready=store.lists,
        grace=0,
    )
    with running(server):
        store.client("sqs").create_queue(QueueName="images")
        yield replace(store, servers=(server,))
