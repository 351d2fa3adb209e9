"""MinIO, built from its Go module, with a development key for SSE-KMS."""

import base64
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dev.ports import free_ports
from dev.process import Server, running
from dev.programs import program
from dev.stores.base import NOWHERE, Store, new_secret
from dev.stores.users import knows_users

KMS_KEY = "images"


@contextmanager
def minio(
    directory: Path,
    *,
    name: str = "minio",
    kms: bool = True,
    scanner: str = "slowest",
    webhook: str = NOWHERE,
    webhook_token: str = "",
) -> Iterator[Store]:
    """A MinIO whose data is in `directory/name`. With `kms` it encrypts with the key `images` on request.

    `scanner` is how busily it looks for objects whose lifecycle rules are due: slowest, default or fastest.
    It can tell `webhook` of uploads, as the target `arn:minio:sqs::IMAGES:webhook`, with `webhook_token` as bearer.
    """
    port, console = free_ports(2)
    folder = directory / name
    (folder / "data").mkdir(parents=True)
    secret = new_secret()
    endpoint = f"http://127.0.0.1:{port}"
    store = Store("MinIO", endpoint, "us-east-1", "imagestore", secret, endpoint, "imagestore", secret)
    words = ["--address", f"127.0.0.1:{port}", "--console-address", f"127.0.0.1:{console}"]
    words += ["--certs-dir", str(folder / "certs")]  # else it makes one in the home of who runs the tests
    server = Server(
        "minio",
        [program("minio"), "server", "--quiet", *words, folder / "data"],
        log=folder / "minio.log",
        env=_environment(store, kms=kms, scanner=scanner) | _target(webhook, webhook_token),
        ready=lambda: store.lists() and knows_users(store),
    )
    with running(server):
        yield replace(store, servers=(server,))


def _target(webhook: str, token: str) -> dict[str, str]:
    target = {"ENABLE": "on", "ENDPOINT": webhook, "AUTH_TOKEN": token}
    return {f"MINIO_NOTIFY_WEBHOOK_{name}_IMAGES": value for name, value in target.items()}


def _environment(store: Store, *, kms: bool, scanner: str) -> dict[str, str]:
    settings = {
        "MINIO_ROOT_USER": store.access_key,
        "MINIO_ROOT_PASSWORD": store.secret_key,
        "MINIO_SITE_REGION": store.region,
        # A folder of the root file system is refused as a drive otherwise.
        "MINIO_CI_CD": "1",
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
        "MINIO_SCANNER_SPEED": scanner,
    }
    if kms:
        settings["MINIO_KMS_SECRET_KEY"] = f"{KMS_KEY}:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    return settings
