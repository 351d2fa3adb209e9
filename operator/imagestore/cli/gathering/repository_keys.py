"""The keys of repositories, for Secrets that objects name: from the file with credentials, the environment, or manifests."""

from collections.abc import Mapping
from dataclasses import dataclass

from imagestore.cli.gathering.credentials import CredentialSources, SecretOf, bytes_of, variable

_VARIABLES = {"key": "KEY", "passphrase": "PASSPHRASE", "recoveryKey": "RECOVERY_KEY"}


@dataclass(frozen=True)
class RepositoryKeys:
    """``manifests``: the Secrets, by namespace (empty: that of whatever names them) and name."""

    sources: CredentialSources
    manifests: Mapping[tuple[str, str], SecretOf]

    def __call__(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        """The data of a Secret from the first source that has it; None: none has."""
        given = self.sources.file.get(name) or self._from_environment(name)
        if given:
            return {key: value.encode() for key, value in given.items()}
        held = self.manifests.get((namespace, name)) or self.manifests.get(("", name))
        return None if held is None else bytes_of(held)

    def _from_environment(self, name: str) -> Mapping[str, str]:
        found = {
            key: self.sources.environment.get(f"{variable(name)}_{v}", "") for key, v in _VARIABLES.items()
        }
        return {key: value for key, value in found.items() if value}
