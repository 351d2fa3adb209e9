"""Where credentials come from, and that they never show."""

import base64
from argparse import Namespace
from pathlib import Path

import pytest

from imagestore.api.providers import S3_KEYS
from imagestore.cli.errors import CommandError
from imagestore.cli.gathering.credentials import CredentialSources, credential_sources
from imagestore.cli.gathering.inputs import gather_inputs

KEYS = {"accessKeyId": "id", "secretAccessKey": "s3cr3t"}


def _file(tmp_path: Path, text: str, mode: int = 0o600) -> str:
    path = tmp_path / "keys"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize(
    "text",
    [
        "eu: {accessKeyId: id, secretAccessKey: s3cr3t}",
        "[eu]\naccessKeyId = id\nsecretAccessKey = s3cr3t",
        "[eu]\naws_access_key_id = id\naws_secret_access_key = s3cr3t",
    ],
    ids=["yaml", "ini", "as AWS spells them"],
)
def test_a_file_of_either_form(text: str, tmp_path: Path) -> None:
    held = credential_sources(_file(tmp_path, text), {}, {})
    assert held.keys("eu", "x", S3_KEYS) == KEYS
    assert held.keys("us", "x", S3_KEYS) is None
    assert not held.warnings


def test_a_key_of_digits_is_the_text_that_stands_there(tmp_path: Path) -> None:
    held = credential_sources(_file(tmp_path, "eu: {accessKeyId: 0123, secretAccessKey: 1e10}"), {}, {})
    assert held.keys("eu", "x", S3_KEYS) == {"accessKeyId": "0123", "secretAccessKey": "1e10"}


def test_the_admin_apis_own_keys(tmp_path: Path) -> None:
    held = credential_sources(
        _file(tmp_path, "eu: {admin: {accessKeyId: id, secretAccessKey: s3cr3t}}"), {}, {}
    )
    assert held.keys("eu", "x", S3_KEYS, "admin") == KEYS
    assert held.keys("eu", "x", S3_KEYS) is None


@pytest.mark.parametrize(
    ("file", "environment", "secret", "said"),
    [
        ("{}", {"IMAGESTORE_EU_1_ACCESS_KEY_ID": "x"}, {},
         "IMAGESTORE_EU_1_SECRET_ACCESS_KEY, which the environment lacks"),
        ("{}", {"IMAGESTORE_EU_1_SECRET_ACCESS_KEY": "x"}, {},
         "IMAGESTORE_EU_1_ACCESS_KEY_ID, which the environment lacks"),
        ("eu-1: {accessKeyId: x}", {}, {}, "secretAccessKey, which --credentials FILE (eu-1) lacks"),
        ("{}", {}, {"stringData": {"accessKeyId": "x", "secret": "y"}}, "secretAccessKey, which the Secret keys lacks"),
        ("{}", {}, {"data": {"password": "eA=="}}, "accessKeyId and secretAccessKey, which the Secret keys lacks"),
        ("{}", {}, {}, "--credentials FILE (eu-1), IMAGESTORE_EU_1_ACCESS_KEY_ID and IMAGESTORE_EU_1_SECRET_ACCESS_KEY,"
         " or a manifest of the Secret keys"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(
    file: str, environment: dict[str, str], secret: dict[str, object], said: str, tmp_path: Path
) -> None:
    """The variable that was set was asked for, and the one that was missing not."""
    held = credential_sources(_file(tmp_path, file), environment, {"keys": secret} if secret else {})
    assert held.keys("eu-1", "keys", S3_KEYS) is None
    assert held.missing("eu-1", "keys", S3_KEYS) == said


def test_a_file_that_others_may_read_is_warned_of(tmp_path: Path) -> None:
    held = credential_sources(_file(tmp_path, "eu: {}", 0o644), {}, {})
    assert "chmod 600" in held.warnings[0]


def test_the_file_wins_over_the_environment_and_that_over_secrets(tmp_path: Path) -> None:
    secret = {"data": {k: base64.b64encode(f"{v}-of-secret".encode()).decode() for k, v in KEYS.items()}}
    environment = {"IMAGESTORE_EU_1_ACCESS_KEY_ID": "e", "IMAGESTORE_EU_1_SECRET_ACCESS_KEY": "f"}
    file = _file(tmp_path, "eu-1: {accessKeyId: id, secretAccessKey: s3cr3t}")
    assert credential_sources(file, environment, {"eu": secret}).keys("eu-1", "eu", S3_KEYS) == KEYS
    from_environment = credential_sources(None, environment, {"eu": secret}).keys("eu-1", "eu", S3_KEYS)
    assert from_environment == {"accessKeyId": "e", "secretAccessKey": "f"}
    from_secret = credential_sources(None, {}, {"eu": secret}).keys("eu-1", "eu", S3_KEYS)
    assert from_secret == {k: f"{v}-of-secret" for k, v in KEYS.items()}


def test_what_sops_has_encrypted_is_as_good_as_absent() -> None:
    secret = {"stringData": dict.fromkeys(KEYS, "ENC[AES256_GCM,data:x]")}
    assert CredentialSources(secrets={"eu": secret}).keys("eu", "eu", S3_KEYS) is None


@pytest.mark.parametrize("text", ["- s3cr3t", "eu: s3cr3t", "[eu\ns3cr3t", "{s3cr3t", "eu: [s3cr3t]"])
def test_a_file_that_is_neither_form_is_refused_without_quoting_it(text: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError) as raised:
        credential_sources(_file(tmp_path, text), {}, {})
    assert "must be YAML" in str(raised.value)
    assert "s3cr3t" not in str(raised.value)


def test_keys_never_show_in_a_representation(tmp_path: Path) -> None:
    held = credential_sources(
        _file(tmp_path, "eu: {accessKeyId: id, secretAccessKey: s3cr3t}"),
        {"X": "s3cr3t"},
        {"a": {"stringData": {"b": "s3cr3t"}}},
    )
    assert "s3cr3t" not in repr(held)


def test_a_secret_of_the_same_name_in_another_namespace_is_anothers(tmp_path: Path) -> None:
    def secret(namespace: str, key: str) -> str:
        keys = f"{{accessKeyId: {key}, secretAccessKey: {key}}}"
        return f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: eu, namespace: {namespace}}}\nstringData: {keys}\n"

    (tmp_path / "secrets.yaml").write_text(secret("ops", "ours") + secret("shop", "theirs"))
    args = Namespace(
        files=[str(tmp_path)], namespace="default", operator_namespace="ops", offline=True, credentials=None
    )
    held = gather_inputs(args, {}).stores.sources.keys("eu", "eu", S3_KEYS)
    assert held == {"accessKeyId": "ours", "secretAccessKey": "ours"}
