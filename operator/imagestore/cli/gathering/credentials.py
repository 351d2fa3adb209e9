"""Credentials for the stores: from a file, the environment, the manifests' Secrets, or the cluster's.

For each backend the first source that has them wins. Credentials are never printed: messages name the sources.
"""

import base64
import binascii
import configparser
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from imagestore.api.providers import PROVIDERS, SecretKeys
from imagestore.cli.errors import CommandError

Values = Mapping[str, str]
SecretOf = Mapping[str, Any]

_ALL_KEYS = {k: None for r in PROVIDERS.values() for k in (*r.credentials.required, *r.credentials.optional)}


def _word(key: str) -> str:
    """``accessKeyId`` is ``ACCESS_KEY_ID``."""
    return re.sub(r"(?=[A-Z])", "_", key).upper()


@dataclass(frozen=True)
class CredentialSources:
    """The sources of credentials. ``file`` is by ``<backend>`` or ``<backend>.admin``."""

    file: Mapping[str, Values] = field(default_factory=dict, repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, SecretOf] = field(default_factory=dict, repr=False)  # by the Secret's name
    warnings: tuple[str, ...] = ()

    def keys(self, backend: str, secret: str, needed: SecretKeys, part: str = "") -> Values | None:
        """All that ``needed`` requires, and optionally more. ``part``: ``admin`` for the credentials of the admin API."""
        name = f"{backend}.{part}" if part else backend
        for found in (self.file.get(name), self._from_environment(name, needed), self._from_secret(secret)):
            if found and all(found.get(k) for k in needed.required):
                return found
        return None

    def authority(self, backend: str, secret: str) -> bytes | None:
        """The certificates to trust: a file named by IMAGESTORE_<BACKEND>_CA_FILE, or the Secret's ca.crt."""
        path = self.environment.get(self.ca_variable(backend)) or self.file.get(backend, {}).get("caFile")
        if path:
            return Path(path).read_bytes()
        held = self._from_secret(secret)
        return held["ca.crt"].encode() if held and "ca.crt" in held else None

    def ca_variable(self, backend: str) -> str:
        """The environment variable that names a file with certificates."""
        return f"{variable(backend)}_CA_FILE"

    def missing(self, backend: str, secret: str, needed: SecretKeys, part: str = "") -> str:
        """What to give, for the error on missing credentials. Names what is missing where a source has half of a pair."""
        name = f"{backend}.{part}" if part else backend
        keys = needed.required
        variables = {k: self._variable(name, k) for k in keys}
        halves = (
            (f"--credentials FILE ({name})", self.file.get(name), {k: k for k in keys}),
            ("the environment", self._from_environment(name, needed), variables),
            (f"the Secret {secret}", self._from_secret(secret), {k: k for k in keys}),
        )
        for place, found, called in halves:
            if found and (lacking := [called[k] for k in keys if not found.get(k)]):
                return f"{' and '.join(lacking)}, which {place} lacks"
        pair = " and ".join(variables.values())
        return f"--credentials FILE ({name}), {pair}, or a manifest of the Secret {secret}"

    def _variable(self, name: str, key: str) -> str:
        return f"{variable(name)}_{_word(key)}"

    def _from_environment(self, name: str, needed: SecretKeys) -> Values:
        keys = (*needed.required, *needed.optional)
        found = {key: self.environment.get(self._variable(name, key)) for key in keys}
        return {key: value for key, value in found.items() if value}

    def _from_secret(self, name: str) -> Values | None:
        secret = self.secrets.get(name)
        return None if secret is None else contents(secret)


def variable(backend: str) -> str:
    """``eu-west.1`` is ``IMAGESTORE_EU_WEST_1``."""
    return "IMAGESTORE_" + re.sub(r"[^A-Z0-9]", "_", backend.upper())


def contents(secret: SecretOf) -> Values:
    """The decoded values of a Secret. A value that SOPS encrypted counts as absent."""
    plain = {k: v for k, v in (secret.get("stringData") or {}).items() if isinstance(v, str)}
    coded = {k: _decoded(v) for k, v in (secret.get("data") or {}).items() if isinstance(v, str)}
    both = {**coded, **plain}
    return {k: v for k, v in both.items() if v is not None and not v.startswith("ENC[")}


def bytes_of(secret: SecretOf) -> dict[str, bytes]:
    """The values of a Secret, which need not be text. A value that SOPS encrypted counts as absent."""
    plain = {k: v.encode() for k, v in (secret.get("stringData") or {}).items() if isinstance(v, str)}
    coded = {k: _bytes(v) for k, v in (secret.get("data") or {}).items() if isinstance(v, str)}
    both = {**coded, **plain}
    return {k: v for k, v in both.items() if v is not None and not v.startswith(b"ENC[")}


def _decoded(text: str) -> str | None:
    found = _bytes(text)
    try:
        return None if found is None else found.decode()
    except UnicodeDecodeError:
        return None


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def credential_sources(
    path: str | None, environment: Mapping[str, str], secrets: Mapping[str, SecretOf]
) -> CredentialSources:
    """The sources of one run. Raises CommandError if the file cannot be read."""
    if path is None:
        return CredentialSources({}, environment, secrets)
    file = Path(path)
    try:
        text, mode = file.read_text(encoding="utf-8"), file.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(
            f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}"
        ) from None
    loose = os.name == "posix" and mode & 0o077
    warning = f"{path}: other users of this machine can read it; run: chmod 600 {path}"
    return CredentialSources(_file(text, path), environment, secrets, (warning,) if loose else ())


def _file(text: str, path: str) -> dict[str, Values]:
    ini = re.search(r"^\s*\[", text, re.MULTILINE) is not None
    try:
        found = _ini(text) if ini else _yaml(text)
    except (configparser.Error, yaml.YAMLError, AttributeError, TypeError, ValueError):
        # The parser's own message would quote the line, and the line may hold a key.
        raise CommandError(
            f"{path}: must be YAML ({{eu: {{accessKeyId: …}}}}) or INI ([eu] accessKeyId = …)"
        ) from None
    return {name: _spelled(values) for name, values in found.items()}


def _ini(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections()}


def _yaml(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    # Every value is the text that stands there: a key of digits is no number.
    for name, values in dict(yaml.load(text, yaml.BaseLoader) or {}).items():  # noqa: S506  strings, lists, mappings only
        found[str(name)] = {k: str(v) for k, v in values.items() if not isinstance(v, Mapping)}
        if "admin" in values:
            found[f"{name}.admin"] = {k: str(v) for k, v in values["admin"].items()}
    return found


def _spelled(values: Mapping[str, str]) -> dict[str, str]:
    """Accept ``aws_access_key_id`` and ``ACCESS_KEY_ID`` for ``accessKeyId``, as other tools write them."""
    known = {_folded(k): k for k in (*_ALL_KEYS, "caFile")}
    return {known.get(_folded(k), k): v for k, v in values.items()}


def _folded(key: str) -> str:
    return re.sub(r"[^a-z]", "", key.lower()).removeprefix("aws")
