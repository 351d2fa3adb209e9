"""The image that `make image` builds."""

import json
import re
import signal
import subprocess
import tarfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from dev import examples
from dev.image.__main__ import local
from dev.ports import free_port
from dev.stores import Store
from dev.wait import eventually
from tests.buckets import discard
from tests.node.installation import ROOT

CHROOT = "/usr/sbin/chroot"


def config_and_names(archive: Path) -> tuple[dict[str, Any], set[str]]:
    """The image's configuration, and every path in its one layer."""
    with tarfile.open(archive) as outer:
        (manifest,) = json.load(_file(outer, "manifest.json"))
        (layer,) = manifest["Layers"]
        config = json.load(_file(outer, manifest["Config"]))
        with tarfile.open(fileobj=_file(outer, layer)) as inner:
            return config, {f"/{member.name.removeprefix('./')}" for member in inner}


def _file(tar: tarfile.TarFile, name: str) -> Any:
    member = tar.extractfile(name)
    assert member is not None
    return member


@pytest.fixture(scope="module")
def content(image: Path) -> set[str]:
    """Every path."""
    return config_and_names(image)[1]


def test_its_command_is_the_operators(image: Path) -> None:
    config = config_and_names(image)[0]["config"]
    assert (config["Entrypoint"], config["Cmd"], config["User"]) == (
        ["imagestore"],
        ["run", "--help"],
        "65532:65532",
    )


def test_its_size_is_the_documented_one(image: Path) -> None:
    documented = re.search(r"takes (\d+) MB on a node", (ROOT / "docs" / "operations.md").read_text())
    assert documented
    assert image.stat().st_size / 1e6 == pytest.approx(int(documented[1]), rel=0.1)


def test_nothing_is_in_it_that_only_a_build_needs(content: set[str]) -> None:
    names = {PurePosixPath(path).name for path in content}
    assert (
        names & {"pip", "pip3", "ensurepip", "python-wheels", "requirements-cli.lock", "pip.conf", "ca.crt"}
        == set()
    )
    for folder in ("/tmp", "/var/lib/apt/lists", "/var/cache/apt", "/var/log"):  # noqa: S108
        assert [path for path in content if path.startswith(f"{folder}/")] == []


def test_botocore_describes_only_what_is_spoken(content: set[str]) -> None:
    """STS turns the token of a pod (IRSA) into credentials."""
    services = re.compile(r"/opt/imagestore/lib/[^/]+/site-packages/botocore/data/([^/.]+)")
    assert {found[1] for path in content if (found := services.fullmatch(path))} == {"s3", "sts"}


def test_every_module_has_its_bytecode(content: set[str]) -> None:
    """A pod's root file system is read-only: what is not compiled here is compiled at each start."""
    modules = {path for path in content if re.match(r"/(opt/imagestore|usr)/lib/python3\.\d+/.*\.py$", path)}
    assert len(modules) > 1000
    compiled = {p for p in content if p.endswith(".pyc")}
    names = {re.sub(r"__pycache__/(.*)\.cpython-\d+\.pyc$", r"\1.py", path) for path in compiled}
    assert modules - names == set()


@pytest.fixture(scope="module")
def unpacked(image: Path, directory: Path) -> Path:
    """The image's files."""
    root = directory / "unpacked"
    with tarfile.open(image) as outer:
        (manifest,) = json.load(_file(outer, "manifest.json"))
        with tarfile.open(fileobj=_file(outer, manifest["Layers"][0])) as inner:
            inner.extractall(root, filter="fully_trusted")  # noqa: S202  we have built it
    return root


def test_the_compose_file_of_the_example_runs_it(unpacked: Path, store: Store, directory: Path) -> None:
    """Its command, as its user, on what it mounts. The library that checks the rules of the schema was not in the image."""
    folder = examples.FOLDER / "11-without-kubernetes"
    service = yaml.safe_load((folder / "compose.yml").read_text())["services"]["imagestore"]
    assert service["image"] == local()
    (user,) = re.findall(r":-([0-9:]+)\}", service["user"])
    for place in ("manifests", "state", "run/secrets"):
        (unpacked / place).mkdir(parents=True, exist_ok=True)
    for name in ("backend.yaml", "bucket.yaml"):
        text = (folder / name).read_text().replace("http://nas.example:8333", store.endpoint)
        (unpacked / "manifests" / name).write_text(text)
    keys = unpacked / "run/secrets/keys"
    keys.write_text(f"nas: {{accessKeyId: {store.access_key}, secretAccessKey: {store.secret_key}}}\n")
    for mine in (keys, unpacked / "state"):
        subprocess.run(["chown", user, mine], check=True)
    keys.chmod(0o600)
    words = [word.replace("0.0.0.0:8080", f"127.0.0.1:{free_port()}") for word in service["command"]]
    path = {"PATH": "/opt/imagestore/bin:/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp"}  # noqa: S108
    discard(store.s3(), "home--photos")
    log = directory / "compose.log"
    with log.open("w") as said:
        command = [CHROOT, f"--userspec={user}", str(unpacked), "imagestore", *words]
        process = subprocess.Popen(command, stdout=said, stderr=said, env=path)
    try:
        eventually(lambda: "home--photos was created" in log.read_text(), 60, log.read_text)
        kept = yaml.safe_load((unpacked / "state/imagebuckets/home/photos.yaml").read_text())
        assert kept["metadata"]["name"] == "photos"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()
        store.s3().delete_bucket(Bucket="home--photos")
