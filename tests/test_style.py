"""Words that docs/style.md keeps out of what users read."""

import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit  # it starts git, which is there wherever the repository is
ROOT = Path(__file__).resolve().parents[1]
READ_BY_USERS = ("README.md", "CONTRIBUTING.md", "docs/", "charts/", "crds/", "examples/")
NOT_CHECKED = ("docs/style.md", "docs/benchmarks/")  # names the words; measured data
WORDS = re.compile(
    r"\b(somebody|nobody|anybody|everybody|whoever|whosoever|nowhere|somewhere|stranger\w*|wish\w*|deeds?)\b",
    re.IGNORECASE,
)
CODE = re.compile(r"`[^`\n]*`")  # a name may be what it is, such as one that the changelog says was renamed


def _read_by_users() -> dict[str, str]:
    names = subprocess.run(
        ["git", "ls-files", *READ_BY_USERS], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    texts = {n: (ROOT / n).read_bytes() for n in names if not n.startswith(NOT_CHECKED)}
    return {n: CODE.sub("", t.decode()) for n, t in texts.items() if b"\0" not in t[:8000]}


def test_what_users_read_uses_plain_words() -> None:
    found = {name: words for name, text in _read_by_users().items() if (words := WORDS.findall(text))}
    assert found == {}, "docs/style.md says which words to use instead"
