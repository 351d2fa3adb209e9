"""Ceph's RADOS Gateway, from Debian's packages unpacked into the cache."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dev.process import running
from dev.programs.debian import unpacked
from dev.stores.base import NOWHERE, Store, new_secret
from dev.stores.rados import KMS_KEY, Rados

__all__ = ["KMS_KEY", "ceph", "ceph_programs"]

TIERS = {"Cool": "COOL", "Archive": "ICE"}
_ADMIN_CAPS = "buckets=*;users=*;usage=*;metadata=*"


def ceph_programs() -> Path:
    """The unpacked packages in the cache, fetched when they are missing."""
    return unpacked("ceph", ("ceph-mon", "ceph-osd", "radosgw"), "20 s")


@contextmanager
def ceph(directory: Path, *, name: str = "ceph", webhook: str = NOWHERE) -> Iterator[Store]:
    """A gateway whose files are in `directory/name`; SSE-KMS knows the key `images`.

    It can tell `webhook` of uploads, through the topic `arn:aws:sns:default::images`.

    What it holds survives `stop` and `start` (the OSD writes its memory down when it is asked to end), not a
    kill. A day of a lifecycle rule lasts 10 s.
    """
    rados = Rados.prepare(ceph_programs(), directory / name)
    endpoint = f"http://127.0.0.1:{rados.gateway_port}"
    user, administrator = ("imagestore", new_secret()), ("administrator", new_secret())
    store = Store("Ceph", endpoint, "default", *user, endpoint, *administrator, tiers=TIERS)
    monitor, osd, gateway = rados.monitor(), rados.osd(), rados.gateway(store.lists)
    with running(monitor):
        rados.format_osd()
        with running(osd):
            # Written into the store itself: this waits for the OSD, and makes the pools before the gateway
            # starts, which 16.2 would otherwise do without waiting for them.
            _create_user(rados, *user)
            _create_user(rados, *administrator, f"--caps={_ADMIN_CAPS}")
            rados.add_classes(TIERS.values())
            with running(gateway):
                store.client("sns").create_topic(Name="images", Attributes={"push-endpoint": webhook})
                yield replace(store, servers=(monitor, osd, gateway))


def make_topic(store: Store, name: str, push_endpoint: str) -> str:
    """A topic that tells ``push_endpoint``, which may have a password; return its ARN.

    RGW takes a password over TLS only. Here the request says what a proxy that ends TLS before RGW says of its own.
    """
    sns = store.client("sns")
    forwarded = lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "https")  # noqa: E731
    sns.meta.events.register("before-sign.sns.CreateTopic", forwarded)
    made = sns.create_topic(Name=name, Attributes={"push-endpoint": push_endpoint})
    return str(made["TopicArn"])


def _create_user(rados: Rados, name: str, secret_key: str, *more: str) -> None:
    """A user whose access key is its name."""
    keys = (f"--access-key={name}", f"--secret={secret_key}")
    rados.run("radosgw-admin", "user", "create", f"--uid={name}", f"--display-name={name}", *keys, *more)
