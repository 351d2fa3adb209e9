"""A real Prometheus and its promtool, from Debian's package unpacked into the cache."""

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dev.ports import free_port
from dev.process import Server, running
from dev.programs.debian import unpacked


def prometheus_programs() -> Path:
    """The folder with `prometheus` and `promtool`, fetched when it is missing."""
    return unpacked("prometheus", ("prometheus",), "20 s") / "usr" / "bin"


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run promtool to its end; whoever calls judges the exit code."""
    command = [prometheus_programs() / "promtool", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@dataclass(frozen=True)
class Alert:
    """One alert that fires, as its rule and its labels name it."""

    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    url: str
    server: Server

    def firing(self) -> list[Alert]:
        """Every alert that fires now; what only waits for its `for` is not among them."""
        found = self._get("alerts")["alerts"]
        return [
            Alert(a["labels"]["alertname"], a["labels"], a["annotations"])
            for a in found
            if a["state"] == "firing"
        ]

    def _get(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/api/v1/{what}", timeout=5) as answer:  # noqa: S310
            return json.load(answer)["data"]


@contextmanager
def prometheus(directory: Path, rules: str, scrapes: Sequence[Mapping[str, Any]]) -> Iterator[Prometheus]:
    """A Prometheus that scrapes by these `scrape_configs` and judges `rules` once a second."""
    folder = directory / "prometheus"
    folder.mkdir(parents=True)
    (folder / "rules.yaml").write_text(rules)
    (folder / "prometheus.yaml").write_text(_configuration(scrapes))
    url = f"http://127.0.0.1:{(port := free_port())}"
    command: list[str | Path] = [
        prometheus_programs() / "prometheus",
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    server = Server("prometheus", command, log=folder / "log", ready=lambda: _ready(url))
    with running(server):
        yield Prometheus(url, server)


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=2):  # noqa: S310 - our own loopback address
            return True
    except (urllib.error.URLError, OSError):
        return False


def _configuration(scrapes: Sequence[Mapping[str, Any]]) -> str:
    every = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    return yaml.safe_dump(
        {"global": every, "rule_files": ["rules.yaml"], "scrape_configs": list(map(dict, scrapes))}
    )
