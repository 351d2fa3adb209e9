"""Everything a command works on, gathered as its options say."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from imagestore.cli.gathering.clusterstate import OFFLINE, ClusterState, known_backends
from imagestore.cli.gathering.credentials import credential_sources
from imagestore.cli.gathering.stores import StoreConnections
from imagestore.cli.manifests.load import Manifests, load


@dataclass(frozen=True)
class CommandInputs:
    """``notes`` tell what is unknown, and which credentials file other users can read."""

    manifests: Manifests
    cluster: ClusterState
    stores: StoreConnections
    notes: tuple[str, ...]

    @property
    def notes_on_files(self) -> tuple[str, ...]:
        """The notes without those on the cluster, for a command that needs no status of an ImageBucket."""
        return tuple(note for note in self.notes if not note.startswith(OFFLINE))


def gather_inputs(
    args: argparse.Namespace, environment: Mapping[str, str], backends: tuple[str, ...] = ()
) -> CommandInputs:
    """Read manifests, cluster and credentials. ``backends``: names that are needed besides those in ImageBuckets.

    Raises CommandError.
    """

    def ask(manifests: Manifests) -> ClusterState:
        return ClusterState(offline=True) if args.offline else _snapshot(args, manifests, backends)

    return gather_with(args, environment, ask)


def gather_with(
    args: argparse.Namespace, environment: Mapping[str, str], ask: Callable[[Manifests], ClusterState]
) -> CommandInputs:
    """Read manifests and credentials. ``ask``: what is known besides these manifests. Raises CommandError."""
    manifests = load(args.files, args.namespace)
    cluster = ask(manifests)
    secrets = {**cluster.secrets, **operators_secrets(manifests, args.operator_namespace)}
    held = credential_sources(args.credentials, environment, secrets)
    stores = StoreConnections(known_backends(manifests, cluster), held)
    unknown = cluster.notes or ((OFFLINE,) if cluster.offline else ())
    return CommandInputs(manifests, cluster, stores, (*manifests.notes, *held.warnings, *unknown))


def operators_secrets(manifests: Manifests, namespace: str) -> dict[str, dict[str, Any]]:
    """The Secrets of the operator's namespace, or of none. One of the same name in another namespace is not meant."""
    return {name: value for (where, name), value in manifests.secrets.items() if where in ("", namespace)}


def _snapshot(args: argparse.Namespace, manifests: Manifests, backends: tuple[str, ...]) -> ClusterState:
    from imagestore.cli.gathering.cluster import snapshot

    return snapshot(args.context, args.operator_namespace, manifests, backends)
