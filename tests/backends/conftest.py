"""A SeaweedFS with TLS: what a Deny without TLS does can only be seen on a store that has it and minds it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev.cluster.certificates import Authority
from dev.ports import free_ports
from dev.process import Server, running
from dev.programs import weed
from dev.stores.seaweedfs import _flags
from dev.wait import eventually
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.client import Keys
from imagestore.backends.s3.connecting import connect_with_keys
from imagestore.core.errors import StoreError


@dataclass(frozen=True)
class Secured:
    """A server that speaks TLS with a certificate of its own authority."""

    endpoint: str
    keys: Keys
    ca: bytes

    def backend(self, ca: bytes | None) -> S3Backend:
        """Trusting only ``ca``, or the system's authorities."""
        raw = {"provider": "SeaweedFS", "s3": {"endpoint": self.endpoint, "region": "r"}, "credentials": {}}
        found = connect_with_keys("tls", StorageBackendSpec.model_validate(raw), self.keys, ca=ca)
        assert isinstance(found, S3Backend)
        return found

    def answers(self) -> bool:
        """Whether it is up."""
        try:
            self.backend(self.ca).probe()
        except StoreError:
            return False
        return True


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder: Path = tmp_path_factory.mktemp("secured")
    authority = Authority(folder / "ca")
    pair = authority.server("s3", ["127.0.0.1"])
    (folder / "data").mkdir()
    plain, filer, port = free_ports(3)
    keys = Keys("admin", "a-secret-of-this-test")
    store = Secured(f"https://127.0.0.1:{port}", keys, authority.file.read_bytes())
    server = Server(
        "weed-tls",
        [
            weed(), "-logtostderr=true", "mini", *_flags(plain, filer, folder / "data"),
            f"-s3.port.https={port}", f"-s3.cert.file={pair.certificate}", f"-s3.key.file={pair.key}",
        ],
        log=folder / "weed.log",
        env={"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key},
    )  # fmt: skip
    with running(server):
        eventually(store.answers, 30, "SeaweedFS answers by TLS")
        yield store
