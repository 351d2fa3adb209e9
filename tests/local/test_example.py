"""The example without a cluster: its commands as the parser takes them. tests/examples applies its manifests."""

import shlex

import pytest
import yaml

from dev import examples
from imagestore.cli.parser import command_line

FOLDER = examples.FOLDER / "11-without-kubernetes"


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
