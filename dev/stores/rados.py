"""A small Ceph: one monitor, one OSD that keeps everything in memory, and the gateway's command line."""

import base64
import os
import secrets
import subprocess
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from dev.ports import free_ports
from dev.process import Server

KMS_KEY = "images"

_LIBRARIES = Path("usr/lib/x86_64-linux-gnu")
_KEYRING = {
    "mon.": ("mon", "allow *"),
    "client.admin": ("mon", "allow *", "osd", "allow *", "mgr", "allow *"),
    "osd.0": ("mon", "allow profile osd", "osd", "allow *"),
    "client.rgw": ("mon", "allow rw", "osd", "allow rwx"),
}
_CONFIGURATION = """\
[global]
fsid = {cluster}
mon_host = v2:127.0.0.1:{monitor_port}
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
keyring = {folder}/keyring
run_dir = {folder}/run
admin_socket =
pid_file =
crash_dir = {folder}/log
log_file = {folder}/log/$name.log
mon_cluster_log_file = {folder}/log/cluster.log
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
auth_allow_insecure_global_id_reclaim = true

mon_data = {folder}/mon
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 2000
mon_osd_min_up_ratio = 0
paxos_propose_interval = 0.05
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0

osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 2147483648
# Memory is written down at a clean end only.
osd_fast_shutdown = false
osd_class_dir = {libraries}/rados-classes
osd_class_load_list = *
osd_class_default_list = *
erasure_code_dir = {libraries}/ceph/erasure-code
plugin_dir = {libraries}/ceph

rgw_data = {folder}/rgw
rgw_frontends = beast endpoint=127.0.0.1:{gateway_port}
rgw_lc_debug_interval = 10
rgw_gc_obj_min_wait = 5
rgw_crypt_s3_kms_backend = testing
rgw_crypt_s3_kms_encryption_keys = {kms_key}={kms_secret}
rgw_crypt_require_ssl = false
rgw_trust_forwarded_https = true
rgw_s3_auth_use_sts = true
rgw_sts_key = {sts_key}
rgw_enable_usage_log = true
"""


@dataclass(frozen=True)
class Rados:
    """Where the programs and the files of one small Ceph are, and its ports."""

    programs: Path
    folder: Path
    monitor_port: int
    gateway_port: int

    @classmethod
    def prepare(cls, programs: Path, folder: Path) -> "Rados":
        """Configuration, keys and the first maps in a new folder; nothing runs yet."""
        for part in ("mon", "osd", "run", "log", "rgw"):
            (folder / part).mkdir(parents=True)
        rados = cls(programs, folder, *free_ports(2))
        cluster = str(uuid.uuid4())
        (folder / "ceph.conf").write_text(rados._configuration(cluster))
        rados._make_keyring()
        rados._make_maps(cluster)
        return rados

    def run(self, *command: str) -> str:
        """Run one of Ceph's tools to its end."""
        done = subprocess.run(
            [str(self._program(command[0])), *command[1:]],
            env={**os.environ, **self._environment()},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if done.returncode != 0:
            raise RuntimeError(
                f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done.stdout

    def format_osd(self) -> None:
        """Lay out the OSD's folder; it asks the running monitor whose it is."""
        self.run("ceph-osd", "--mkfs", "-i", "0")

    def add_classes(self, names: Iterable[str]) -> None:
        """Give the default placement these storage classes, each with a pool of its own. Before the gateway starts."""
        for name in names:
            where = ("--placement-id=default-placement", f"--storage-class={name}")
            self.run("radosgw-admin", "zonegroup", "placement", "add", "--rgw-zonegroup=default", *where)
            pool = f"--data-pool=default.rgw.buckets.{name.lower()}"
            self.run("radosgw-admin", "zone", "placement", "add", "--rgw-zone=default", *where, pool)

    def monitor(self) -> Server:
        """The monitor; whoever needs it waits for it."""
        return self._server("ceph-mon", "-i", "a", "-f")

    def osd(self) -> Server:
        """The OSD; whoever needs it waits for it."""
        return self._server("ceph-osd", "-i", "0", "-f")

    def gateway(self, ready: Callable[[], bool]) -> Server:
        """The RADOS Gateway."""
        return self._server("radosgw", "-n", "client.rgw", "-f", ready=ready)

    def _server(self, name: str, *args: str, ready: Callable[[], bool] = lambda: True) -> Server:
        return Server(
            name,
            [self._program(name), *args],
            log=self.folder / "log" / f"{name}.out",
            env=self._environment(),
            ready=ready,
            # A killed gateway leaves watches behind that its successor waits for.
            grace=20,
        )

    def _program(self, name: str) -> Path:
        return self.programs / "usr" / "bin" / name

    def _environment(self) -> dict[str, str]:
        libraries = self.programs / _LIBRARIES
        folders = (libraries, libraries / "ceph", self.programs / "lib" / _LIBRARIES.name)
        return {
            "LD_LIBRARY_PATH": ":".join(map(str, folders)),
            "CEPH_CONF": str(self.folder / "ceph.conf"),
        }

    def _configuration(self, cluster: str) -> str:
        return _CONFIGURATION.format(
            cluster=cluster,
            folder=self.folder,
            libraries=self.programs / _LIBRARIES,
            monitor_port=self.monitor_port,
            gateway_port=self.gateway_port,
            kms_key=KMS_KEY,
            kms_secret=base64.b64encode(secrets.token_bytes(32)).decode(),
            sts_key=secrets.token_hex(8),
        )

    def _make_keyring(self) -> None:
        for number, (name, caps) in enumerate(_KEYRING.items()):
            create = ["--create-keyring"] if number == 0 else []
            pairs = zip(caps[::2], caps[1::2], strict=True)
            granted = [part for kind, rule in pairs for part in ("--cap", kind, rule)]
            self.run("ceph-authtool", *create, "keyring", "--gen-key", "-n", name, *granted)

    def _make_maps(self, cluster: str) -> None:
        """A first map with the OSD in it saves asking the monitor for one, and with it Ceph's Python tool."""
        address = f"[v2:127.0.0.1:{self.monitor_port}]"
        self.run("monmaptool", "--create", "--fsid", cluster, "--addv", "a", address, "monmap")
        self.run("osdmaptool", "--createsimple", "1", "osdmap")
        maps = ("--monmap", "monmap", "--osdmap", "osdmap", "--keyring", "keyring")
        self.run("ceph-mon", "--mkfs", "-i", "a", *maps)
