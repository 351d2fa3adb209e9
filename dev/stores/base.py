"""What every object store on this machine looks like to tests, demo and benchmarks."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import boto3
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError

from dev.process import Server

Provider = Literal["MinIO", "Ceph", "SeaweedFS", "AWS", "S3"]

NOWHERE = "http://127.0.0.1:9/"  # where nothing listens: a webhook that nobody waits for

_COORDINATES = (
    "provider", "endpoint", "region", "access_key", "secret_key",
    "admin_endpoint", "admin_access_key", "admin_secret_key",
)  # fmt: skip


@dataclass(frozen=True)
class Store:
    """A running store's coordinates, and its processes in the order in which they start.

    `access_key` may do everything with buckets. The admin API, where there is one, is asked at
    `admin_endpoint` with the admin keys: MinIO's are root's; Ceph's belong to a user with the caps
    `buckets=*;users=*;usage=*;metadata=*`.
    """

    provider: Provider
    endpoint: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)
    admin_endpoint: str | None = None
    admin_access_key: str | None = None
    admin_secret_key: str | None = field(default=None, repr=False)
    ca_file: Path | None = None  # who signed its certificate, where it speaks TLS
    product: str = ""  # of a server that has no dialect of its own: its provider is S3
    servers: Sequence[Server] = field(default=(), repr=False, compare=False)
    tiers: Mapping[str, str] = field(default_factory=dict, compare=False)  # its class of each neutral tier
    behind: "Store | None" = field(default=None, repr=False, compare=False)  # where its tiered objects are

    def start(self) -> None:
        """Start it again on the same port; ready afterwards. AWS (moto) forgets what it held, no other does."""
        for server in self.servers:
            server.start()

    def stop(self) -> None:
        """Stop it in order, so that what it holds is kept: connections are refused from now on."""
        for server in reversed(self.servers):
            server.stop()

    def pause(self) -> None:
        """Freeze it: connections are accepted and nothing is answered."""
        for server in reversed(self.servers):
            server.pause()

    def resume(self) -> None:
        """Let a frozen store go on."""
        for server in self.servers:
            server.resume()

    @property
    def name(self) -> str:
        """What it is: the product where the provider does not tell."""
        return self.product or self.provider

    def coordinates(self) -> dict[str, str | None]:
        """All that a client needs to know, secrets included."""
        return {name: getattr(self, name) for name in _COORDINATES}

    def s3(self) -> Any:
        """A boto3 S3 client that speaks to it as other servers than AWS want it, and fails fast."""
        return self.client("s3")

    def client(self, service: str) -> Any:
        """The same for another service that is asked at the same address: Ceph's SNS, moto's SQS."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            verify=str(self.ca_file) if self.ca_file else None,
            config=Config(
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                connect_timeout=2,
                read_timeout=10,
                retries={"total_max_attempts": 1},
            ),
        )

    def lists(self) -> bool:
        """Whether it answers a signed listing of buckets: what "ready" means for a store."""
        try:
            self.s3().list_buckets()
        except (BotoCoreError, ClientError):
            return False
        return True


def new_secret() -> str:
    """Forty characters nobody knows: even on loopback another user of the machine may look in."""
    return secrets.token_hex(20)
