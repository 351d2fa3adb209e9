"""The ends that a command which moves objects is told."""

from pathlib import Path

import pytest

from imagestore.cli.errors import CommandError
from imagestore.cli.moving.ends import gather
from imagestore.cli.parser import command_line
from imagestore.transfer.job import TransferEnd

STORE = """
apiVersion: imagestore.dev/v1alpha1
kind: StorageBackend
metadata: {name: a}
spec:
  provider: MinIO
  s3: {endpoint: "http://127.0.0.1:9000", region: us-east-1}
  credentials: {secretRef: {name: a}}
"""


def test_both_ends_in_one_store_share_its_connection_and_with_it_its_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGESTORE_A_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("IMAGESTORE_A_SECRET_ACCESS_KEY", "something")
    source, destination = ends(tmp_path)
    assert source.store is destination.store


def test_without_its_credentials_a_store_is_not_connected(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no credentials for a: give"):
        ends(tmp_path)


def ends(folder: Path) -> tuple[TransferEnd, ...]:
    file = folder / "store.yaml"
    file.write_text(STORE)
    args = command_line().parse_args(["transfer", "diff", "a/one", "a/two", "-f", str(file), "--offline"])
    return gather(args, args.source, args.destination)
