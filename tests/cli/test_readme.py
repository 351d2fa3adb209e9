"""The manifest of the README, as it stands: planned by the command line and made by the operator's reconcile, on every store."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.stores import Store
from tests.cli.world import PROVIDERS, backend, imagestore, write
from tests.faults.proxy import proxied
from tests.faults.world import make

README = (Path(__file__).parents[2] / "README.md").read_text()
MANIFEST = next(t for t in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "kind: ImageBucket" in t)


@pytest.fixture(params=PROVIDERS)
def store(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{request.param}_store")


def test_it_works_as_it_stands(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its rule aborted unfinished uploads, which MinIO drops: the first manifest that a user tried was Unsupported."""
    write(tmp_path, backend(store).replace("name: eu}", "name: cdn-origin}", 1) + MANIFEST)
    planned = imagestore(capsys, "plan", "-f", tmp_path, "--offline")
    assert planned.code == 2, planned.out
    assert "error" not in planned.out
    spec = yaml.safe_load(MANIFEST)["spec"]
    with proxied(store.endpoint) as proxy:
        world = make(store, proxy).apply(**{**spec, "bucketName": f"shop--readme-{store.provider.lower()}"})
        world.bucket_name = world.spec["bucketName"]
        world.recover()
        assert world.ready == ("True", "InSync")
        assert world.differences() == []
