"""The example without a cluster: its manifests on a real store, and its commands as the parser takes them."""

import shlex
from pathlib import Path

import pytest
import yaml

from dev import examples
from dev.stores import Store
from imagestore.cli.parser import command_line
from tests.cli.world import imagestore

FOLDER = examples.FOLDER / "11-without-kubernetes"


def test_the_manifests(tmp_path: Path, seaweedfs_store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "all.yaml").write_text(examples.text(examples.manifests(FOLDER.name, {"nas": seaweedfs_store})))
    said = imagestore(capsys, "apply", "-f", tmp_path, "--installation", "home")
    assert said.code == 0, said
    found = seaweedfs_store.s3().get_bucket_tagging(Bucket="home--photos")["TagSet"]
    assert {t["Key"]: t["Value"] for t in found} == {
        "owner": "family",
        "imagestore.dev/owner": "home/home/photos",
    }


def commands() -> dict[str, str]:
    """The command line of each way to run it."""
    unit = (FOLDER / "imagestore.service").read_text()
    compose = yaml.safe_load((FOLDER / "compose.yml").read_text())
    return {
        "systemd": next(line for line in unit.splitlines() if line.startswith("ExecStart=")),
        "compose": compose["services"]["imagestore"]["command"][-1],
    }


@pytest.mark.parametrize("how", ["systemd", "compose"])
def test_the_commands(how: str) -> None:
    words = shlex.split(commands()[how])
    args = command_line().parse_args(words[words.index("apply") :])
    assert (args.watch, args.installation) == (True, "home")
    assert args.state not in args.files
    assert args.listen
