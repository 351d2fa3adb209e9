"""Where the key of a repository comes from, and what of a Secret is one."""

import base64

import pytest

from imagestore.cli.gathering.credentials import CredentialSources
from imagestore.cli.gathering.repository_keys import RepositoryKeys
from imagestore.controller.keys import SecretUnread, opening_secret_of
from imagestore.core.reasons import Reason
from imagestore.repository.format.slots import OpeningSecret, SlotKind, recovery_text

KEY = b"0123456789abcdef"
BINARY = bytes(range(240, 256))


def test_a_file_goes_before_the_environment_and_that_before_a_manifest() -> None:
    coded = {"data": {"key": base64.b64encode(BINARY).decode()}}
    manifests = {("shop", "backup-key"): coded, ("", "open"): {"stringData": {"passphrase": "long words"}}}
    assert RepositoryKeys(CredentialSources(), manifests)("shop", "backup-key") == {"key": BINARY}
    assert RepositoryKeys(CredentialSources(), manifests)("press", "backup-key") is None
    assert RepositoryKeys(CredentialSources(), manifests)("press", "open") == {"passphrase": b"long words"}
    environment = {"IMAGESTORE_BACKUP_KEY_KEY": "from the environment"}
    assert RepositoryKeys(CredentialSources({}, environment), manifests)("shop", "backup-key") == {
        "key": b"from the environment"
    }
    file = {"backup-key": {"recoveryKey": "from a file"}}
    assert RepositoryKeys(CredentialSources(file, environment), manifests)("shop", "backup-key") == {
        "recoveryKey": b"from a file"
    }


def test_a_secret_has_one_key() -> None:
    recovery = recovery_text(b"r" * 32).encode()
    assert opening_secret_of("k", {"key": KEY + b"\n", "other": b"x"}) == OpeningSecret(SlotKind.SECRET, KEY)
    assert opening_secret_of("k", {"passphrase": b"word"}) == OpeningSecret(SlotKind.PASSPHRASE, b"word")
    assert opening_secret_of("k", {"recoveryKey": recovery}) == OpeningSecret(SlotKind.RECOVERY, b"r" * 32)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({}, "the Secret k must have one of the keys key, passphrase, recoveryKey, and has none of them"),
        ({"key": KEY, "passphrase": b"word"}, "and has key and passphrase"),
        ({"key": b"stub!"}, "key in the Secret k is shorter than 16 bytes"),
        ({"recoveryKey": b"ISR1-AAAA"}, "recoveryKey in the Secret k has a typing error"),
    ],
)
def test_what_is_no_key_is_told_without_it(data: dict[str, bytes], says: str) -> None:
    with pytest.raises(SecretUnread, match=says) as told:
        opening_secret_of("k", data)
    assert told.value.reason == Reason.SECRET_UNUSABLE
    assert not any(value.decode() in str(told.value) for value in data.values() if len(value) > 4)
