"""The local cluster is a real API: ready when it says so, complete, and gone for certain."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dev.cluster import Cluster, CommandError
from dev.wait import eventually

ROOT = Path(__file__).parents[2]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_namespace_comes_and_goes(cluster: Cluster) -> None:
    cluster.kubectl("create", "namespace", "photos")
    eventually(
        lambda: (
            cluster.kubectl("get", "serviceaccount", "default", "-n", "photos", check=False).returncode == 0
        ),
        60,
        "the namespace's default ServiceAccount",
    )
    cluster.kubectl("delete", "namespace", "photos", "--wait=false")
    eventually(
        lambda: "NotFound" in cluster.kubectl("get", "namespace", "photos", check=False).stderr,
        90,
        "namespace photos gone",
    )


def test_a_failed_command_says_what_it_wrote(cluster: Cluster) -> None:
    with pytest.raises(CommandError, match='namespaces "nowhere" not found'):
        cluster.kubectl("get", "namespace", "nowhere")


def test_a_service_account_has_only_its_own_rights(cluster: Cluster) -> None:
    cluster.kubectl("create", "serviceaccount", "visitor", "-n", "default")
    kubeconfig = cluster.service_account_kubeconfig("default", "visitor")
    refused = cluster.kubectl("--kubeconfig", str(kubeconfig), "get", "secrets", check=False)
    assert 'User "system:serviceaccount:default:visitor" cannot list resource "secrets"' in refused.stderr
    assert kubeconfig.stat().st_mode & 0o077 == 0


def test_the_audit_log_names_verb_and_user(cluster: Cluster) -> None:
    cluster.kubectl("create", "configmap", "audited", "-n", "default")

    def named() -> list[Any]:
        *whole, _ = cluster.audit_log.read_text().split("\n")  # the last one may still be written
        events = map(json.loads, whole)
        return [event for event in events if event.get("objectRef", {}).get("name") == "audited"]

    eventually(named, 10, "it is in the log, which is written after the answer")
    assert {(event["verb"], event["user"]["username"], event["level"]) for event in named()} == {
        ("create", "imagestore-admin", "Metadata")
    }


def test_helm_reads_the_version_that_we_built(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text(
        "{apiVersion: v2, name: small, version: 1.0.0, kubeVersion: '>=1.37.0'}"
    )
    (tmp_path / "templates" / "map.yaml").write_text(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: small}, data: {version: '{{ .Capabilities.KubeVersion }}'}}"
    )
    cluster.helm("install", "small", str(tmp_path), "--namespace", "default")
    assert cluster.get("configmap", "small")["data"] == {"version": cluster.version}
    cluster.helm("uninstall", "small", "--namespace", "default")


def test_two_clusters_side_by_side_share_nothing(cluster: Cluster, tmp_path: Path) -> None:
    with Cluster.start(tmp_path, name="second") as second:
        assert second.server != cluster.server
        second.kubectl("create", "namespace", "only-here")
        assert cluster.kubectl("get", "namespace", "only-here", check=False).returncode == 1
        pids = second.pids()
        assert len(pids) == 3
    assert all(gone(pid) for pid in pids)


def test_parts_stop_and_come_back_with_what_they_held(tmp_path: Path) -> None:
    with Cluster.start(tmp_path, api_args=["--min-request-timeout=5"]) as own:
        own.kubectl("create", "configmap", "kept", "-n", "default")
        own.stop_etcd()
        assert own.kubectl("get", "configmaps", "--request-timeout=2s", check=False).returncode == 1
        own.start_etcd()
        own.restart_apiserver()
        assert own.get("configmap", "kept")["metadata"]["name"] == "kept"


def test_an_existing_cluster_is_used_through_its_context(cluster: Cluster, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from dev.cluster import Kube\n"
        "kube = Kube.existing('imagestore', Path(sys.argv[1]))\n"
        "print(kube.server, kube.kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}').stdout)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == [cluster.server, "imagestore-admin"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=lambda s: s.name)
def test_nothing_is_left_when_its_starter_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    code = (
        "import sys, time; from pathlib import Path; from dev.cluster import Cluster\n"
        "with Cluster.start(Path(sys.argv[1])) as cluster:\n"
        "    print(*cluster.pids(), flush=True)\n"
        "    sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as starter:  # fmt: skip
        assert starter.stdout is not None
        pids = [int(pid) for pid in starter.stdout.readline().split()]
        assert len(pids) == 3
        starter.send_signal(number)
    eventually(lambda: all(gone(pid) for pid in pids), 30, f"processes {pids} gone")


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="unknown flag: --no-such-flag"),
        Cluster.start(tmp_path, api_args=["--no-such-flag"]),
    ):
        pass
