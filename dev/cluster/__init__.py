"""A real Kubernetes API on this machine: etcd, kube-apiserver and kube-controller-manager on loopback."""

import http.client
import shutil
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Self

from dev.cluster import control_plane
from dev.cluster.api import Api
from dev.cluster.control_plane import Keys, Ports
from dev.cluster.kube import CommandError, Kube, Result, write_kubeconfig
from dev.ports import is_free
from dev.process import Server
from dev.wait import eventually

__all__ = ["Cluster", "CommandError", "Kube", "Result"]


class Cluster(Kube):
    """A running cluster of our own; its parts can be stopped and started again, with ports and data kept."""

    def __init__(
        self,
        directory: Path,
        keys: Keys,
        ports: Ports,
        api_args: Sequence[str],
        etcd_args: Sequence[str],
        manager_args: Sequence[str],
    ) -> None:
        self.keys, self._ports = keys, ports
        self.ca_file = keys.ca_file
        self.audit_log = directory / "audit.log"
        server = f"https://127.0.0.1:{ports.api}"
        super().__init__(
            directory, write_kubeconfig(directory / "kubeconfig", server, self.ca_file, keys.admin)
        )
        manager = write_kubeconfig(directory / "manager.kubeconfig", server, self.ca_file, keys.manager)
        # Neither gets any grace: they obey SIGTERM only when their clients are gone, which takes long.
        self.etcd = Server(
            "etcd",
            control_plane.etcd(directory, ports, etcd_args),
            log=directory / "etcd.log",
            ready=self._etcd_ready,
            grace=0,
        )
        self.apiserver = Server(
            "kube-apiserver",
            control_plane.apiserver(directory, keys, ports, self.audit_log, api_args),
            log=directory / "kube-apiserver.log",
            ready=self._api_ready,
            grace=0,
        )
        self.manager = Server(
            "kube-controller-manager",
            control_plane.manager(keys, ports, manager, manager_args),
            log=directory / "kube-controller-manager.log",
            ready=self._has_default_account,
            grace=0,
        )

    @classmethod
    @contextmanager
    def start(
        cls,
        directory: Path,
        *,
        name: str = "imagestore",
        api_args: Sequence[str] = (),
        etcd_args: Sequence[str] = (),
        manager_args: Sequence[str] = (),
    ) -> Iterator[Self]:
        """A cluster whose files are in `directory/name`; gone at the end, however the end comes.

        It is ready: /readyz answers and the default ServiceAccount exists. What is given as arguments comes
        after our own, so it wins; of flags that hold lists, it is added.
        """
        folder = directory / name
        folder.mkdir(parents=True)
        cluster = cls(folder, Keys.make(folder / "pki"), Ports.free(), api_args, etcd_args, manager_args)
        try:
            cluster._start()
            yield cluster
        finally:
            cluster._stop()

    @cached_property
    def api(self) -> Api:
        """The API server as the administrator, without kubectl: what is asked again and again."""
        return Api.certified(self.kubeconfig)

    @property
    def port(self) -> int:
        """The API server's, on loopback."""
        return self._ports.api

    def stop_etcd(self) -> None:
        """Take the API server's memory away: its answers become errors, watches stay open for a while."""
        self.etcd.stop()

    def start_etcd(self) -> None:
        """Bring etcd back with its data and wait until the API server is ready on it."""
        self.etcd.start()
        if self.apiserver.running:
            self.apiserver.await_ready()

    @contextmanager
    def back_in_time(self) -> Iterator[None]:
        """After the block etcd is as it was before it, and the API server was restarted, as a restore asks for."""
        data, kept = self.directory / "etcd", self.directory / "etcd-snapshot"
        self.etcd.kill()
        shutil.copytree(data, kept)
        self.start_etcd()
        yield
        self.stop_apiserver()
        self.etcd.kill()
        shutil.rmtree(data)
        kept.rename(data)
        self.etcd.start()
        self.start_apiserver()

    def stop_apiserver(self) -> None:
        """Kill the API server; its port is free afterwards."""
        self.apiserver.kill()
        eventually(lambda: is_free(self._ports.api), 20, f"port {self._ports.api} free")

    def start_apiserver(self) -> None:
        """Start the API server again on its port and wait until it is ready."""
        self.apiserver.start()

    def restart_apiserver(self) -> None:
        """Kill the API server and start it again: every watch and every connection is cut."""
        self.stop_apiserver()
        self.start_apiserver()

    def pids(self) -> list[int]:
        """The ids of the running processes."""
        return [server.pid for server in self._servers() if server.pid is not None]

    def _servers(self) -> tuple[Server, Server, Server]:
        return self.etcd, self.apiserver, self.manager

    def _start(self) -> None:
        # The API server waits for etcd by itself, which saves a second. The controller manager ends when it
        # comes before the API server has written its roles.
        self.etcd.launch()
        self.apiserver.launch()
        self.etcd.await_ready()
        self.apiserver.await_ready()
        self.manager.start()

    def _stop(self) -> None:
        for server in reversed(self._servers()):
            server.kill()

    def _etcd_ready(self) -> bool:
        return _answers(http.client.HTTPConnection("127.0.0.1", self._ports.etcd, timeout=2), "/readyz")

    def _api_ready(self) -> bool:
        return _answers(self._connection(), "/readyz")

    def _has_default_account(self) -> bool:
        return _answers(self._connection(), "/api/v1/namespaces/default/serviceaccounts/default")

    def _connection(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self.ca_file))
        context.load_cert_chain(self.keys.admin.certificate, self.keys.admin.key)
        return http.client.HTTPSConnection("127.0.0.1", self._ports.api, timeout=5, context=context)


def _answers(connection: http.client.HTTPConnection, path: str) -> bool:
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
