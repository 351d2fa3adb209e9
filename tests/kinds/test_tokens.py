"""A token is copied into a manifest as it is shown."""

import re

import yaml

from imagestore.kinds.parts.tokens import approval_token

# What the API server's parser takes for a number. PyYAML knows no number like 12e4567890.
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0[xob][0-9a-f]+")


def test_a_token_needs_no_quotes_in_a_manifest() -> None:
    """The demo met one that had only digits: `spec.approve[0]: must be a string; put it in quotes`."""
    tokens = [approval_token() for _ in range(1000)]
    assert [t for t in tokens if _NUMBER.fullmatch(t) or yaml.safe_load(f"[{t}]") != [t]] == []
    assert len(set(tokens)) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{10}", t) for t in tokens)
