"""The chart's PodMonitor, and what prometheus-operator makes of it."""

from typing import Any

import yaml

from dev.cluster.kube import Kube
from tests.e2e.harness import ACCOUNT, CHART, SYSTEM


def pod_monitor(kube: Kube) -> dict[str, Any]:
    """As `helm template` renders it."""
    chosen = ("--set", "installation=alerts,image.repository=imagestore,metrics.podMonitor.enabled=true")
    shown = ("--namespace", SYSTEM, "--show-only", "templates/podmonitor.yaml")
    rendered: dict[str, Any] = yaml.safe_load(
        kube.helm("template", ACCOUNT, str(CHART), *shown, *chosen).stdout
    )
    return rendered


def as_scraped(monitor: dict[str, Any], address: str) -> dict[str, Any]:
    """The scrape configuration for one pod at this address.

    prometheus-operator sets these target labels (`generatePodMonitorConfig` in its pkg/prometheus/promcfg.go) by
    relabelling what Kubernetes tells of the pod; here they are written down.
    """
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    namespace, name = monitor["metadata"]["namespace"], monitor["metadata"]["name"]
    labels = {
        "namespace": namespace,
        "pod": f"{name}-5d9c7b8f4-x2x7k",
        "container": "operator",
        "endpoint": endpoint["port"],
    }
    return {
        "job_name": f"podMonitor/{namespace}/{name}/0",
        "honor_labels": endpoint.get("honorLabels", False),
        "metrics_path": endpoint["path"],
        "static_configs": [{"targets": [address], "labels": labels}],
    }
